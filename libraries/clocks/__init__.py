"""Running legal clocks: their state and moves, their rows, their recount, and why each date is what it is."""
