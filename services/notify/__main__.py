"""`python -m services.notify`: the notify service as a process."""

from libraries.runtime.process import main
from services.notify.app import build

main(build)
