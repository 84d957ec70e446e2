"""Kafka: records read, understood, applied once, or kept as dead letters; and how far that has come."""
