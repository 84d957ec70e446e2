"""The area tree in codes of 12 digits: each level adds digits to the one above, zeros fill the rest."""

LEVELS = (2, 4, 6, 9, 12)
DIGITS = 12


def digits_of(area: str) -> int:
    """How many digits say something: those of the shortest level that the rest of zeros allows."""
    full = area.ljust(DIGITS, "0")
    return next(level for level in LEVELS if set(full[level:]) <= {"0"})


def prefix(area: str) -> str:
    """What the codes of the area and of all below it begin with; empty for the whole installation."""
    return area[: digits_of(area)] if area else ""


def digits_below(area: str) -> int:
    """How many digits tell the parts of the area from each other."""
    own = digits_of(area) if area else 0
    return next((level for level in LEVELS if level > own), DIGITS)


def whole(part: str) -> str:
    """The full code of a prefix."""
    return part.ljust(DIGITS, "0")
