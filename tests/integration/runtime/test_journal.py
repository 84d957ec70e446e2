"""What a transaction says is numbered, and goes out if and only if it commits."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.codes import CaseState
from contracts.events.cases import CaseWithdrawn
from contracts.events.rejections import RecordPlace, SubmissionRejected
from contracts.tracing import read_trace
from libraries.ids import new_id
from libraries.runtime.database.engine import transaction
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from libraries.runtime.tracing import step, within

pytestmark = pytest.mark.engines
PLACE = RecordPlace(topic="intake.submissions.v1", partition=0, offset=7)
Make = Callable[..., Outgoing]


async def rows(engine: AsyncEngine, columns: str = "case_id, sequence, topic", order: str = "xid, id") -> list[tuple]:
    async with transaction(engine) as conn:
        return [tuple(row) for row in await conn.execute(text(f"SELECT {columns} FROM journal ORDER BY {order}"))]


async def test_each_case_counts_from_one_without_a_hole(engine: AsyncEngine, a_message: Make) -> None:
    one, other = new_id(), new_id()

    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(one), a_message(other), a_message(one)])
    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(other), a_message(one)])

    assert await rows(engine, "case_id, sequence") == [(one, 1), (other, 1), (one, 2), (other, 2), (one, 3)]


async def test_what_is_rolled_back_was_never_said_and_uses_no_number(engine: AsyncEngine, a_message: Make) -> None:
    case = new_id()
    with pytest.raises(RuntimeError):  # noqa: PT012 -- the transaction is the subject
        async with transaction(engine) as conn:
            await journal.add(conn, "intake", [a_message(case)])
            raise RuntimeError

    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(case)])
    assert await rows(engine, "case_id, sequence") == [(case, 1)]


async def test_copies_carry_the_id_and_the_sequence_of_the_original(engine: AsyncEngine, a_message: Make) -> None:
    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(copies=("departments.a.referrals.v1",))])

    (original, copy) = await rows(engine, "event_id, sequence, topic, value")
    assert (original[0], original[1], original[3]) == (copy[0], copy[1], copy[3])
    assert [original[2], copy[2]] == ["intake.cases.v1", "departments.a.referrals.v1"]


async def test_an_event_without_a_case_has_a_key_and_no_sequence(engine: AsyncEngine) -> None:
    event = SubmissionRejected(submission_id="17", record=PLACE, faults=(), rejected_at=datetime.now(UTC))

    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [Outgoing(event=event, at=event.rejected_at, key="17")])

    assert await rows(engine, "key, sequence, topic") == [("17", None, "intake.rejections.v1")]


async def test_what_has_a_case_and_what_has_none_go_together_in_the_order_in_which_they_were_given(
    engine: AsyncEngine, a_message: Make
) -> None:
    case, many = new_id(), 150
    rejected = SubmissionRejected(submission_id="17", record=PLACE, faults=(), rejected_at=datetime.now(UTC))
    key = Outgoing(event=rejected, at=rejected.rejected_at, key="17")

    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(case), key, *(a_message(case) for _ in range(many)), key])
        await journal.add(conn, "intake", [a_message(case) for _ in range(many)])

    numbers = [row[0] for row in await rows(engine, "sequence", "id")]
    assert numbers == [1, None, *range(2, many + 2), None, *range(many + 2, 2 * many + 2)]


async def test_what_is_said_belongs_to_the_trace_of_its_cause(engine: AsyncEngine, a_message: Make) -> None:
    request, record = step(), step()
    case, other = new_id(), new_id()

    async with transaction(engine) as conn:
        with within(request):
            own = msgspec.structs.replace(a_message(case), trace=record)
            await journal.add(conn, "intake", [a_message(case), own, a_message(other)])
        await journal.add(conn, "intake", [a_message(case), a_message(case), a_message(other)])

    found = [read_trace(row[0]) for row in await rows(engine, "traceparent", "id")]
    assert found[:3] == [request, record, request]
    assert found[3] == found[4], "a new trace for all that is said of a case together"
    assert len({trace.trace_id for trace in found if trace is not None}) == 4


async def test_an_event_too_large_for_a_record_is_refused_when_it_is_written(engine: AsyncEngine) -> None:
    event = CaseWithdrawn(
        state=CaseState.WITHDRAWN,
        case_id=new_id(),
        reason="x" * journal.MAX_VALUE_BYTES,
        withdrawn_at=datetime.now(UTC),
    )
    with pytest.raises(journal.MessageTooLarge):
        async with transaction(engine) as conn:
            await journal.add(conn, "intake", [Outgoing(event=event, at=event.withdrawn_at)])


async def test_a_transaction_that_got_its_id_early_and_the_case_late_stands_behind(
    engine: AsyncEngine, a_message: Make
) -> None:
    """The early one holds the smaller transaction id, but speaks second: its rows must come second."""
    case = new_id()
    async with transaction(engine) as early:
        await early.execute(text("INSERT INTO notes (reason) VALUES ('early')"))
        async with transaction(engine) as late:
            await journal.add(late, "intake", [a_message(case)])
        await journal.add(early, "intake", [a_message(case)])

    assert [sequence for _, sequence, _ in await rows(engine)] == [1, 2]


async def test_two_transactions_with_the_same_cases_in_other_order_do_not_deadlock(
    engine: AsyncEngine, a_message: Make
) -> None:
    cases = [new_id() for _ in range(50)]

    async def say(order: list[UUID]) -> None:
        async with transaction(engine) as conn:
            await journal.add(conn, "intake", [a_message(case) for case in order])

    await asyncio.gather(*(say(cases if number % 2 else cases[::-1]) for number in range(8)))

    assert len(await rows(engine)) == 400


async def test_a_journal_restored_into_a_young_cluster_is_adopted_in_order(
    engine: AsyncEngine, a_message: Make
) -> None:
    case = new_id()
    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(case), a_message(case)])
        await conn.execute(text("UPDATE journal SET xid = 4000000000 + sequence"))
        await conn.execute(text("UPDATE case_sequences SET xid = 4000000002"))
        # The first of the two was sent in the old cluster.
        await conn.execute(
            text("UPDATE relay_shards SET position_xid = 4000000001, position_id = (SELECT min(id) FROM journal)")
        )

    assert await journal.rebase_after_restore(engine)
    assert not await journal.rebase_after_restore(engine)

    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(case)])
    unsent = await rows(
        engine,
        """sequence, (xid, id) > (SELECT position_xid, position_id FROM relay_shards s WHERE s.shard = journal.shard),
        xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint""",
    )
    assert unsent == [(1, False, True), (2, True, True), (3, True, True)]
