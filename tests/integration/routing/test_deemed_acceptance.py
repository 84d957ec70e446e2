"""Silence is acceptance for everybody: however many are silent, the oldest is not forgotten, and none is told twice."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from services.routing.silence import Silence
from tests.integration.routing.test_routing import Routing, an_accepted_case
from tests.unit.routing.builders import NOON


def at(moment: datetime) -> Clock:
    return Clock(speed=1e-9, origin=moment, anchor=datetime.now(UTC))


@pytest.fixture
async def routing(database: str) -> AsyncIterator[Routing]:
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    yield Routing(engine, at(NOON))
    await engine.dispose()


async def test_of_many_that_are_overdue_the_oldest_is_looked_at_too(
    routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.routing.silence.BATCH_SIZE", 10)
    await routing.consumes(*(an_accepted_case("education.school_placement") for _ in range(250)))
    later = replace(routing.router, clock=at(NOON + timedelta(days=30)))
    listeners = [Silence(engine=routing.engine, router=later) for _ in range(2)]

    await asyncio.gather(*(listener.settle() for listener in listeners))

    assert await routing.rows("SELECT state, deemed, count(*) FROM referrals GROUP BY 1, 2") == [
        ("accepted", True, 250)
    ]
    said = await routing.said()
    assert said.count("referral.deemed_accepted") == 250
    assert await routing.rows("SELECT count(*) FROM clocks WHERE kind = 'signing' AND stopped_at IS NULL") == [(250,)]
