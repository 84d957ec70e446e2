"""The relay loses nothing, keeps the order of a case, and cannot mark what is not its own any more."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts import cloudevents
from libraries.ids import new_id
from libraries.runtime.database.engine import transaction
from libraries.runtime.kafka.producers import supports_idempotence
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.relay import Relay

pytestmark = pytest.mark.engines
MakeTopic = Callable[..., Awaitable[str]]
ReadTopic = Callable[..., Awaitable[list[Any]]]


@pytest.fixture
async def topic(make_topic: MakeTopic) -> str:
    await make_topic("intake.cases.v1", partitions=12)
    return await make_topic()


@pytest.fixture
async def relay(engine: AsyncEngine, connection: dict[str, Any]):
    relay = Relay(engine, connection, "intake")
    await relay.leases.tick()
    yield relay
    await relay._drop_producer()


async def positions(engine: AsyncEngine) -> int:
    """How many rows stand behind the marks."""
    async with transaction(engine) as conn:
        found = await conn.scalar(
            text(
                """
                SELECT count(*) FROM journal j JOIN relay_shards s ON s.shard = j.shard
                WHERE (j.xid, j.id) > (s.position_xid, s.position_id)
                """
            )
        )
        return int(found or 0)


async def test_rows_become_whole_events_in_the_order_of_their_case(
    engine: AsyncEngine, relay: Relay, topic: str, a_message, read_topic: ReadTopic
) -> None:
    cases = [new_id() for _ in range(40)]
    for number in range(5):
        async with transaction(engine) as conn:
            await journal.add(conn, "intake", [a_message(case, f"r{number}", (topic,)) for case in cases])

    while await relay.turn():
        pass

    records = await read_topic(topic, 200)
    assert len(records) == 200
    seen: dict[Any, list[int | None]] = {}
    for record in records:
        envelope = cloudevents.decode(dict(record.headers), record.value)
        assert record.key == str(envelope.data.case_id).encode()
        assert envelope.writer == "intake"
        assert cloudevents.encode(envelope) == (list(record.headers), record.value), "as the contract writes it"
        seen.setdefault(envelope.data.case_id, []).append(envelope.sequence)
    assert set(map(tuple, seen.values())) == {(1, 2, 3, 4, 5)}
    assert await positions(engine) == 0


async def test_the_missing_topic_of_one_office_holds_nothing_up(
    engine: AsyncEngine, connection: dict[str, Any], topic: str, a_message, read_topic: ReadTopic, until
) -> None:
    missing = f"departments.education-{random.randrange(10**12):012d}.referrals.v1"
    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(None, "first", (missing,)), a_message(None, "next", (topic,))])
    relay = Relay(engine, connection, "intake")
    running = asyncio.create_task(relay.run())

    async def all_sent() -> bool:
        return await positions(engine) == 0

    await until(all_sent, 60)
    relay.stop()
    await running
    assert len(await read_topic(missing, 1)) == 1
    assert len(await read_topic(topic, 1)) == 1


async def test_a_transaction_that_commits_late_is_not_passed_by(
    engine: AsyncEngine, relay: Relay, topic: str, a_message, read_topic: ReadTopic
) -> None:
    async with transaction(engine) as late:
        await journal.add(late, "intake", [a_message(reason="late", copies=(topic,))])
        async with transaction(engine) as conn:
            await journal.add(conn, "intake", [a_message(reason="quick", copies=(topic,))])
        assert await relay.turn() == 0, "rows above the oldest running transaction wait"
    assert await relay.turn() == 4

    assert len(await read_topic(topic, 2)) == 2


async def test_a_relay_whose_lease_was_taken_cannot_move_the_mark(
    engine: AsyncEngine, relay: Relay, topic: str, connection: dict[str, Any], a_message
) -> None:
    async with transaction(engine) as conn:
        # So many that no shard stays empty.
        await journal.add(conn, "intake", [a_message(copies=(topic,)) for _ in range(300)])
    rows = await relay._unsent()
    async with transaction(engine) as conn:
        await conn.execute(text("UPDATE relay_shards SET leased_until = '-infinity'"))
    thief = Relay(engine, connection, "intake")
    await thief.leases.tick()
    assert len(thief.leases.held) == 4, "two relays live, each has its half"

    await relay._mark(rows)

    still = {row["shard"] for row in await thief._unsent()}
    assert still == set(thief.leases.held), "what the thief holds is still to be sent, by it"
    assert await relay._unsent() == [], "nothing is read without a lease"


async def test_relays_share_the_shards_and_take_over_what_is_left(
    engine: AsyncEngine, connection: dict[str, Any]
) -> None:
    relays = [Relay(engine, connection, "intake", lease_seconds=1.0) for _ in range(3)]
    for _ in range(3):
        for relay in relays:
            await relay.leases.tick()
    assert sorted(shard for relay in relays for shard in relay.leases.held) == list(range(8))
    assert max(len(relay.leases.held) for relay in relays) <= 3

    await relays[0].leases.release()
    await asyncio.sleep(1.1)
    for relay in relays[1:] * 2:
        await relay.leases.tick()
    assert len(relays[1].leases.held) + len(relays[2].leases.held) == 8


async def test_a_failed_batch_is_read_again_from_the_first_row_that_was_not_marked(
    engine: AsyncEngine, connection: dict[str, Any], topic: str, a_message, read_topic: ReadTopic, until, monkeypatch
) -> None:
    """The producer dies after the broker has the records and before the mark: sent twice, lost never."""
    relay = Relay(engine, connection, "intake")
    mark, failures = relay._mark, [OSError("the mark is lost"), OSError("and again")]

    async def fail_at_first(rows: Any) -> None:
        if failures:
            raise failures.pop()
        await mark(rows)

    monkeypatch.setattr(relay, "_mark", fail_at_first)
    running = asyncio.create_task(relay.run())
    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(copies=(topic,)) for _ in range(10)])

    async def all_marked() -> bool:
        return await positions(engine) == 0

    await until(all_marked)
    relay.stop()
    await running
    records = await read_topic(topic, 30)
    assert len({dict(record.headers)["ce_id"] for record in records}) == 10
    async with transaction(engine) as conn:
        assert await conn.scalar(text("SELECT count(*) FROM relay_shards WHERE owner IS NOT NULL")) == 0


async def test_a_database_that_goes_away_in_the_middle_of_a_look_is_waited_for(
    engine: AsyncEngine, connection: dict[str, Any], topic: str, a_message, database: str, until
) -> None:
    relay = Relay(engine, connection, "intake")
    await relay.leases.tick()
    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(new_id(), "moved_away", (topic,))])
    superuser = await asyncpg.connect(database)
    async with superuser.transaction():
        await superuser.execute("LOCK TABLE intake.relay_shards IN ACCESS EXCLUSIVE MODE")
        running = asyncio.create_task(relay.run())

        async def looks() -> bool:
            waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            await superuser.execute("SELECT pg_stat_clear_snapshot()")
            pids = [row["pid"] for row in await superuser.fetch(waiting)]
            if len(pids) < 2:  # who renews the leases, and who looks for rows
                return False
            return all([await superuser.fetchval("SELECT pg_terminate_backend($1)", pid) for pid in pids])

        await until(looks)
    await superuser.close()

    async def sent() -> bool:
        return await positions(engine) == 0

    await until(sent)
    assert not running.done()
    relay.stop()
    await running


async def test_a_rewound_journal_goes_out_again_with_the_same_ids(
    engine: AsyncEngine, relay: Relay, topic: str, a_message, read_topic: ReadTopic
) -> None:
    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(copies=(topic,)) for _ in range(10)])
    while await relay.turn():
        pass

    assert await journal.replay_from(engine) == 20
    await relay.leases.tick()
    while await relay.turn():
        pass

    ids = [dict(record.headers)["ce_id"] for record in await read_topic(topic, 20)]
    assert (len(ids), len(set(ids))) == (20, 10)


async def test_rewinding_fences_a_batch_that_is_under_way(
    engine: AsyncEngine, relay: Relay, topic: str, a_message
) -> None:
    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(copies=(topic,)) for _ in range(10)])
    rows = await relay._unsent()

    await journal.replay_from(engine)
    await relay._mark(rows)

    assert await positions(engine) == 20


async def test_what_the_broker_can_do_is_found_out(connection: dict[str, Any]) -> None:
    supported = await supports_idempotence(connection)

    assert isinstance(supported, bool)


@pytest.mark.apache_kafka
async def test_on_apache_kafka_the_producer_is_idempotent(connection: dict[str, Any]) -> None:
    assert await supports_idempotence(connection)
