"""`python -m services.intake`: the intake service as a process."""

from libraries.runtime.process import main
from services.intake.app import build

main(build)
