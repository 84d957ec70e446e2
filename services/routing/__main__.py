"""`python -m services.routing`: the routing service as a process."""

from services.routing.app import build
from services.runtime.process import main

main(build)
