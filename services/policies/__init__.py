"""Policy packs: loading, checking and reading the rules of a place. Nothing here knows Kafka or PostgreSQL."""
