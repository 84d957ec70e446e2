"""The web face at one origin: accounts, sessions and pages; speaks to the services over their public HTTP alone."""
