"""One class per event; `EVENTS` finds it by the name it has on the wire."""

from contracts.events import alerts, cases, clocks, progress, referrals, rejections
from contracts.events.base import Actor, CaseBound, Event


def _leaves(cls: type[Event]) -> list[type[Event]]:
    below = [leaf for child in cls.__subclasses__() for leaf in _leaves(child)]
    return ([cls] if cls.TYPE else []) + below


EVENTS: dict[str, type[Event]] = dict(sorted((event.wire_type(), event) for event in _leaves(Event)))

__all__ = ["EVENTS", "Actor", "CaseBound", "Event", "alerts", "cases", "clocks", "progress", "referrals", "rejections"]
