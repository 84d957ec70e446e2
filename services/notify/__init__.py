"""Notify watches every clock, tracks feedback and shows the board."""
