"""A new calendar moves the open clocks that it touches, each once, whatever dies in between; and no others."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.clocks.recounting import calendar_version
from libraries.policies import Policy, load_policy
from libraries.policies.publishing import publish
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.jobs.recounting import KeptClock, Recount, RecountResult
from services.routing.recounting import recount
from tests.calendars import with_days
from tests.integration.routing.test_routing import Routing, an_accepted_case, an_answer
from tests.notices import SECOND_SOURCE, second_notice
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION, NOON

SATURDAY = date(2026, 3, 14)
"""Inside the 15 working days of handling that begin on 2 March 2026, outside the days to sign and to object."""
LONG_AGO = date(2026, 1, 10)


def a_recount(routing: Routing, policy: Policy | None = None) -> Recount:
    """What a process does by itself; with a policy, a process that runs another one."""
    if policy is not None:
        routing.router.policy.have(policy)
    return recount(routing.engine, routing.router, pause_seconds=0)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    yield engine
    await engine.dispose()


@pytest.fixture
def routing(engine: AsyncEngine) -> Routing:
    return Routing(engine, Clock(speed=1e-9, origin=NOON, anchor=datetime.now(UTC)))


@pytest.fixture
def shipped(routing: Routing) -> Policy:
    return routing.router.policy.policy


async def recalculated(routing: Routing) -> list[tuple[Any, ...]]:
    return await routing.rows(
        """
        SELECT event_id, convert_from(value, 'UTF8')::json FROM journal
        WHERE type = 'yimen.clock.recalculated.v1' AND topic = 'routing.referrals.v1' ORDER BY id
        """
    )


async def dues(routing: Routing) -> dict[tuple[str, int], datetime]:
    found = await routing.rows("SELECT kind, version, due_at FROM clocks WHERE due_at IS NOT NULL")
    return {(kind, version): due_at for kind, version, due_at in found}


async def test_a_make_up_day_moves_the_clocks_that_run_over_it_and_no_others(routing: Routing, shipped: Policy) -> None:
    await routing.consumes(an_accepted_case())
    before = await dues(routing)
    policy = with_days(shipped, works=(SATURDAY,))

    await a_recount(routing, policy).recount()

    said = [value for _, value in await recalculated(routing)]
    assert [[clock["kind"] for clock in value["clocks"]] for value in said] == [["handling"], ["co_handling"]]
    assert {value["clocks"][0]["office"] for value in said} == {EDUCATION, CIVIL_AFFAIRS}
    assert {value["previous_due_at"][0] for value in said} == {"2026-03-23T15:59:59.999999Z"}
    assert {value["clocks"][0]["due_at"] for value in said} == {"2026-03-20T15:59:59.999999Z"}
    assert {(value["reason"], value["clocks"][0]["version"]) for value in said} == {("calendar_changed", 2)}
    after = await dues(routing)
    assert after["handling", 2] == datetime(2026, 3, 20, 15, 59, 59, 999999, UTC)
    assert after["signing", 1] == before["signing", 1]
    assert await routing.rows("SELECT DISTINCT calendar_version FROM clocks") == [(calendar_version(policy),)]


async def test_a_level_of_warning_that_moves_alone_is_announced(routing: Routing, shipped: Policy) -> None:
    """Half of 15 working days ends a day sooner; four fifths of them, and the end, stay where they were."""
    await routing.consumes(an_accepted_case())
    before = await dues(routing)
    await a_recount(routing, with_days(shipped, works=(date(2026, 3, 7),), free=(date(2026, 3, 12),))).recount()
    said = [value for _, value in await recalculated(routing)]
    assert [[clock["kind"] for clock in value["clocks"]] for value in said] == [["handling"], ["co_handling"]]
    for value in said:
        (clock,) = value["clocks"]
        assert clock["due_at"] == value["previous_due_at"][0]
        assert clock["warnings"][0] == {"level": "50%", "at": "2026-03-10T16:00:00Z"}
    assert {kind: due for (kind, _), due in (await dues(routing)).items()} == {
        kind: due for (kind, _), due in before.items()
    }
    await a_recount(routing).recount()
    assert len(await recalculated(routing)) == 2


async def test_the_office_gets_its_own_new_date(routing: Routing, shipped: Policy) -> None:
    await routing.consumes(an_accepted_case())
    await a_recount(routing, with_days(shipped, works=(SATURDAY,))).recount()
    copies = await routing.rows(
        "SELECT topic FROM journal WHERE type = 'yimen.clock.recalculated.v1' AND topic LIKE 'departments.%'"
    )
    assert sorted(copies) == [(f"departments.{office}.referrals.v1",) for office in (CIVIL_AFFAIRS, EDUCATION)]


async def test_a_holiday_of_a_co_handler_alone_gives_it_no_time_beyond_the_lead(
    routing: Routing, shipped: Policy
) -> None:
    await routing.consumes(an_accepted_case())
    before = await dues(routing)
    week = tuple(date(2026, 3, day) for day in (9, 10, 11, 12, 13))
    own = replace(shipped, calendars={CIVIL_AFFAIRS: with_days(shipped, free=week).calendar})
    await a_recount(routing, own).recount()
    said = [clock for _, value in await recalculated(routing) for clock in value["clocks"]]
    assert {(clock["kind"], clock["due_at"]) for clock in said} <= {("co_handling", "2026-03-23T15:59:59.999999Z")}
    assert {kind: due for (kind, _), due in (await dues(routing)).items()} == {
        kind: due for (kind, _), due in before.items()
    }
    # The week is a working week again, for the co-handler; then the lead gets it off: each keeps inside.
    await a_recount(routing, shipped).recount()
    await a_recount(routing, replace(shipped, calendars={EDUCATION: own.calendar_of(CIVIL_AFFAIRS)})).recount()
    after = {kind: due for (kind, _), due in (await dues(routing)).items()}
    assert after["handling"] == datetime(2026, 3, 30, 15, 59, 59, 999999, UTC)
    assert after["co_handling"] == datetime(2026, 3, 23, 15, 59, 59, 999999, UTC)


async def test_a_lead_that_loses_days_takes_its_co_handler_with_it(routing: Routing, shipped: Policy) -> None:
    await routing.consumes(an_accepted_case())
    sooner = replace(shipped, calendars={EDUCATION: with_days(shipped, works=(SATURDAY,)).calendar})
    await a_recount(routing, sooner).recount()
    said = [clock for _, value in await recalculated(routing) for clock in value["clocks"]]
    assert sorted((clock["kind"], clock["version"], clock["due_at"]) for clock in said) == [
        ("co_handling", 2, "2026-03-20T15:59:59.999999Z"),
        ("handling", 2, "2026-03-20T15:59:59.999999Z"),
    ]


async def test_a_day_outside_all_clocks_says_nothing(routing: Routing, shipped: Policy) -> None:
    await routing.consumes(*(an_accepted_case() for _ in range(20)))
    policy = with_days(shipped, works=(LONG_AGO,))
    await a_recount(routing, policy).recount()
    assert await recalculated(routing) == []
    assert await routing.rows("SELECT DISTINCT version, calendar_version FROM clocks") == [
        (1, calendar_version(policy))
    ]


async def test_nothing_is_counted_again_while_the_calendar_stays(routing: Routing) -> None:
    await routing.consumes(an_accepted_case())
    for _ in range(3):
        await a_recount(routing).recount()
    assert await recalculated(routing) == []


async def test_ended_clocks_are_left_alone(routing: Routing, shipped: Policy) -> None:
    await routing.consumes(an_accepted_case("social_security.pension_claim"))
    office = "social_security-130722000000"
    lead = await routing.referral(office)
    await routing.is_answered(*(an_answer(lead, action) for action in ("accept", "complete")), office=office)
    assert await routing.rows("SELECT DISTINCT calendar_version FROM clocks") == [(None,)]
    await a_recount(routing, with_days(shipped, works=(SATURDAY,))).recount()
    assert await recalculated(routing) == []


async def test_rows_of_a_process_that_knew_no_calendars_are_taken_up_in_silence(
    routing: Routing, shipped: Policy
) -> None:
    await routing.consumes(an_accepted_case())
    await _execute(routing, "UPDATE clocks SET calendar_version = DEFAULT, clock = clock - 'told'")
    await a_recount(routing).recount()
    assert await recalculated(routing) == []
    await a_recount(routing, with_days(shipped, works=(SATURDAY,))).recount()
    assert len(await recalculated(routing)) == 2


async def test_a_paused_clock_is_counted_by_the_calendar_that_runs_when_it_goes_on(
    routing: Routing, shipped: Policy
) -> None:
    await routing.consumes(an_accepted_case("social_security.pension_claim"))
    office = "social_security-130722000000"
    lead = await routing.referral(office)
    hold = an_answer(lead, "hold", reason="appraisal")
    assert await routing.is_answered(an_answer(lead, "accept"), hold, office=office) == 0
    ((expected,),) = await routing.rows("SELECT clock->'told'->>'due_at' FROM clocks WHERE kind = 'handling'")
    assert expected is None

    routing.router.policy.have(with_days(shipped, works=(SATURDAY,)))
    await a_recount(routing).recount()
    ((_, told),) = await recalculated(routing)
    assert [clock["kind"] for clock in told["clocks"]] == ["hold_review"], "the one that runs"
    await routing.is_answered(an_answer(lead, "resume"), office=office)

    # 20 working days after 2 March with the Saturday among them: a day earlier than without.
    assert (await dues(routing))["handling", 3] == datetime(2026, 3, 27, 15, 59, 59, 999999, UTC)


async def test_a_portion_that_dies_is_done_again_and_nothing_is_said_twice(
    routing: Routing, shipped: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.runtime.jobs.recounting.BATCH_SIZE", 6)
    await routing.consumes(*(an_accepted_case() for _ in range(10)))
    policy = with_days(shipped, works=(SATURDAY,))
    dying = a_recount(routing, policy)
    whole, done = dying.count, []

    async def dies(conn: AsyncConnection, kept: Sequence[KeptClock]) -> RecountResult:
        if len(done) == 3:
            raise RuntimeError("killed here")
        done.append(kept)
        return await whole(conn, kept)

    dying.count = dies
    with pytest.raises(RuntimeError):
        await dying.recount()
    assert 0 < len(await recalculated(routing)) < 20

    await a_recount(routing).recount()

    ids = [event_id for event_id, _ in await recalculated(routing)]
    assert (len(ids), len(set(ids))) == (20, 20)
    assert await routing.rows("SELECT DISTINCT version FROM clocks WHERE kind LIKE '%handling'") == [(2,)]


async def test_what_is_not_committed_was_not_said(
    routing: Routing, shipped: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    await routing.consumes(an_accepted_case())

    async def dies(*_: object) -> None:
        raise RuntimeError("killed here")

    with monkeypatch.context() as broken:
        broken.setattr("services.routing.recounting.journal.add", dies)
        with pytest.raises(RuntimeError):
            await a_recount(routing, with_days(shipped, works=(SATURDAY,))).recount()
    assert await routing.rows("SELECT DISTINCT version FROM clocks") == [(1,)]
    await a_recount(routing).recount()
    assert len(await recalculated(routing)) == 2


async def test_several_processes_share_the_work(
    routing: Routing, shipped: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.runtime.jobs.recounting.BATCH_SIZE", 20)
    await routing.consumes(*(an_accepted_case() for _ in range(60)))
    policy = with_days(shipped, works=(SATURDAY,))
    await asyncio.gather(*(a_recount(routing, policy).recount() for _ in range(4)))
    await a_recount(routing).recount()
    ids = [event_id for event_id, _ in await recalculated(routing)]
    assert (len(ids), len(set(ids))) == (120, 120)


async def test_an_office_that_answers_meanwhile_is_not_overwritten(routing: Routing, shipped: Policy) -> None:
    await routing.consumes(*(an_accepted_case("education.school_placement") for _ in range(20)))
    office = EDUCATION
    referrals = [row[0] for row in await routing.rows("SELECT referral_id FROM referrals")]
    await routing.is_answered(*(an_answer(one, "accept", n) for n, one in enumerate(referrals)), office=office)
    holds = [an_answer(one, "hold", n, reason="hearing") for n, one in enumerate(referrals)]
    routing.router.policy.have(with_days(shipped, works=(SATURDAY,)))
    await asyncio.gather(
        a_recount(routing).recount(),
        *(routing.is_answered(hold, office=office) for hold in holds),
    )
    await a_recount(routing).recount()
    versions = await routing.rows("SELECT DISTINCT version, calendar_version = '' FROM clocks WHERE kind = 'handling'")
    assert {stale for _, stale in versions} == {False}
    assert max(version for version, _ in versions) in (2, 3)
    ((told,),) = await routing.rows(
        "SELECT count(*) FROM clocks WHERE (clock->'told'->>'version')::int <> version AND stopped_at IS NULL"
    )
    assert told == 0


async def test_a_process_with_an_older_calendar_does_not_count_back(routing: Routing, shipped: Policy) -> None:
    await routing.consumes(an_accepted_case())
    older = a_recount(routing)
    await older.recount()
    other = Routing(routing.engine, routing.router.clock)
    await a_recount(other, with_days(shipped, works=(SATURDAY,))).recount()
    await older.recount()
    assert len(await recalculated(routing)) == 2


async def test_taking_a_day_back_moves_the_date_back(routing: Routing, shipped: Policy) -> None:
    await routing.consumes(an_accepted_case())
    running = a_recount(routing)
    for policy in (with_days(shipped, works=(SATURDAY,)), shipped):
        routing.router.policy.have(policy)
        await running.recount()
    assert (await dues(routing))["handling", 3] == datetime(2026, 3, 23, 15, 59, 59, 999999, UTC)
    assert len(await recalculated(routing)) == 4


async def _execute(routing: Routing, statement: str) -> None:
    from sqlalchemy import text

    async with routing.engine.begin() as conn:
        await conn.execute(text(statement))


async def test_a_second_notice_moves_the_dates_of_the_offices_and_is_named_after_a_restart(
    routing: Routing, shipped: Policy, tmp_path: Path
) -> None:
    await routing.consumes(an_accepted_case())
    pack = routing.router.policy.folder
    packs, file = shutil.copytree(pack.parent, tmp_path / "packs"), tmp_path / "given.yaml"
    file.write_text(second_notice(SATURDAY.year, worked=(SATURDAY,)), "utf-8")
    publish(file, packs / pack.name, SATURDAY)
    await a_recount(routing, load_policy(packs / pack.name)).recount()
    said = [value for _, value in await recalculated(routing)]
    assert {value["clocks"][0]["office"] for value in said} == {EDUCATION, CIVIL_AFFAIRS}
    assert {value["previous_due_at"][0] for value in said} == {"2026-03-23T15:59:59.999999Z"}
    assert {value["clocks"][0]["due_at"] for value in said} == {"2026-03-20T15:59:59.999999Z"}
    named = {"year": 2026, "source": SECOND_SOURCE, "published_on": "2026-02-20"}
    assert [value["notices"] for value in said] == [[named], [named]]
