"""Bars over months: where each of them stands in a picture, so that a template only has to draw it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

WIDTH: Final = 480
HEIGHT: Final = 190
LEFT: Final = 44
TOP: Final = 22
BOTTOM: Final = 24
BAR_SHARE: Final = 0.62
"""Of the room that a month has."""
LINES: Final = 4
MOST_LABELS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What one month has: nothing where there was nothing to judge by."""

    label: str
    value: float | None
    shown: str
    """The value as people write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    label: str
    """Empty where there is no room for it."""
    shown: str
    x: float
    y: float
    width: float
    height: float
    middle: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    bars: Sequence[Bar]
    lines: Sequence[tuple[float, float]]
    """Height in the picture, and the value there."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    ground: int = HEIGHT - BOTTOM

    @property
    def empty(self) -> bool:
        return not any(bar.shown for bar in self.bars)


def months_before(last: date, number: int) -> list[date]:
    """First days of so many months up to the one of `last`, the oldest first."""
    index = last.year * 12 + last.month - 1
    return [date(one // 12, one % 12 + 1, 1) for one in range(index - number + 1, index + 1)]


def month_after(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def chart(points: Sequence[Point], *, most: float | None = None) -> Chart:
    """With a scale that ends at `most`, or at a round number above the largest value."""
    highest = most if most is not None else round_above(max((one.value or 0.0 for one in points), default=0.0))
    room = (WIDTH - LEFT) / max(1, len(points))
    ground, tall = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    every = math.ceil(len(points) / MOST_LABELS)
    bars = []
    for number, one in enumerate(points):
        height = tall * min(one.value or 0.0, highest) / highest
        from_last = len(points) - 1 - number
        bars.append(
            Bar(
                label=one.label if from_last % every == 0 else "",
                shown=one.shown if one.value is not None else "",
                x=round(LEFT + room * (number + (1 - BAR_SHARE) / 2), 1),
                y=round(ground - height, 1),
                width=round(room * BAR_SHARE, 1),
                height=round(height, 1),
                middle=round(LEFT + room * (number + 0.5), 1),
            )
        )
    lines = [(round(ground - tall * part / LINES, 1), highest * part / LINES) for part in range(LINES + 1)]
    return Chart(bars=bars, lines=lines)


def round_above(value: float) -> float:
    """1, 2, 4, 8 or 10 times a power of ten: four lines divide each of them as people count."""
    if value <= LINES:
        return float(LINES)
    power = 10.0 ** math.floor(math.log10(value))
    step = next(one for one in (1.0, 2.0, 4.0, 8.0, 10.0) if value <= one * power * (1 + 1e-9))
    return step * power
