"""Kafka: records read, understood, applied once, set aside where they cannot be; and how far that has come."""
