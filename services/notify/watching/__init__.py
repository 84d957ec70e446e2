"""A timer per clock, and the alerts that follow from it."""
