"""PostgreSQL and Kafka brokers as child processes on loopback, for `yimen up` and for the tests."""
