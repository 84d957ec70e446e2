"""Every acknowledged case stands exactly once everywhere, and everybody tells the same of it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from console.verify.registry import check
from console.verify.snapshot import CaseRow, Fault, ReferralRow, Snapshot
from contracts.codes import CaseState, ReferralRole, ReferralState
from contracts.events.cases import CaseRegistered

LIVE = frozenset({CaseState.IN_PROGRESS, CaseState.SUSPENDED})
DONE = frozenset({CaseState.RESOLVED, CaseState.CLOSED, CaseState.ARCHIVED})
ENDED = frozenset({ReferralState.RETURNED, ReferralState.COMPLETED, ReferralState.FAILED, ReferralState.CANCELLED})


@check("a registered case was said once by intake, and said cases are registered")
def registered_once(snapshot: Snapshot) -> Iterator[Fault | None]:
    published = Counter(
        case_id
        for (service, case_id), rows in snapshot.journal_of.items()
        if service == "intake"
        for row in rows
        if row.type == CaseRegistered.wire_type()
    )
    known = {case.case_id for case in snapshot.cases}
    for case_id in known:
        times = published[case_id]
        fine = times == 1 or (times == 0 and snapshot.truncated)
        yield None if fine else Fault(detail=f"case.registered was said {times} times", case_id=case_id)
    for case_id in published.keys() - known:
        yield Fault(detail="case.registered was said of a case that intake does not have", case_id=case_id)


@check("intake's cases and notify's are the same, with the same number and state")
def noted_once(snapshot: Snapshot) -> Iterator[Fault | None]:
    notify_cases = {row.case_id: row for row in snapshot.notify_cases}
    for case in snapshot.cases:
        if case.case_id not in snapshot.settled:
            continue
        there = notify_cases.get(case.case_id)
        if there is None:
            yield Fault(detail="notify does not have it", case_id=case.case_id)
        elif there.number != case.number:
            yield Fault(detail=f"its number is {case.number}, notify says {there.number}", case_id=case.case_id)
        elif there.state != case.state:
            yield Fault(detail=f"it is {case.state}, notify says {there.state}", case_id=case.case_id)
        else:
            yield None
    yield from _strangers(snapshot, notify_cases, "notify")


@check("a case is the same matter at intake, at routing and at notify")
def one_matter(snapshot: Snapshot) -> Iterator[Fault | None]:
    """Whoever said last which one it is, everybody has heard it."""
    there = {"routing": {row.case_id: row.category for row in snapshot.routed}}
    there["notify"] = {row.case_id: row.category for row in snapshot.notify_cases}
    for case in snapshot.cases:
        for service, known in there.items():
            if case.case_id in snapshot.settled and case.case_id in known:
                other = known[case.case_id]
                detail = f"it is {case.category}, {service} says {other}"
                yield None if other == case.category else Fault(detail=detail, case_id=case.case_id)


@check("an accepted case has a decision, and no other case has one")
def routed_once(snapshot: Snapshot) -> Iterator[Fault | None]:
    routed = {row.case_id: row for row in snapshot.routed}
    for case in snapshot.cases:
        if case.case_id not in snapshot.settled:
            continue
        there = routed.get(case.case_id)
        if case.accepted and there is None:
            yield Fault(detail="accepted, but routing does not have it", case_id=case.case_id)
        elif not case.accepted and there is not None and _handled(snapshot.referrals_of.get(case.case_id, ())):
            yield Fault(detail="routed, but never accepted", case_id=case.case_id)
        elif there is not None and there.decisions == 0:
            yield Fault(detail="routing has no decision for it", case_id=case.case_id)
        else:
            yield None
    yield from _strangers(snapshot, routed, "routing")


def _strangers(snapshot: Snapshot, there: object, service: str) -> Iterator[Fault]:
    known = {case.case_id for case in snapshot.cases}
    ids = there if isinstance(there, dict) else {}
    for case_id in ids.keys() - known:
        yield Fault(detail=f"{service} has a case that intake does not have", case_id=case_id)


def _handled(referrals: Sequence[ReferralRow]) -> bool:
    """A window may ask about the applicant before it accepts; anything else is work."""
    return not referrals or any(one.role != ReferralRole.CHECK for one in referrals)


@check("an accepted case has one live lead, or one that ended as the case did")
def one_lead(snapshot: Snapshot) -> Iterator[Fault | None]:
    for case in snapshot.cases:
        if case.case_id not in snapshot.settled or not case.accepted:
            continue
        leads = [r for r in snapshot.referrals_of.get(case.case_id, ()) if r.role == ReferralRole.LEAD]
        wrong = _wrong_with(case, leads)
        yield None if wrong is None else Fault(detail=wrong, case_id=case.case_id)


def _wrong_with(case: CaseRow, leads: list[ReferralRow]) -> str | None:
    live = [lead for lead in leads if lead.state not in ENDED]
    if not leads:
        return "it has no lead"
    if len(live) > 1:
        return f"{len(live)} live leads: {', '.join(lead.office for lead in live)}"
    last = live[0] if live else max(leads, key=lambda lead: (lead.dispatched_at, lead.referral_id))
    if case.lead != last.referral_id:
        return f"intake follows referral {case.lead}, the lead is {last.referral_id}"
    return _disagreement(case, last, is_live=bool(live))


def _disagreement(case: CaseRow, lead: ReferralRow, *, is_live: bool) -> str | None:
    expected = {
        **dict.fromkeys(LIVE, is_live),
        **dict.fromkeys(DONE, lead.state == ReferralState.COMPLETED),
        CaseState.TERMINATED: lead.state == ReferralState.FAILED,
        CaseState.WITHDRAWN: not is_live,
        CaseState.MERGED: not is_live,
    }
    if expected.get(CaseState(case.state), False):
        return None
    return f"the case is {case.state}, its lead is {lead.state}"


@check("notify knows every referral as routing does")
def referral_status_agrees(snapshot: Snapshot) -> Iterator[Fault | None]:
    referral_status = {status.referral_id: status for status in snapshot.referral_status}
    for referral in snapshot.referrals:
        if referral.case_id not in snapshot.settled:
            continue
        ids = {"referral_id": str(referral.referral_id)}
        status = referral_status.get(referral.referral_id)
        if status is None:
            yield Fault(detail="notify does not have this referral", case_id=referral.case_id, ids=ids)
        elif (status.office, status.state) != (referral.office, referral.state):
            detail = f"{referral.office} {referral.state}, notify says {status.office} {status.state}"
            yield Fault(detail=detail, case_id=referral.case_id, ids=ids)
        else:
            yield None
    known = {referral.referral_id for referral in snapshot.referrals}
    for status in snapshot.referral_status:
        if status.referral_id not in known:
            ids = {"referral_id": str(status.referral_id)}
            yield Fault(detail="notify has a referral that routing does not have", case_id=status.case_id, ids=ids)
