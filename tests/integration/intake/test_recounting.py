"""A new calendar moves the window's own open clocks, each once, and the case's story says so."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.clocks.recounting import calendar_version
from libraries.clocks.wording import describe
from libraries.policies import PolicyWatch
from libraries.policies.publishing import publish
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.jobs.recounting import Recount
from services.intake import store
from services.intake.domain import actions
from services.intake.publishing import act
from services.intake.recounting import recount
from services.intake.registration import Registered
from tests.calendars import with_days
from tests.integration.intake.test_registration import NOW, PACK, WINDOW, a_submission, registered
from tests.notices import SECOND_SOURCE, second_notice
from tests.unit.intake.builders import needs_material

SATURDAY = date(2026, 3, 7)
"""Within the 5 working days of acceptance that begin on 2 March 2026."""
CATEGORY, MISSING = needs_material()


@pytest.fixture
def watch() -> PolicyWatch:
    return PolicyWatch(PACK)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(SimpleNamespace(database_url=database), "intake")
    yield engine
    await engine.dispose()


def a_recount(engine: AsyncEngine, watch: PolicyWatch) -> Recount:
    return recount(engine, watch, Clock(), pause_seconds=0)


async def waiting_cases(engine: AsyncEngine, watch: PolicyWatch, number: int = 1) -> list[UUID]:
    """Cases whose window has still to tell what is missing."""
    outcomes = await registered(
        engine, watch, *(a_submission(n, category=CATEGORY, materials=[]) for n in range(1, number + 1))
    )
    return [outcome.case.id for outcome in outcomes if isinstance(outcome, Registered)]


async def rows(engine: AsyncEngine, statement: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as conn:
        return [tuple(row) for row in await conn.execute(text(statement))]


RECALCULATED = """
    SELECT event_id, convert_from(value, 'UTF8')::json FROM journal
    WHERE type = 'yimen.clock.recalculated.v1' ORDER BY id
"""


async def test_a_make_up_day_moves_the_clocks_of_the_window(engine: AsyncEngine, watch: PolicyWatch) -> None:
    (case_id,) = await waiting_cases(engine, watch)
    watch.have(with_days(watch.policy, works=(SATURDAY,)))
    for _ in range(2):
        await a_recount(engine, watch).recount()

    ((_, said),) = await rows(engine, RECALCULATED)
    assert [(clock["kind"], clock["version"]) for clock in said["clocks"]] == [
        ("acceptance", 2),
        ("supplement_notice", 2),
    ]
    assert said["previous_due_at"] == ["2026-03-09T15:59:59.999999Z"] * 2
    assert {clock["due_at"] for clock in said["clocks"]} == {"2026-03-07T15:59:59.999999Z"}
    async with transaction(engine) as conn:
        case = await store.find_case(conn, case_id)
        story = await store.list_timeline(conn, case_id)
    assert case is not None
    assert {clock.due(watch.policy.calendar).due_at for clock in case.clocks} == {
        datetime(2026, 3, 7, 15, 59, 59, 999999, UTC)
    }
    assert [(entry.type, entry.by) for entry in story][-1] == ("clock.recalculated", "intake")


async def test_cases_that_are_only_kept_carry_no_calendar(engine: AsyncEngine, watch: PolicyWatch) -> None:
    (outcome,) = await registered(engine, watch, a_submission(1))
    assert isinstance(outcome, Registered)
    async with transaction(engine) as conn:
        await act(
            outcome.case.id,
            lambda case: actions.withdraw(case, NOW, watch.policy, reason="applicant_request"),
            conn,
            watch.policy,
            initiator=WINDOW,
        )
    assert await rows(engine, "SELECT calendar_version FROM clocks") == [(None,)]
    watch.have(with_days(watch.policy, works=(SATURDAY,)))
    await a_recount(engine, watch).recount()
    assert await rows(engine, RECALCULATED) == []


async def test_a_day_outside_says_nothing_and_marks_the_case(engine: AsyncEngine, watch: PolicyWatch) -> None:
    await waiting_cases(engine, watch)
    watch.have(with_days(watch.policy, works=(date(2026, 1, 10),)))
    await a_recount(engine, watch).recount()
    assert await rows(engine, RECALCULATED) == []
    assert await rows(engine, "SELECT DISTINCT calendar_version FROM clocks") == [(calendar_version(watch.policy),)]


async def test_a_clock_that_waits_for_material_goes_on_by_the_new_calendar(
    engine: AsyncEngine, watch: PolicyWatch
) -> None:
    (case_id,) = await waiting_cases(engine, watch)

    async def does(what: Any) -> None:
        async with transaction(engine) as conn:
            await act(case_id, what, conn, watch.policy, initiator=WINDOW)

    await does(lambda case: actions.request_supplement(case, NOW, watch.policy, missing=MISSING, override=False))
    watch.have(with_days(watch.policy, works=(SATURDAY,)))
    await a_recount(engine, watch).recount()
    ((_, told),) = await rows(engine, RECALCULATED)
    assert [clock["kind"] for clock in told["clocks"]] == ["supplement"], "the one that runs"

    await does(lambda case: actions.supplement(case, NOW, watch.policy, materials=MISSING[:1]))
    ((supplemented,),) = await rows(
        engine, "SELECT convert_from(value, 'UTF8')::json FROM journal WHERE type = 'yimen.case.supplemented.v1'"
    )
    (resumed,) = [clock for clock in supplemented["clocks"] if clock["change"] == "resumed"]
    assert resumed["due_at"] == "2026-03-07T15:59:59.999999Z"


async def test_a_portion_that_dies_is_done_again(
    engine: AsyncEngine, watch: PolicyWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.runtime.jobs.recounting.BATCH_SIZE", 6)
    await waiting_cases(engine, watch, 10)
    watch.have(with_days(watch.policy, works=(SATURDAY,)))
    saved = []

    async def dies(*given: Any) -> None:
        saved.append(given)
        if len(saved) == 3:
            raise RuntimeError("killed here")
        await save(*given)

    save = store.save_timeline
    with monkeypatch.context() as broken:
        broken.setattr("services.intake.store.save_timeline", dies)
        with pytest.raises(RuntimeError):
            await a_recount(engine, watch).recount()
    assert len(await rows(engine, RECALCULATED)) == 6
    await a_recount(engine, watch).recount()
    ids = [event_id for event_id, _ in await rows(engine, RECALCULATED)]
    assert (len(ids), len(set(ids))) == (10, 10)


async def test_a_service_that_was_restarted_names_the_second_notice(
    engine: AsyncEngine, watch: PolicyWatch, tmp_path: Path
) -> None:
    (case_id,) = await waiting_cases(engine, watch)
    packs, file = shutil.copytree(PACK.parent, tmp_path / "packs"), tmp_path / "given.yaml"
    file.write_text(second_notice(SATURDAY.year, worked=(SATURDAY,)), "utf-8")
    publish(file, packs / PACK.name, SATURDAY)
    restarted = PolicyWatch(packs / PACK.name)
    await a_recount(engine, restarted).recount()

    ((_, said),) = await rows(engine, RECALCULATED)
    assert said["reason"] == "calendar_changed"
    assert said["previous_due_at"] == ["2026-03-09T15:59:59.999999Z"] * 2
    assert said["notices"] == [{"year": 2026, "source": SECOND_SOURCE, "published_on": "2026-02-20"}]
    async with transaction(engine) as conn:
        story = await store.list_timeline(conn, case_id)
    event = story[-1].event
    assert event is not None
    zh, _ = describe(event, restarted.policy) or ("", "")
    assert zh.endswith(f"（2026 年日历：{SECOND_SOURCE}，2026年2月20日公布）")

    (packs / PACK.name / "calendar-2026-2.yaml").unlink()
    restarted = PolicyWatch(packs / PACK.name)
    await a_recount(engine, restarted).recount()
    *_, (_, back) = await rows(engine, RECALCULATED)
    assert {clock["due_at"] for clock in back["clocks"]} == {"2026-03-09T15:59:59.999999Z"}
    assert [notice["source"] for notice in back["notices"]] == [str(restarted.policy.calendar.notice(2026).source)]
