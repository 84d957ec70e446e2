"""What a transaction says, and how it comes to Kafka: a journal that is the outbox, and the relay that sends it."""
