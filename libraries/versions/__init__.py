"""Which policy is in force when: stored by each service, said by routing, and held by every process."""
