"""How much of one sender may be refused before the others come first: a bucket that fills again by the second."""

from dataclasses import dataclass, field
from typing import Final

PER_SECOND: Final = 50.0
"""Refusing costs about as much as taking: of a few thousand a second the others lose a few hundredths by this."""
BURST: Final = 1000.0
"""A day's file that was written wrong is refused at once."""


@dataclass(slots=True)
class Budgets:
    """One for each topic, full at the beginning."""

    per_second: float = PER_SECOND
    burst: float = BURST
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    """What is left, and when that was so."""

    def spend(self, topic: str, number: int, now: float) -> float:
        """Seconds until it may go on; none while the budget lasts."""
        left, at = self._left.get(topic, (self.burst, now))
        left = min(self.burst, left + (now - at) * self.per_second) - number
        self._left[topic] = (left, now)
        return max(0.0, -left / self.per_second)
