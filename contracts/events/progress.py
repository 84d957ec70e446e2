"""How far a service has come with its work, said to the other services alone."""

from datetime import datetime
from typing import ClassVar

from contracts.events.base import Event


class ProgressNoted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Whatever the service has to say of up to these moments stands on its topics already.

    The first moment is for what it decides by itself or is told by offices and people, the second also for what
    follows from the events of other services. Business time. Who reads this after everything that stood there before
    has missed nothing.
    """

    TYPE: ClassVar[str] = "progress.noted"
    service: str
    until: tuple[datetime, ...]
