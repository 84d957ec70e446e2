"""A result is reviewed (复查、复核) after it was given and in time, and by nobody who has judged it before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from console.verify.registry import check
from console.verify.snapshot import Fault, JournalRow, Snapshot
from console.verify.timelines import decoded
from contracts.clocks import ClockFacts
from contracts.codes import ReferralRole
from contracts.events.base import CaseBound
from contracts.events.cases import CaseReopened, CaseResolved, CaseReviewRequested
from contracts.events.clocks import clocks_in
from contracts.events.referrals import ReferralCompleted, ReferralDispatched
from libraries.policies.reviews import RIGHTS


@dataclass(slots=True)
class _Story:
    """Whether there is a result, until when a review of it may be asked for, and who may not judge which round."""

    has_result: bool = False
    until: dict[UUID, datetime | None] = field(default_factory=dict)
    rounds: dict[int, CaseReviewRequested] = field(default_factory=dict)


@check("a review follows a result, is asked for in time, and is judged by nobody who has judged before")
def reviewed_by_others(snapshot: Snapshot) -> Iterator[Fault | None]:
    """From the journals alone: what intake said was asked for, and where routing says it went."""
    if snapshot.truncated:
        return
    for (service, case_id), rows in snapshot.journal_of.items():
        if service != "intake":
            continue
        story = _Story()
        for row in rows:
            event = decoded(row)
            wrong = _heard(story, event) if isinstance(event, CaseBound) else None
            if wrong is not None:
                yield Fault(detail=wrong, case_id=case_id, ids={"sequence": str(row.sequence)}) if wrong else None
        if story.rounds:
            yield from _judged(story, case_id, snapshot.journal_of.get(("routing", case_id), ()))


def _heard(story: _Story, event: CaseBound) -> str | None:
    """What is wrong with a review that the event asks for; empty if nothing, and none where it asks for none."""
    wrong = _unlawful(story, event) if isinstance(event, CaseReviewRequested) else None
    for clock in clocks_in(event):
        if isinstance(clock, ClockFacts) and clock.kind in RIGHTS:
            story.until[clock.clock_id] = clock.due_at
        elif not isinstance(clock, ClockFacts):
            story.until.pop(clock.clock_id, None)
    if isinstance(event, CaseResolved):
        story.has_result = True
    elif isinstance(event, CaseReopened | CaseReviewRequested):
        story.has_result = False
    if isinstance(event, CaseReviewRequested):
        story.rounds[event.round] = event
    return wrong


def _unlawful(story: _Story, event: CaseReviewRequested) -> str:
    if not story.has_result:
        return "a review was asked for, and there was no result"
    if not event.judged:
        return "a review of nobody's result"
    ends = [end for end in story.until.values() if end is not None]
    late = bool(ends) and event.requested_at > max(ends)
    return f"asked for at {event.requested_at}, after {max(ends)}" if late else ""


def _judged(story: _Story, case_id: UUID, rows: Sequence[JournalRow]) -> Iterator[Fault | None]:
    for row in rows:
        event = decoded(row)
        if not isinstance(event, ReferralDispatched | ReferralCompleted) or event.role is not ReferralRole.LEAD:
            continue
        asked = story.rounds.get(event.round)
        if asked is None:
            continue
        detail = f"{event.office} has round {event.round}, and has judged before"
        ids = {"referral_id": str(event.referral_id)}
        yield Fault(detail=detail, case_id=case_id, ids=ids) if event.office in asked.judged else None
