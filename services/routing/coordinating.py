"""What a coordinator decides: on returns, between offices that disagree, and against the rules."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.refusals import Refused
from services.routing import store
from services.routing.answering import SERVICE
from services.routing.domain import supervision
from services.routing.domain.nesting import nested
from services.routing.domain.pauses import Wanted, correct_pause
from services.routing.domain.referral import Change, Routing
from services.routing.domain.timing import Desk
from services.routing.translate import to_outgoing
from services.runtime import journal


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a coordinator decides on one referral."""


class ReturnDecision(Decision, frozen=True, kw_only=True):
    """Approve or refuse a return. `to` names the next office; without it the rules choose among the others."""

    approve: bool
    reason: str = ""
    to: str | None = None


class Arbitration(Decision, frozen=True, kw_only=True):
    """Settle between offices: `to` has it for good and cannot return it."""

    to: str
    reason: str = ""


class Reassignment(Decision, frozen=True, kw_only=True):
    """Send a live lead elsewhere; its time goes on from where it stands."""

    to: str
    reason: str


class Recall(Decision, frozen=True, kw_only=True):
    """Take a co-handler's or a copy's referral back."""

    reason: str


class CorrectPause(Decision, frozen=True, kw_only=True):
    """Put right a pause of the running clock that was wrongly reported; the new date is said, the old pause kept.

    `pause` counts from 0. A pause that never was begins and ends at one moment; one that still lasts has no end.
    """

    pause: int
    start: datetime
    end: datetime | None = None
    reason: str
    approver: str


DECISIONS: Final[Mapping[str, type[Decision]]] = MappingProxyType(
    {
        "decide-return": ReturnDecision,
        "arbitrate": Arbitration,
        "reassign": Reassignment,
        "recall": Recall,
        "correct-pause": CorrectPause,
    }
)
"""By the last part of the path."""


async def decide(
    decision: Decision, case_id: UUID, referral_id: UUID, conn: AsyncConnection, desk: Desk, *, at: datetime, by: str
) -> Routing | Refused:
    """The routing after the decision; a refused one changes nothing."""
    before = await store.lock_routings(conn, [case_id])
    change = _decided(decision, Change(routing=before[case_id], at=at), referral_id, desk, by)
    if isinstance(change, Refused):
        return change
    change = nested(change, desk.policy)
    await store.save_changes(conn, before, [change], desk.policy)
    await store.save_corrections(conn, change.case_id, change.corrections)
    await journal.add(conn, SERVICE, list(to_outgoing([change], desk.policy)))
    return change.routing


def _decided(decision: Decision, change: Change, referral_id: UUID, desk: Desk, by: str) -> Change | Refused:
    match decision:
        case ReturnDecision(approve=approve, reason=reason, to=to):
            return supervision.decide_return(change, referral_id, desk, approve=approve, reason=reason, to=to, by=by)
        case Arbitration(to=to, reason=reason):
            return supervision.arbitrate(change, referral_id, desk, to=to, reason=reason, by=by)
        case Reassignment(to=to, reason=reason):
            return supervision.reassign(change, referral_id, desk, to=to, reason=reason, by=by)
        case Recall(reason=reason):
            return supervision.take_back(change, referral_id, desk, reason=reason)
        case CorrectPause():
            return _corrected(decision, change, referral_id, desk, by)
        case _:
            raise TypeError(type(decision).__name__)


def _corrected(said: CorrectPause, change: Change, referral_id: UUID, desk: Desk, by: str) -> Change | Refused:
    wanted = Wanted(pause=said.pause, start=said.start, end=said.end, reason=said.reason, approver=said.approver)
    return correct_pause(change, referral_id, desk, wanted, by=by)
