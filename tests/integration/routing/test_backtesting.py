"""Past cases are read as they were decided, with the clock of their lead."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from console.backtesting import backtest, read_past
from libraries.policies import load_policy
from tests.integration.routing.test_routing import NOW, Routing, an_accepted_case, routing  # noqa: F401 -- a fixture
from tests.unit.routing.builders import EDUCATION, PACK


async def test_past_cases_are_read_with_their_clocks_and_compared(routing: Routing, database: str) -> None:  # noqa: F811 -- the fixture
    await routing.consumes(
        an_accepted_case(), an_accepted_case("civil_affairs.temporary_aid", attributes={"urgent": True})
    )
    target: Any = SimpleNamespace(settings=SimpleNamespace(database_url=database))
    past = await read_past(target, NOW - timedelta(days=1))
    assert {(one.lead, one.matter.attributes.get("urgent")) for one in past} == {
        (EDUCATION, None),
        ("township-130722100000", True),
    }
    assert all(one.clock is not None for one in past)
    policy = load_policy(PACK)
    found = backtest(past, policy, policy, NOW)
    assert (found.cases, found.other_office, found.earlier, found.later) == (2, 0, 0, 0)
    assert await read_past(target, NOW + timedelta(days=1)) == []
