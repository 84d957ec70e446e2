"""`python -m services.notify`: the notify service as a process."""

from services.notify.app import build
from services.runtime.process import main

main(build)
