"""Nothing is said to nobody, and whatever is open stands at an office that there is today, and where its area lies."""

from collections.abc import Iterator
from uuid import UUID

from console.verify.registry import check
from console.verify.snapshot import Fault, Snapshot
from console.verify.timelines import decoded
from contracts.codes import ClockKind
from contracts.events.alerts import Supervision
from contracts.events.clocks import ClockDue


@check("every alert and every escalation was sent to somebody")
def told_to_somebody(snapshot: Snapshot) -> Iterator[Fault | None]:
    for alert in snapshot.alerts:
        if alert.type == ClockDue.TYPE and not alert.level:
            # The end of time in which somebody might have done something: nobody is late, whoever reads all sees it.
            continue
        ids = {"clock_id": str(alert.clock_id)}
        detail = f"{alert.type} {alert.level}".rstrip() + " was said to nobody"
        yield None if alert.recipients else Fault(detail=detail, case_id=alert.case_id, ids=ids)
    for (service, case_id), rows in snapshot.journal_of.items():
        for row in rows if service == "notify" else ():
            event = decoded(row) if row.type.startswith("yimen.supervision.") else None
            if isinstance(event, Supervision):
                detail = f"{event.level.value} of version {event.version} was said to nobody"
                ids = {"clock_id": str(event.clock_id)}
                yield None if event.recipients else Fault(detail=detail, case_id=case_id, ids=ids)


@check("every live referral and every open clock is held by an office of today")
def held_by_an_office(snapshot: Snapshot) -> Iterator[Fault | None]:
    for referral in snapshot.referrals:
        if not referral.ended and referral.case_id in snapshot.settled:
            fine = referral.office in snapshot.offices
            ids = {"referral_id": str(referral.referral_id), "office": referral.office}
            detail = f"the referral is {referral.state} at an office that is none today"
            yield None if fine else Fault(detail=detail, case_id=referral.case_id, ids=ids)
    for timer in snapshot.timers:
        if timer.ended_at is None and timer.case_id in snapshot.settled:
            fine = timer.office in snapshot.offices
            ids = {"clock_id": str(timer.clock_id), "office": timer.office}
            detail = f"the clock {timer.kind} runs at an office that is none today"
            yield None if fine else Fault(detail=detail, case_id=timer.case_id, ids=ids)


@check("what the rules sent, and returns that wait for a word, lie with offices of the area and of those above it")
def follows_its_area(snapshot: Snapshot) -> Iterator[Fault | None]:
    """Not by what moved when: wherever the rules send a matter, that office is up the tree of its area."""
    areas = {case.case_id: case.area for case in snapshot.routed if case.case_id in snapshot.settled}
    for referral in snapshot.referrals:
        if not (referral.ended or referral.by_hand) and referral.case_id in areas:
            ids = {"referral_id": str(referral.referral_id), "office": referral.office}
            yield _elsewhere(snapshot, referral.case_id, areas[referral.case_id], referral.office, ids)
    for timer in snapshot.timers:
        if timer.ended_at is None and timer.kind == ClockKind.RETURN_DECISION and timer.case_id in areas:
            ids = {"clock_id": str(timer.clock_id), "office": timer.office}
            yield _elsewhere(snapshot, timer.case_id, areas[timer.case_id], timer.office, ids)


def _elsewhere(snapshot: Snapshot, case_id: UUID, area: str, office: str, ids: dict[str, str]) -> Fault | None:
    place = office.rpartition("-")[2]
    # What lies nowhere at all goes to the highest office there is.
    if any(tree.place(area) is None or tree.within(area, place) for tree in snapshot.trees):
        return None
    return Fault(detail=f"area {area} does not lie within that of its office", case_id=case_id, ids=ids)
