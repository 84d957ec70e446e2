"""Business time: the machine's clock, or a simulated one that is the same in every process."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, Self

FIRST: Final = datetime(1950, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""The calendar knows the days between, and simulated time that runs for too long stands still at its end."""
LONGEST_SECONDS: Final = 100 * 366 * 86400.0


class TimeSettings(Protocol):
    """What the clock wants to know; the runtime's settings have it."""

    @property
    def time_speed(self) -> float: ...
    @property
    def time_origin(self) -> datetime | None: ...
    @property
    def time_anchor(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """`origin` is the business time at the real moment `anchor`; from there it runs `speed` times as fast."""

    speed: float = 1.0
    origin: datetime | None = None
    anchor: datetime | None = None

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError("time speed must be greater than zero")
        if self.anchor is None and (self.speed != 1.0 or self.origin is not None):
            # Without a shared anchor every process would invent its own time.
            raise ValueError("simulated time needs an anchor: the real moment at which it starts")
        for moment in (self.origin, self.anchor):
            if moment is not None and moment.tzinfo is None:
                raise ValueError("origin and anchor need an offset")

    @classmethod
    def of(cls, settings: TimeSettings) -> Self:
        return cls(speed=settings.time_speed, origin=settings.time_origin, anchor=settings.time_anchor)

    def now(self) -> datetime:
        return self.at(datetime.now(UTC))

    def at(self, real: datetime) -> datetime:
        """The business time of a real moment, for example of a record's receipt; within what can be counted with."""
        if self.anchor is None:
            return min(max(real, FIRST), LAST).astimezone(UTC)
        origin = self.origin if self.origin is not None else self.anchor
        seconds = (real - self.anchor).total_seconds() * self.speed
        earliest, latest = ((end - origin).total_seconds() for end in (FIRST, LAST))
        if not earliest < seconds < latest:
            return FIRST if seconds <= earliest else LAST
        return (origin + (real - self.anchor) * self.speed).astimezone(UTC)

    def real(self, moment: datetime) -> datetime:
        """The real moment of a business time."""
        if self.anchor is None:
            return moment.astimezone(UTC)
        origin = self.origin if self.origin is not None else self.anchor
        return (self.anchor + (moment - origin) / self.speed).astimezone(UTC)

    def span(self, seconds: float) -> timedelta:
        """How much business time passes in so many seconds of the real world."""
        return timedelta(seconds=min(seconds * self.speed, LONGEST_SECONDS))

    def real_seconds(self, span: timedelta) -> float:
        """How long a span of business time takes in the real world."""
        return span.total_seconds() / self.speed
