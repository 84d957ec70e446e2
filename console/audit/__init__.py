"""`yimen audit`: who changed and who read what, and whether that record is whole."""
