"""`yimen partner`: who connects to this installation, as what, and by which secrets."""
