"""The audit: who changed and who read what, on record in the same transaction, chained and signed afterwards."""
