"""`python -m services.intake`: the intake service as a process."""

from services.intake.app import build
from services.runtime.process import main

main(build)
