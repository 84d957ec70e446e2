"""What the portal decides: pure rules over frozen values."""
