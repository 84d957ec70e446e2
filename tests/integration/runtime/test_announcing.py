"""A service says how far it has come only when all that it had to say stands on its topic."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.marks import Need
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.kafka.announcing import Announcer
from libraries.runtime.kafka.progress import note_progress, read_until
from libraries.runtime.kafka.watermarks import OWN_REQUESTS, ProgressSources, forget_marks, known_marks, note_marks
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.relay import Relay

pytestmark = pytest.mark.engines
SECOND = timedelta(seconds=1)


@pytest.fixture
def announcer(engine: AsyncEngine, connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Announcer:
    """Tells a list what it would tell the broker."""
    found = Announcer(
        service="intake",
        engine=engine,
        clock=Clock(),
        connection=connection,
        progress_sources=ProgressSources(),
        process="one",
    )
    said: list[tuple[datetime, ...]] = []

    async def say(until: tuple[datetime, ...]) -> bool:
        said.append(until)
        return True

    monkeypatch.setattr(Announcer, "_send", lambda _, until: say(until))
    monkeypatch.setattr(Announcer, "said", said, raising=False)
    return found


async def turns(announcer: Announcer, number: int = 4) -> list[tuple[datetime, ...]]:
    for _ in range(number):
        await announcer.turn()
    return list(announcer.said)


async def test_nothing_is_said_while_something_waits_to_be_sent(
    announcer: Announcer,
    engine: AsyncEngine,
    connection: dict[str, Any],
    a_message: Callable[..., Any],
    make_topic: Callable[..., Awaitable[str]],
) -> None:
    await make_topic("intake.cases.v1")
    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message()])
    assert await turns(announcer) == []
    relay = Relay(engine, connection, "intake")
    relaying = asyncio.create_task(relay.run())
    try:
        async with asyncio.timeout(20):
            while not await turns(announcer, 1):  # noqa: ASYNC110 -- the relay has no event for others
                await asyncio.sleep(0.05)
    finally:
        relay.stop()
        await relaying


async def test_nothing_is_said_before_who_writes_has_ended(announcer: Announcer, engine: AsyncEngine) -> None:
    async with transaction(engine) as conn:
        await conn.execute(text("INSERT INTO notes (case_id, reason) VALUES (NULL, 'still at it')"))
        assert await turns(announcer) == []
    assert await turns(announcer)


async def test_a_request_in_hand_holds_the_moment(announcer: Announcer) -> None:
    with announcer.open_requests.in_hand():
        begun = datetime.now(UTC)
        await asyncio.sleep(0.2)
        said = await turns(announcer)
        assert max(until[0] for until in said) <= begun - SECOND
    await asyncio.sleep(0.2)
    assert (await turns(announcer))[-1][0] > begun - SECOND


async def test_a_process_that_stands_still_holds_the_moment_until_it_counts_as_gone(
    announcer: Announcer, engine: AsyncEngine
) -> None:
    now = datetime.now(UTC)
    async with transaction(engine) as conn:
        await note_progress(
            conn, OWN_REQUESTS, "two", until=now - 10 * SECOND, seen=now - 10 * SECOND, parts=1, of_parts=1
        )
    assert {until[0] for until in await turns(announcer)} == {now - 10 * SECOND}
    async with transaction(engine) as conn:
        await conn.execute(
            text("UPDATE reading_progress SET seen_at = now() - interval '1 minute' WHERE process = 'two'")
        )
    assert (await turns(announcer))[-1][0] > now - 5 * SECOND


async def test_what_follows_from_others_is_said_as_far_as_they_have_come(
    announcer: Announcer, engine: AsyncEngine
) -> None:
    announcer.progress_sources = ProgressSources(follows={"routing": ("followed",)})
    assert {len(until) for until in await turns(announcer)} == {1}, "nothing was heard of it"
    there = datetime.now(UTC) - 30 * SECOND
    async with transaction(engine) as conn:
        await note_marks(conn, {Need("routing", 1): there}, heard_at=there)
        await note_progress(conn, "followed", "one", until=there - SECOND, seen=there)
    assert {len(until) for until in await turns(announcer)} == {1}, "it was not read so far"
    async with transaction(engine) as conn:
        await note_progress(conn, "followed", "one", until=there, seen=there)
    assert (await turns(announcer, 6))[-1][1] == there


async def test_of_marks_that_were_read_the_last_counts_and_older_ones_are_forgotten(engine: AsyncEngine) -> None:
    need, now = Need(uuid.uuid4().hex, 1), datetime.now(UTC)
    async with transaction(engine) as conn:
        for ago in (30, 20, 10, 25):
            await note_marks(conn, {need: now - ago * SECOND}, heard_at=now - ago * SECOND)
        for _ in range(2):
            mark = (await known_marks(conn, read=now - 15 * SECOND))[need]
            assert mark == (now - 20 * SECOND, now - 10 * SECOND)
            await forget_marks(conn, read=now - 15 * SECOND)
        kept = await conn.execute(text("SELECT until FROM watermarks WHERE writer = :name"), {"name": need.writer})
        assert sorted(kept.scalars()) == [now - 20 * SECOND, now - 10 * SECOND]
        assert (await known_marks(conn, read=None))[need].until is None


async def test_a_process_that_ends_holds_nobody_up(announcer: Announcer, engine: AsyncEngine) -> None:
    await announcer.turn()
    await announcer.stop()
    async with engine.connect() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM reading_progress WHERE reader = 'acts'")) == 0
        assert OWN_REQUESTS in await read_until(conn)
