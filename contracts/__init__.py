"""Events, topics and codes: everything that services and partners say to each other. Imports msgspec only."""
