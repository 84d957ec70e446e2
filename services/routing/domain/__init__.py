"""Who handles what, and how far it is: pure rules over frozen values."""
