"""The figures that people look at."""
