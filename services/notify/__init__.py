"""Notify timers every clock, tracks feedback and shows the board."""
