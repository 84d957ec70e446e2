"""`yimen backup` and `yimen restore`: one consistent picture of all services, and the way back from it."""
