"""Libraries of the services: they run nothing by themselves."""
