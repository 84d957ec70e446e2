"""What cannot be handled is set aside per case, in order; everything else flows on."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.cloudevents import Envelope, encode
from libraries.ids import new_id
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.encryption import CannotOpen, Sealer
from libraries.runtime.failures import InfrastructureDown, Rejected
from libraries.runtime.kafka import dead_letters, replays
from libraries.runtime.kafka.records import Incoming, Reader, Record, Undecodable, read_record
from libraries.runtime.kafka.settling import ConsumerContext, settle
from tests.sealing import SEALER

pytestmark = pytest.mark.engines


class Topic:
    """Makes the records of a topic by hand."""

    def __init__(self, a_message: Callable[..., Any]) -> None:
        self._a_message = a_message
        self._offset = 0

    def record(self, case_id: UUID, sequence: int, reason: str | None = None, **changed: Any) -> Record:
        message = self._a_message(case_id, reason or f"r{sequence}")
        envelope = Envelope(id=new_id(), writer="intake", time=message.at, sequence=sequence, data=message.event)
        headers, value = encode(envelope)
        raw = changed.pop("headers", headers)
        self._offset += 1
        record = Record(
            topic="test.v1",
            partition=0,
            offset=self._offset,
            timestamp=message.at,
            key=str(case_id).encode(),
            value=value,
            headers=dict(raw),
            raw_headers=tuple(raw),
        )
        return msgspec.structs.replace(record, **changed)


@pytest.fixture
def topic(a_message: Callable[..., Any]) -> Topic:
    return Topic(a_message)


async def read(context: ConsumerContext, records: Sequence[Record]) -> int:
    return await settle(context, [read_record(context.reader, record) for record in records])


async def parked(engine: AsyncEngine, state: str = "parked") -> list[tuple[str, int | None]]:
    return [(row.code, row.sequence) for row in await dead_letters.list_dead_letters(engine, state=state)]


async def test_one_poison_record_in_a_batch_is_found_and_only_its_case_waits(
    engine: AsyncEngine, context: ConsumerContext, topic: Topic, notebook: Any, notes: Any
) -> None:
    cases = [new_id() for _ in range(50)]
    bad = cases[17]
    notebook.poison["r2-bad"] = lambda: Rejected("no_such_office", office="x")
    batch = [topic.record(case, 1) for case in cases]
    batch += [topic.record(case, 2, "r2-bad" if case == bad else "r2") for case in cases]
    batch += [topic.record(case, 3) for case in cases]

    await read(context, batch)

    assert await parked(engine) == [("no_such_office", 2), ("behind", 3)]
    assert await notes(bad) == ["r1"]
    assert all([await notes(case) == ["r1", "r2", "r3"] for case in cases if case != bad])
    assert (await dead_letters.list_dead_letters(engine))[0].facts == {"office": "x"}


async def test_later_events_of_a_parked_case_join_it_and_are_replayed_in_order(
    engine: AsyncEngine, context: ConsumerContext, topic: Topic, notebook: Any, notes: Any
) -> None:
    case, other = new_id(), new_id()
    notebook.poison["r1"] = lambda: ValueError("a text that may name a person")
    await read(context, [topic.record(case, 1), topic.record(case, 2), topic.record(other, 1, "fine")])
    await read(context, [topic.record(case, 3)])
    assert await parked(engine) == [("handler_failed", 1), ("behind", 2), ("behind", 3)]
    rows = await dead_letters.list_dead_letters(engine)
    assert "person" not in rows[0].detail

    still = await replays.replay({"notes": context}, engine, dead_letter_id=rows[2].id, by="ops", because="try")
    assert (still.handled, still.left, still.code) == (0, 3, "handler_failed")

    notebook.poison.clear()
    done = await replays.replay(
        {"notes": context}, engine, dead_letter_id=rows[0].id, by="ops", because="the handler is mended"
    )

    assert (done.handled, done.left) == (3, 0)
    assert await notes(case) == ["r1", "r2", "r3"]
    settled = await dead_letters.list_dead_letters(engine, state="replayed")
    assert {(row.settled_by, row.settled_because) for row in settled} == {("ops", "the handler is mended")}
    await read(context, [topic.record(case, 3), topic.record(case, 4)])
    assert await notes(case) == ["r1", "r2", "r3", "r4"]


async def test_a_dropped_record_gives_way_to_what_waited_behind_it(
    engine: AsyncEngine, context: ConsumerContext, topic: Topic, notebook: Any, notes: Any
) -> None:
    case = new_id()
    notebook.poison["r1"] = ValueError
    records = [topic.record(case, number) for number in (1, 2, 3)]
    await read(context, records)
    first, second, _ = await dead_letters.list_dead_letters(engine)

    with pytest.raises(replays.NotFirst):
        await replays.drop({"notes": context}, engine, dead_letter_id=second.id, by="ops", because="too early")
    result = await replays.drop(
        {"notes": context}, engine, dead_letter_id=first.id, by="ops", because="sent by mistake"
    )

    assert (result.handled, result.left) == (2, 0)
    assert await notes(case) == ["r2", "r3"]
    await read(context, records)
    assert await notes(case) == ["r2", "r3"], "what was dropped stays dropped when it comes again"
    with pytest.raises(dead_letters.NoSuchDeadLetter):
        await replays.drop({"notes": context}, engine, dead_letter_id=first.id, by="ops", because="again")


async def test_a_gap_parks_the_case_and_closes_by_itself_when_the_missing_event_comes(
    engine: AsyncEngine, context: ConsumerContext, topic: Topic, notes: Any
) -> None:
    case = new_id()
    await read(context, [topic.record(case, 1), topic.record(case, 4), topic.record(case, 5)])
    assert await parked(engine) == [("sequence_gap", 4), ("behind", 5)]

    await read(context, [topic.record(case, 3)])
    assert await replays.resume(context) == 0, "2 is still missing"
    await read(context, [topic.record(case, 2)])
    assert await replays.resume(context) == 4

    assert await notes(case) == ["r1", "r2", "r3", "r4", "r5"]
    assert await parked(engine) == []


async def test_a_gap_can_be_accepted_as_lost(
    engine: AsyncEngine, context: ConsumerContext, topic: Topic, notes: Any
) -> None:
    case = new_id()
    await read(context, [topic.record(case, 2), topic.record(case, 3)])
    head = (await dead_letters.list_dead_letters(engine))[0]

    refused = await replays.replay({"notes": context}, engine, dead_letter_id=head.id, by="ops", because="x")
    assert refused.code == "sequence_gap"
    await replays.replay(
        {"notes": context}, engine, dead_letter_id=head.id, by="ops", because="lost for good", accept_gap=True
    )

    assert await notes(case) == ["r2", "r3"]


async def test_repeats_change_nothing_however_often_they_come(
    context: ConsumerContext, topic: Topic, notebook: Any, notes: Any
) -> None:
    case = new_id()
    await read(context, [topic.record(case, 1), topic.record(case, 1), topic.record(case, 2)])
    handled = len(notebook.batches)

    for _ in range(5):
        await read(context, [topic.record(case, 2), topic.record(case, 1)])

    assert await notes(case) == ["r1", "r2"]
    assert len(notebook.batches) == handled


async def test_a_record_that_makes_no_sense_is_kept_whole_and_blocks_nothing(
    engine: AsyncEngine, context: ConsumerContext, topic: Topic, notes: Any
) -> None:
    case = new_id()
    garbage = topic.record(
        case, 1, value=b"\x00\xff" * 50, headers=[("ce_id", None), ("a\x00b", b"\xff"), ("x", b"1")], key=None
    )

    await read(context, [garbage, topic.record(case, 1)])

    (row,) = await dead_letters.list_dead_letters(engine)
    assert (row.code, row.ordering_key) == ("no_attribute", None)
    whole = await dead_letters.show(engine, row.id, SEALER, by="somebody")
    assert (whole.key, whole.value) == (None, b"\x00\xff" * 50)
    assert whole.headers == [("ce_id", None), ("a\ufffdb", b"\xff"), ("x", b"1")]
    assert await notes(case) == ["r1"]


async def test_what_is_parked_is_sealed_and_who_opens_it_stands_on_record(
    engine: AsyncEngine, context: ConsumerContext, topic: Topic
) -> None:
    case, name = new_id(), "张示例"
    said = {"value": f'{{"name": "{name}"}}'.encode(), "key": name.encode(), "headers": [("x-who", name.encode())]}
    await read(context, [topic.record(case, 1, **said)])

    (row,) = await dead_letters.list_dead_letters(engine)
    async with engine.connect() as conn:
        (kept,) = (await conn.execute(text("SELECT * FROM parked_records"))).mappings()
    for form in (name.encode(), name.encode().hex().encode(), b64encode(name.encode())):
        assert not [column for column, held in kept.items() if form in _bytes(held)]
    for by in ("first", "second"):
        whole = await dead_letters.show(engine, row.id, SEALER, by=by)
    assert (whole.value, whole.key, whole.headers) == (said["value"], said["key"], said["headers"])
    assert [one.by for one in whole.opened] == ["first", "second"]
    with pytest.raises(CannotOpen):
        await dead_letters.show(engine, row.id, Sealer(b64encode(b"o" * 32).decode()), by="third")


def _bytes(held: object) -> bytes:
    return held if isinstance(held, bytes) else str(held).encode()


async def test_an_event_of_a_future_version_waits_with_its_case(
    engine: AsyncEngine, context: ConsumerContext, topic: Topic, notes: Any
) -> None:
    case = new_id()
    headers = topic.record(case, 1).raw_headers
    future = [(name, b"yimen.case.withdrawn.v2" if name == "ce_type" else value) for name, value in headers]

    await read(context, [topic.record(case, 1, headers=future), topic.record(case, 2)])

    assert await parked(engine) == [("unsupported_version", 1), ("behind", 2)]


async def test_an_event_of_an_unknown_type_is_passed_over_and_counts(
    context: ConsumerContext, topic: Topic, notebook: Any, notes: Any
) -> None:
    case = new_id()
    headers = topic.record(case, 1).raw_headers
    unknown = [(name, b"yimen.weather.changed.v1" if name == "ce_type" else value) for name, value in headers]

    await read(context, [topic.record(case, 1, headers=unknown), topic.record(case, 2)])

    assert await notes(case) == ["r2"]
    assert notebook.batches == [1]


async def test_a_transient_failure_is_tried_three_times_in_place(
    context: ConsumerContext, topic: Topic, notebook: Any, notes: Any
) -> None:
    case = new_id()
    left = [2]

    class Deadlock(Exception):
        sqlstate = "40P01"

    def fail() -> Exception:
        left[0] -= 1
        if left[0] == 0:
            notebook.poison.clear()
        return DBAPIError("UPDATE", {}, Deadlock())

    notebook.poison["r1"] = fail
    await read(context, [topic.record(case, 1)])

    assert await notes(case) == ["r1"]
    assert len(notebook.batches) == 3


async def test_an_outage_parks_nothing_and_burns_nothing(
    engine: AsyncEngine, context: ConsumerContext, topic: Topic, notebook: Any, notes: Any
) -> None:
    case = new_id()
    notebook.poison["r1"] = ConnectionResetError
    for _ in range(5):
        with pytest.raises(InfrastructureDown):
            await read(context, [topic.record(case, 1)])
    assert await parked(engine) == []

    notebook.poison.clear()
    await read(context, [topic.record(case, 1)])
    assert await notes(case) == ["r1"]


async def test_a_handler_that_takes_too_long_is_stopped_and_its_record_parked(
    engine: AsyncEngine, context: ConsumerContext, topic: Topic
) -> None:
    async def dawdle(batch: Sequence[Incoming[Any]], conn: Any) -> None:
        await conn.execute(text("SELECT pg_sleep(5)"))

    slow = replace(context, reader=replace(context.reader, handle=dawdle, time_limit=0.3))
    await read(slow, [topic.record(new_id(), 1)])

    assert await parked(engine) == [("handler_timeout", 1)]


async def test_no_office_can_hold_up_another_by_using_its_keys(engine: AsyncEngine, context: ConsumerContext) -> None:
    handled: list[str] = []

    async def handle(batch: Sequence[Incoming[Any]], conn: Any) -> None:
        for item in batch:
            if item.data == b"bad":
                raise Rejected("not_yours")
            handled.append(item.record.topic)

    def understand(record: Record) -> Incoming[Any]:
        if record.value is None:
            raise Undecodable("no_value", "the record has no value")
        received = Clock().at(record.timestamp)
        return Incoming(record=record, event_id="1", received_at=received, data=record.value)

    reader = Reader(name="answers", group="g", topics=("t",), decode=understand, handle=handle, deduplicated=False)
    office = replace(context, reader=reader)

    def say(topic: str, offset: int, value: bytes | None) -> Record:
        moment = Clock().now() - timedelta(minutes=1)
        return Record(topic=topic, partition=0, offset=offset, timestamp=moment, key=b"ref-1", value=value, headers={})

    batch = [say("a", 1, b"bad"), say("a", 2, b"ok"), say("b", 1, None), say("b", 2, b"ok")]
    await read(office, batch)
    await read(office, batch)

    assert [(row.topic, row.code) for row in await dead_letters.list_dead_letters(engine)] == [
        ("a", "not_yours"),
        ("a", "behind"),
        ("b", "no_value"),
    ]
    assert set(handled) == {"b"}


async def test_two_consumers_with_the_same_batch_apply_it_once(
    engine: AsyncEngine, context: ConsumerContext, topic: Topic, notes: Any
) -> None:
    cases = [new_id() for _ in range(20)]
    batch = [topic.record(case, number) for number in (1, 2, 3) for case in cases]

    await asyncio.gather(*(read(context, batch) for _ in range(4)))

    assert all([await notes(case) == ["r1", "r2", "r3"] for case in cases])
    assert await parked(engine) == []


async def test_the_sequence_of_a_case_is_no_other_readers_business(
    engine: AsyncEngine, context: ConsumerContext, topic: Topic, notes: Any
) -> None:
    case = new_id()
    await read(context, [topic.record(case, 1)])
    await read(replace(context, reader=replace(context.reader, name="second")), [topic.record(case, 1)])

    assert await notes(case) == ["r1", "r1"]
    async with transaction(engine) as conn:
        assert await conn.scalar(text("SELECT count(*) FROM applied_sequences")) == 2
