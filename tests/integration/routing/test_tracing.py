"""What a record causes carries the trace of that record, also where hundreds are handled together."""

from typing import Any
from uuid import UUID

import msgspec

from contracts.cloudevents import attributes
from contracts.topics import CASES, OFFICE_FEEDBACK
from contracts.tracing import Trace
from libraries.ids import new_id
from libraries.runtime.kafka.records import read_record
from libraries.runtime.kafka.settling import settle
from libraries.runtime.tracing import step
from tests.integration.routing.test_routing import NOW, Routing, an_accepted_case, an_answer, routing
from tests.unit.routing.builders import EDUCATION

__all__ = ["routing"]


async def traces(routing: Routing, where: str) -> dict[Any, set[str]]:
    """By case, the traces of what was said."""
    found: dict[Any, set[str]] = {}
    for case_id, traceparent in await routing.rows(f"SELECT case_id, traceparent FROM journal WHERE {where}"):
        found.setdefault(case_id, set()).add(traceparent)
    return found


def accepted(routing: Routing, case_id: UUID, trace: Trace | None) -> Any:
    event = an_accepted_case(case_id=case_id)
    headers = attributes(
        event_id=new_id(),
        wire_type=event.wire_type(),
        writer="intake",
        time=NOW,
        subject=case_id,
        sequence=1,
        traceparent=str(trace) if trace is not None else None,
    )
    record = routing._record(CASES.name, str(case_id), msgspec.json.encode(event), headers)
    return read_record(routing.cases.reader, record)


async def test_each_case_of_a_batch_goes_on_in_its_own_trace(routing: Routing) -> None:
    causes = {new_id(): step(), new_id(): step()}
    traceless = new_id()
    batch = [accepted(routing, case_id, trace) for case_id, trace in causes.items()]
    await settle(routing.cases, [*batch, accepted(routing, traceless, None)])

    found = await traces(routing, "true")
    for case_id, cause in causes.items():
        (told,) = found[case_id]
        assert told.split("-")[1] == cause.trace_id
        assert told.split("-")[2] != cause.parent_id
    (begun,) = found[traceless]
    assert begun.split("-")[1] not in {cause.trace_id for cause in causes.values()}


async def test_each_answer_of_a_batch_goes_on_in_its_own_trace_taken_or_refused(routing: Routing) -> None:
    case_id = new_id()
    await settle(routing.cases, [accepted(routing, case_id, None)])
    referral, causes = await routing.referral(EDUCATION), [step() for _ in range(4)]
    answers = [
        msgspec.json.encode(an_answer(referral, "sign")),
        msgspec.json.encode(an_answer(referral, "complete")),
        msgspec.json.encode(an_answer(new_id(), "sign", 2)),
        b"no JSON",
    ]
    records = [
        routing._record(OFFICE_FEEDBACK.named(EDUCATION), "", value, [("traceparent", str(cause).encode())])
        for value, cause in zip(answers, causes, strict=True)
    ]
    await settle(routing.feedback, [read_record(routing.feedback.reader, record) for record in records])

    rows = await routing.rows("SELECT type, traceparent FROM journal WHERE type <> 'x' ORDER BY id")
    told = {trace.split("-")[1]: kind for kind, trace in rows}
    assert [told.get(cause.trace_id) for cause in causes[:3]] == [
        "yimen.referral.signed.v1",
        "yimen.feedback.received.v1",
        "yimen.feedback.rejected.v1",
    ]
    assert told[causes[3].trace_id] == "yimen.feedback.rejected.v1"


async def test_a_trace_that_is_none_is_no_fault_of_the_answer(routing: Routing) -> None:
    await settle(routing.cases, [accepted(routing, new_id(), None)])
    referral = await routing.referral(EDUCATION)
    value = msgspec.json.encode(an_answer(referral, "sign"))
    record = routing._record(OFFICE_FEEDBACK.named(EDUCATION), "", value, [("traceparent", b"\xff\xfe")])
    assert await settle(routing.feedback, [read_record(routing.feedback.reader, record)]) == 0
    assert "referral.signed" in await routing.said()
