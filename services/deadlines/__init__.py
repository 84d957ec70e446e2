"""Legal clocks as pure functions: working-day calendar, limits, due dates and their explanation. No I/O, no clock of its own."""
