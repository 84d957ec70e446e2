"""What superiors decide: on returns, on more time, between offices that disagree, against the rules; and who did."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.refusals import Refused
from libraries.policies import Policy
from libraries.policies.reasons import refused_reason
from libraries.runtime.web.auth import Initiator, Principal, Role
from services.routing import store
from services.routing.domain import extension, supervision
from services.routing.domain.deciders import Authority, coordinates, decides, not_the_decider, office_of, out_of_area
from services.routing.domain.lead_limit import cap_co_handlers
from services.routing.domain.pauses import RequestedCorrection, correct_pause
from services.routing.domain.possible import with_possible
from services.routing.domain.reclassifying import NewMatter, reclassify, requested
from services.routing.domain.referral import Change, Referral, Routing
from services.routing.domain.timing import Context
from services.routing.publishing import record
from services.routing.rows import Act


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that is decided on one referral."""


class ReturnDecision(Decision, frozen=True, kw_only=True):
    """Approve or refuse a return. `to` names the next office; without it the rules choose among the others."""

    approve: bool
    reason: str = ""
    to: str | None = None


class ExtensionDecision(Decision, frozen=True, kw_only=True):
    """Grant or refuse more time; silence refuses. `by` is how much, at most what was asked for and all of it if absent.

    The reason is mandatory for a refusal; a grant has the reason of who asked, if it names none.
    """

    approve: bool
    reason: str = ""
    by: str | None = None


class Arbitration(Decision, frozen=True, kw_only=True):
    """Settle between offices that disagree: `to` has it for good and cannot return it."""

    to: str
    reason: str


class Reassignment(Decision, frozen=True, kw_only=True):
    """Send a live lead elsewhere; its time goes on from where it stands."""

    to: str
    reason: str


class Recall(Decision, frozen=True, kw_only=True):
    """Take a co-handler's or a copy's referral back."""

    reason: str


class Resumption(Decision, frozen=True, kw_only=True):
    """Let a referral go on that its office keeps on hold (恢复); the clocks run on from now."""

    reason: str = ""


class Reclassification(Decision, frozen=True, kw_only=True):
    """It is another matter, or lies elsewhere, than was registered (改类): the rules decide anew, and its time goes on.

    `category`, `area`, or both; what is left out stays.
    """

    category: str = ""
    area: str = ""
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
        "decide-extension": ExtensionDecision,
        "arbitrate": Arbitration,
        "reassign": Reassignment,
        "reclassify": Reclassification,
        "recall": Recall,
        "correct-pause": CorrectPause,
    }
)
"""By the last part of the path."""
RECLASSIFY: Final = "reclassify"
PATHS: Final = MappingProxyType({kind: path for path, kind in DECISIONS.items()} | {Resumption: "resume"})


async def decide(
    decision: Decision,
    case_id: UUID,
    referral_id: UUID,
    conn: AsyncConnection,
    context: Context,
    *,
    at: datetime,
    user: Principal,
) -> Routing | Refused:
    """The routing after the decision; a refused one changes nothing."""
    before = await store.lock_routings(conn, [case_id])
    routing = before[case_id]
    initiator = _decider(decision, routing, routing.referral(referral_id), user, context.policy)
    if isinstance(initiator, Refused):
        return with_possible(initiator, routing, referral_id, context.policy, at)
    change = _decided(decision, Change(routing=routing, at=at, by=initiator.actor), referral_id, context)
    if isinstance(change, Refused):
        return with_possible(change, routing, referral_id, context.policy, at)
    change = cap_co_handlers(change, context.policy)
    await record(conn, before, [change], context.policy)
    await store.save_act(conn, _act(decision, change, referral_id, initiator))
    return change.routing


def authority_of(user: Principal) -> Authority:
    return Authority(office=user.office or "", area=user.area or "")


def _decider(
    decision: Decision, routing: Routing, referral: Referral, user: Principal, policy: Policy
) -> Initiator | Refused:
    """As which office the caller decides, or why not."""
    authority = authority_of(user)
    if isinstance(decision, ExtensionDecision):
        return _on_extension(referral, user, policy)
    ends_a_hold = isinstance(decision, Resumption)
    deciders = coordinates(routing, policy) if ends_a_hold else decides(routing, referral, policy)
    office = office_of(authority, deciders, policy)
    if office is None:
        return not_the_decider(deciders)
    to: str | None = getattr(decision, "to", None)
    refused = out_of_area(authority, office, to, policy) if to is not None else None
    return refused or Initiator.of(user, office)


def _on_extension(referral: Referral, user: Principal, policy: Policy) -> Initiator | Refused:
    """The office whose clock it is; where the head of the asking office has to agree, nobody else of it."""
    clock = next(iter(referral.open_clocks(extension.DECISION)), None)
    if clock is None:
        return Refused(code="no_extension_asked", facts={"state": referral.state})
    office = office_of(authority_of(user), (clock.office,), policy)
    if extension.needs_head(referral, policy):
        if user.role is Role.HEAD and office is not None:
            return Initiator.of(user, office)
        until = clock.due(policy.calendar_of(clock.office)).due_at
        return Refused(
            code="not_the_head", facts={"office": clock.office, "until": policy.calendar.local_or_none(until)}
        )
    return Initiator.of(user, office) if office is not None else not_the_decider((clock.office,))


def _act(decision: Decision, change: Change, referral_id: UUID, initiator: Initiator) -> Act:
    done = PATHS[type(decision)]
    if isinstance(decision, ReturnDecision):
        done = "approve-return" if decision.approve else "refuse-return"
    if isinstance(decision, ExtensionDecision):
        done = "grant-extension" if decision.approve else "refuse-extension"
    return Act(
        case_id=change.case_id,
        referral_id=referral_id,
        act=done,
        reason=getattr(decision, "reason", ""),
        at=change.at,
        by=initiator.actor,
        subject=initiator.subject,
    )


def _decided(decision: Decision, change: Change, referral_id: UUID, context: Context) -> Change | Refused:
    match decision:
        case ReturnDecision(approve=approve, reason=reason, to=to):
            return supervision.decide_return(change, referral_id, context, approve=approve, reason=reason, to=to)
        case ExtensionDecision(approve=approve, reason=reason, by=by):
            return extension.decide_extension(change, referral_id, context, approve=approve, reason=reason, by=by)
        case Arbitration(to=to, reason=reason):
            return supervision.arbitrate(change, referral_id, context, to=to, reason=reason)
        case Reassignment(to=to, reason=reason):
            return supervision.reassign(change, referral_id, context, to=to, reason=reason)
        case Reclassification():
            return _reclassified(decision, change, referral_id, context)
        case Recall(reason=reason):
            return supervision.take_back(change, referral_id, context, reason=reason)
        case Resumption(reason=reason):
            return supervision.go_on(change, referral_id, context, reason=reason)
        case CorrectPause():
            return _corrected(decision, change, referral_id, context)
        case _:
            raise TypeError(type(decision).__name__)


def _reclassified(said: Reclassification, change: Change, referral_id: UUID, context: Context) -> Change | Refused:
    if unknown := refused_reason(context.policy, said.reason, RECLASSIFY):
        return unknown
    wanted = NewMatter(category=said.category, area=said.area, reason=said.reason)
    own = context.policy.offices.get(change.by.office)
    now = requested(change.routing, wanted, context.policy, (own.area,) if own is not None else ())
    return now if isinstance(now, Refused) else reclassify(change, referral_id, context, now, reason=said.reason)


def _corrected(said: CorrectPause, change: Change, referral_id: UUID, context: Context) -> Change | Refused:
    wanted = RequestedCorrection(
        pause=said.pause, start=said.start, end=said.end, reason=said.reason, approver=said.approver
    )
    return correct_pause(change, referral_id, context, wanted)
