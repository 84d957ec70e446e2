"""`python -m services.routing`: the routing service as a process."""

from libraries.runtime.process import main
from services.routing.app import build

main(build)
