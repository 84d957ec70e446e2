"""The escalation of late clocks (督办), level by level."""
