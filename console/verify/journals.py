"""What was said is whole and in order, in the journals and on the topics, and offices got their copies."""

from collections.abc import Iterator

from console.verify.registry import check
from console.verify.snapshot import Fault, JournalRow, Snapshot, TopicRecord
from console.verify.timelines import decoded, is_readable
from contracts.clocks import ClockFacts
from contracts.events import CaseBound
from contracts.events.clocks import clocks_in
from contracts.events.referrals import FeedbackReceived, ReferralEvent, ReferralOfficeSucceeded
from contracts.events.rejections import FeedbackRejected
from contracts.topics import HOME, OFFICE_REFERRALS

HOMES = {topic.name: service for service, topic in HOME.items()}


@check("the sequences of each case have no hole, and end where the counter stands")
def sequences_whole(snapshot: Snapshot) -> Iterator[Fault | None]:
    for key in snapshot.journal_of.keys() | snapshot.last.keys():
        service, case_id = key
        found = [row.sequence or 0 for row in snapshot.journal_of.get(key, ())]
        last = snapshot.last.get(key, 0)
        begins = found[0] if found and snapshot.truncated else 1
        fine = found == list(range(begins, last + 1)) or (snapshot.truncated and not found)
        detail = f"{service} has said {_short(found)}, its counter stands at {last}"
        yield None if fine else Fault(detail=detail, case_id=case_id)


def _short(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:20])) + (" …" if len(numbers) > 20 else "")


@check("every event in the journals can be read")
def events_readable(snapshot: Snapshot) -> Iterator[Fault | None]:
    for row in snapshot.journal:
        ids = {"event_id": str(row.event_id), "topic": row.topic}
        detail = f"{row.type} is none as this version knows it"
        yield None if is_readable(row) else Fault(detail=detail, case_id=row.case_id, ids=ids)


@check("one event id has one content, wherever it stands")
def one_content(snapshot: Snapshot) -> Iterator[Fault | None]:
    contents: dict[str, int] = {}
    for row in snapshot.journal:
        content = hash(row.value)
        known = contents.setdefault(str(row.event_id), content)
        ids = {"event_id": str(row.event_id)}
        detail = f"the id stands in {row.service}'s journal with two contents"
        yield None if known == content else Fault(detail=detail, case_id=row.case_id, ids=ids)
    for record in snapshot.records:
        known = contents.setdefault(record.event_id, record.content)
        ids = {"event_id": record.event_id, "at": _place(record)}
        detail = f"another content on {record.topic} than where it was first seen"
        yield None if known == record.content else Fault(detail=detail, case_id=record.case_id, ids=ids)


@check("an office's copies equal their originals, and are about that office")
def copies_equal(snapshot: Snapshot) -> Iterator[Fault | None]:
    originals = {row.event_id: row for rows in snapshot.journal_of.values() for row in rows}
    for row in snapshot.journal:
        if not row.topic.startswith("departments."):
            continue
        ids = {"event_id": str(row.event_id), "topic": row.topic}
        rejected = decoded(row) if row.type == FeedbackRejected.wire_type() else None
        if isinstance(rejected, FeedbackRejected):
            there = OFFICE_REFERRALS.named(rejected.office) == row.topic
            yield None if there else Fault(detail="what one office wrote was told to another", ids=ids)
            continue
        original = originals.get(row.event_id)
        if original is None:
            yield Fault(detail="a copy without its original", case_id=row.case_id, ids=ids)
        elif (original.value, original.sequence, original.type) != (row.value, row.sequence, row.type):
            yield Fault(detail="the copy differs from its original", case_id=row.case_id, ids=ids)
        elif row.topic not in map(OFFICE_REFERRALS.named, _offices(original)):
            yield Fault(detail="the copy went to another office", case_id=row.case_id, ids=ids)
        else:
            yield None


@check("an office that speaks Kafka got a copy of everything about itself")
def copies_complete(snapshot: Snapshot) -> Iterator[Fault | None]:
    copied = {(row.event_id, row.topic) for row in snapshot.journal if row.topic.startswith("departments.")}
    for (service, case_id), rows in snapshot.journal_of.items():
        for row in rows if service == "routing" else ():
            for office in _offices(row) & snapshot.kafka_offices:
                topic = OFFICE_REFERRALS.named(office)
                ids = {"event_id": str(row.event_id), "topic": topic}
                there = (row.event_id, topic) in copied
                yield None if there else Fault(detail=f"{row.type} was not copied", case_id=case_id, ids=ids)


def _offices(row: JournalRow) -> set[str]:
    """The offices that an event is about: of the referral or the answer, and whoever has a clock by it."""
    event = decoded(row)
    if not isinstance(event, CaseBound):
        return set()
    offices = {clock.office for clock in clocks_in(event) if isinstance(clock, ClockFacts)}
    if isinstance(event, ReferralEvent):
        offices.add(event.office)
    if isinstance(event, ReferralOfficeSucceeded):
        offices.add(event.predecessor)
    if isinstance(event, FeedbackReceived):
        offices.add(event.sender)
    return offices


@check("everything in the journals is on its topic", needs_kafka=True)
def journal_on_topics(snapshot: Snapshot) -> Iterator[Fault | None]:
    there = {(record.event_id, record.topic) for record in snapshot.records}
    for row in snapshot.journal:
        if row.topic not in snapshot.whole:
            continue
        ids = {"event_id": str(row.event_id), "topic": row.topic}
        found = (str(row.event_id), row.topic) in there
        yield None if found else Fault(detail=f"{row.type} is not on its topic", case_id=row.case_id, ids=ids)


@check("everything on our topics is in a journal", needs_kafka=True)
def topics_in_journal(snapshot: Snapshot) -> Iterator[Fault | None]:
    if snapshot.truncated:
        return
    unjournaled = set(snapshot.unjournaled())
    for record in snapshot.records:
        ids = {"event_id": record.event_id, "at": _place(record)}
        found = record not in unjournaled or (record.event_id, record.topic) in snapshot.journaled_since
        yield None if found else Fault(detail="a record that nobody has said", case_id=record.case_id, ids=ids)


@check("the records of one case stand in one partition under its key, in order, repeats aside", needs_kafka=True)
def order_kept(snapshot: Snapshot) -> Iterator[Fault | None]:
    places: dict[tuple[str, str], int] = {}
    before: dict[tuple[str, str], set[int]] = {}
    for record in snapshot.records:
        if record.case_id is None or record.sequence is None:
            continue
        case = str(record.case_id)
        stream = (record.topic, case)
        earlier = before.setdefault(stream, set())
        repeated, last = record.sequence in earlier, max(earlier, default=0)
        earlier.add(record.sequence)
        wrong = None
        if record.key != case:
            wrong = "its key is not its case"
        elif places.setdefault(stream, record.partition) != record.partition:
            wrong = f"in partition {record.partition}, others of its case in {places[stream]}"
        elif HOMES.get(record.topic, record.writer) != record.writer:
            wrong = f"written by {record.writer}"
        elif record.topic in snapshot.whole and not repeated and not _follows(record, last, snapshot):
            wrong = f"sequence {record.sequence} after {last}"
        ids = {"event_id": record.event_id, "at": _place(record)}
        yield None if wrong is None else Fault(detail=wrong, case_id=record.case_id, ids=ids)


def _follows(record: TopicRecord, last: int, snapshot: Snapshot) -> bool:
    """An office hears only some of what is said, and a broker that was filled again no more than the journals have."""
    may_skip = record.topic not in HOMES or (snapshot.truncated and not last)
    return (record.sequence or 0) > last if may_skip else record.sequence == last + 1


@check("nothing is parked")
def nothing_parked(snapshot: Snapshot) -> Iterator[Fault | None]:
    yield None
    for one in snapshot.parked:
        ids = {"service": one.service, "parked": str(one.id), "reader": one.reader}
        yield Fault(detail=f"{one.code} at {one.reader}; `yimen parked show` tells more", case_id=one.case_id, ids=ids)


@check("the relays have sent everything")
def relays_drained(snapshot: Snapshot) -> Iterator[Fault | None]:
    yield None
    for service, rows in snapshot.unsent.items():
        detail = f"{rows} events of {service} were not sent in time; is Kafka there?"
        yield Fault(detail=detail, ids={"service": service})


@check("every reader has read what was there")
def readers_caught_up(snapshot: Snapshot) -> Iterator[Fault | None]:
    yield None
    for reader, case_id, detail in snapshot.behind:
        yield Fault(detail=detail, case_id=case_id, ids={"reader": reader})


def _place(record: TopicRecord) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"
