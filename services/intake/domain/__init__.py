"""The rules of registering and following a case. Pure: no I/O, no clock of its own."""
