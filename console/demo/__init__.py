"""`yimen demo`: a simulated city that comes in by the public doors only, HTTP and Kafka.

`plan` and what it is made of are pure: one seed says who submits what when and how each office behaves, before
anything starts. `clerks` and `offices` play the plan against a running installation, `ledger` records what its topics
say, and `tables` and `stories` tell it.
"""
