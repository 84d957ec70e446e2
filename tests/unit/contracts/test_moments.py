"""Every event has one moment at which it became true, whatever other moments it tells."""

from datetime import UTC, datetime

import pytest

from contracts.events import EVENTS, CaseBound
from contracts.events.base import moment_of
from contracts.render.examples import example

MOMENT = datetime(2020, 2, 2, tzinfo=UTC)
"""No example has it."""
AMONG_OTHERS = {
    "case.registered": "registered_at",
    "clock.breached": "fired_at",
    "clock.cleared": "fired_at",
    "clock.due": "fired_at",
    "clock.due_soon": "fired_at",
    "clock.recalculated": "recalculated_at",
    "routing.reclassified": "reclassified_at",
}
"""Of events that tell of more moments than their own, and do not call it `at`."""


@pytest.mark.parametrize(
    "kind", [kind for kind in EVENTS.values() if issubclass(kind, CaseBound)], ids=lambda kind: kind.TYPE
)
def test_the_moment_of_an_event_is_its_own(kind: type[CaseBound]) -> None:
    moments = [name for name in kind.__struct_fields__ if name == "at" or name.endswith("_at")]
    own = moments[0] if len(moments) == 1 else AMONG_OTHERS.get(kind.TYPE, "at")
    event = example(kind)
    values = {name: getattr(event, name) for name in kind.__struct_fields__} | {own: MOMENT}
    assert moment_of(kind(**values)) == MOMENT
