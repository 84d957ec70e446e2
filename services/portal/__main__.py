"""`python -m services.portal`: the portal as a process."""

from services.portal.app import main

main()
