"""Messages to people: what the matrix of the policy owes them, sent by e-mail and text message."""
