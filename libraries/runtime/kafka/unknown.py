"""Events of types that this version does not know: passed over, counted, and named once in the log."""

from collections.abc import Iterable
from typing import Final

import structlog

from contracts.cloudevents import WIRE_TYPE, Unknown
from libraries.runtime import metrics

MOST_TYPES: Final = 50
"""Told apart by one process; whoever writes to a topic must not fill the metrics with names."""
OTHERS: Final = "others"
STRANGE: Final = "strange"
"""Stands for what has not the form of a type of ours, and may hold anything."""

log = structlog.get_logger()
_named: set[tuple[str, str]] = set()


def count_unknown(service: str, reader: str, events: Iterable[object]) -> None:
    """Of the events of a batch those that are `Unknown`."""
    for event in events:
        if isinstance(event, Unknown):
            metrics.UNKNOWN.labels(service, reader, _label(service, reader, event)).inc()


def _label(service: str, reader: str, event: Unknown) -> str:
    name = event.type if WIRE_TYPE.match(event.type) else STRANGE
    if (reader, name) in _named:
        return name
    if len(_named) >= MOST_TYPES:
        return OTHERS
    _named.add((reader, name))
    case_id = str(event.place.case_id) if event.place is not None else None
    log.warning("event of an unknown type passed over", service=service, handler=reader, type=name, case_id=case_id)
    return name
