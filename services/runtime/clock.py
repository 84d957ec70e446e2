"""Business time: the machine's clock, or a simulated one that is the same in every process."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, Self


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
        """The business time of a real moment, for example of a Kafka record's timestamp."""
        if self.anchor is None:
            return real.astimezone(UTC)
        origin = self.origin if self.origin is not None else self.anchor
        return (origin + (real - self.anchor) * self.speed).astimezone(UTC)

    def real_seconds(self, span: timedelta) -> float:
        """How long a span of business time takes in the real world."""
        return span.total_seconds() / self.speed
