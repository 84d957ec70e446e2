"""Routing counts its clocks by a calendar that was published meanwhile, and notify says nothing twice."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.cloudevents import attributes, decode
from libraries.ids import new_id
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.database.migrate import upgrade
from services.routing.recounting import Recounter
from tests.calendars import with_days
from tests.integration.notify.harness import Notify
from tests.integration.routing.test_recounting import a_recount
from tests.integration.routing.test_routing import Routing, an_accepted_case
from tests.unit.routing.builders import EDUCATION, NOON

MARCH_7, MARCH_12 = date(2026, 3, 7), date(2026, 3, 12)
"""A Saturday that is worked for a Thursday: of 15 working days half ends a day sooner, and nothing else moves."""
HALF_BEFORE, HALF_AFTER = datetime(2026, 3, 11, 16, tzinfo=UTC), datetime(2026, 3, 10, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(moment: datetime) -> Clock:
    return Clock(speed=1e-9, origin=moment, anchor=datetime.now(UTC))


class City:
    """Routing and notify on one database, and what goes from the one to the other."""

    def __init__(self, routing: Routing, notify: Notify) -> None:
        self.routing, self.notify = routing, notify
        self.sent = 0

    async def tells_notify(self, sent_at: datetime) -> None:
        rows = await self.routing.rows(
            f"""
            SELECT id, type, case_id, value FROM journal
            WHERE topic = 'routing.referrals.v1' AND id > {self.sent} ORDER BY id
            """
        )
        for id_, wire_type, case_id, value in rows:
            headers = attributes(
                event_id=new_id(), wire_type=wire_type, writer="routing", time=sent_at,
                subject=case_id, sequence=1, traceparent=None,
            )  # fmt: skip
            await self.notify.consumes(decode(dict(headers), value).data, sent_at=sent_at)
            self.sent = id_

    async def publishes(self, moment: datetime, **days: tuple[date, ...]) -> None:
        """Other days run from now on; without any, the shipped ones again."""
        shipped = self.shipped
        recount = a_recount(self.routing, with_days(shipped, **days) if days else shipped)
        later = replace(self.routing.router, clock=at(moment))
        recount.count = Recounter(router=later).count
        await recount.recount()
        await self.tells_notify(moment)

    async def said(self) -> list[tuple[Any, ...]]:
        return await self.notify.rows(
            f"""
            SELECT level, version, fired_at FROM alerts
            WHERE kind = 'handling' AND office = '{EDUCATION}' ORDER BY xid, place
            """
        )

    async def begins(self) -> None:
        self.shipped = self.routing.router.policy.policy
        await self.routing.consumes(an_accepted_case())
        await self.tells_notify(NOON)


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    engines = []
    for service in ("routing", "notify"):
        await upgrade(database, service)
        engines.append(open_engine(SimpleNamespace(database_url=database), service))
    city = City(Routing(engines[0], at(NOON)), Notify(engines[1]))
    await city.begins()
    yield city
    for engine in engines:
        await engine.dispose()


async def test_a_level_that_was_heard_is_not_heard_again_because_it_moved_or_moved_back(city: City) -> None:
    sent = HALF_BEFORE + HOUR
    await city.notify.alert_scheduler(at=sent).fire()
    assert await city.said() == [("50%", 1, sent)]
    await city.publishes(sent + HOUR, works=(MARCH_7,), free=(MARCH_12,))
    await city.publishes(sent + 2 * HOUR)
    assert await city.notify.rows(f"SELECT version FROM timers WHERE kind = 'handling' AND office = '{EDUCATION}'") == [
        (3,)
    ]
    for later in (2, 3):
        await city.notify.alert_scheduler(at=sent + later * HOUR).fire()
    assert await city.said() == [("50%", 1, sent)]
    eighty = datetime(2026, 3, 18, 16, tzinfo=UTC)
    await city.notify.alert_scheduler(at=eighty).fire()
    assert (await city.said())[1:] == [("80%", 3, eighty)], "and what is ahead comes as ever"


async def test_a_level_that_a_publication_moves_past_its_moment_is_heard_once(city: City) -> None:
    """Published on the morning of the day before half of the time would have been used up."""
    morning = HALF_AFTER + 10 * HOUR
    await city.notify.alert_scheduler(at=morning).fire()
    assert await city.said() == []
    await city.publishes(morning, works=(MARCH_7,), free=(MARCH_12,))
    for later in (0, 1, 24):
        await city.notify.alert_scheduler(at=morning + later * HOUR).fire()
    assert await city.said() == [("50%", 2, morning)]
