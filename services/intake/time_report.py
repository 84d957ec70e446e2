"""Who used how many days, over HTTP: the whole life of a case in consecutive pieces, and the sums of each holder."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from contracts.codes import CaseState, CaseStep, TimeKind
from libraries.deadlines.accounting import Piece, Spent, pieces, total, totals
from libraries.deadlines.civil_time import DAY
from libraries.policies import Policy
from services.intake.domain.case import Case
from services.intake.domain.holders import APPLICANT, DISPATCHING, accounts
from services.intake.domain.time_account import NOBODY, Holder, TimeAccount
from services.intake.store import TimelineEntry

NAMES: Final = MappingProxyType(
    {APPLICANT: ("申请人", "the applicant"), DISPATCHING: ("派单环节", "dispatching"), NOBODY: ("无", "nobody")}
)
OUTSIDE: Final = ("受理、派单、回访", "acceptance, dispatching, callback")
"""What belongs to no referral."""
SECOND: Final = timedelta(seconds=1)


class SpentView(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds are exact and add up; days are the same figures for people. A working day has 24 hours."""

    calendar_seconds: int
    working_seconds: int
    calendar_days: float
    working_days: float


class PieceView(msgspec.Struct, frozen=True, kw_only=True):
    """`referral_id` is the referral in which it happened, also while another decides on its return."""

    start: datetime
    end: datetime
    holder: str
    holder_zh: str
    holder_en: str
    kind: TimeKind
    kind_zh: str
    step: CaseStep
    step_zh: str
    reason: str
    reason_zh: str
    reason_en: str
    round: int
    referral_id: UUID | None
    spent: SpentView


class HolderView(msgspec.Struct, frozen=True, kw_only=True):
    """`used` is the holder's own time; nobody is charged for `paused` and `waiting`."""

    holder: str
    holder_zh: str
    holder_en: str
    calendar: str
    """By whose days its time is counted: an office may have a calendar of its own."""
    used: SpentView
    paused: SpentView
    waiting: SpentView


class ReferralTimeView(msgspec.Struct, frozen=True, kw_only=True):
    """One referral's part of the whole, with the decision on its return; or what belongs to none, without an id."""

    referral_id: UUID | None
    office: str
    office_zh: str
    office_en: str
    used: SpentView
    paused: SpentView
    waiting: SpentView
    whole: SpentView


class BesideView(msgspec.Struct, frozen=True, kw_only=True):
    """A co-handler's own account. It runs beside the lead's and is no part of the whole."""

    referral_id: UUID
    whole: SpentView
    pieces: tuple[PieceView, ...]
    holders: tuple[HolderView, ...]


class TimeView(msgspec.Struct, frozen=True, kw_only=True):
    """From registration until the end, or until now: `pieces`, `holders` and `referrals` each add up to `whole`."""

    case_id: UUID
    number: str
    state: CaseState
    state_zh: str
    start: datetime
    end: datetime
    over: bool
    provisional: bool
    """Working days were counted through days that a notice of holidays may still move."""
    calendar: str
    """Of all who have none of their own."""
    whole: SpentView
    pieces: tuple[PieceView, ...]
    holders: tuple[HolderView, ...]
    referrals: tuple[ReferralTimeView, ...]
    co_handlers: tuple[BesideView, ...]


def to_time(case: Case, entries: Sequence[TimelineEntry], policy: Policy, now: datetime) -> TimeView:
    found = accounts((entry.at, event) for entry in entries if (event := entry.event) is not None)
    main = _pieces(found.case, policy, now)
    start, end = (main[0].start, main[-1].end) if main else (case.registered_at, found.case.until(now))
    return TimeView(
        case_id=case.id,
        number=case.number,
        state=case.state,
        state_zh=case.state.zh,
        start=start,
        end=end,
        over=found.case.over,
        provisional=policy.calendar.date_of(end) > policy.calendar.settled_through,
        calendar=policy.calendar.version,
        whole=_spent(total(main)),
        pieces=_views(main, policy),
        holders=_holders(main, policy),
        referrals=_referrals(main, found.case, policy),
        co_handlers=tuple(_beside(one, account, policy, now) for one, account in found.beside.items()),
    )


def _pieces(account: TimeAccount, policy: Policy, now: datetime) -> tuple[Piece[Holder], ...]:
    return pieces(account.report(), account.until(now), lambda held: policy.calendar_of(held.holder))


def _beside(referral_id: UUID, account: TimeAccount, policy: Policy, now: datetime) -> BesideView:
    own = _pieces(account, policy, now)
    return BesideView(
        referral_id=referral_id, whole=_spent(total(own)), pieces=_views(own, policy), holders=_holders(own, policy)
    )


def _views(parts: Iterable[Piece[Holder]], policy: Policy) -> tuple[PieceView, ...]:
    return tuple(_view(part, policy) for part in parts)


def _view(part: Piece[Holder], policy: Policy) -> PieceView:
    held = part.held
    holder_zh, holder_en = _name(held.holder, policy)
    reason = policy.reasons.get(held.reason)
    return PieceView(
        start=part.start,
        end=part.end,
        holder=held.holder,
        holder_zh=holder_zh,
        holder_en=holder_en,
        kind=held.kind,
        kind_zh=held.kind.zh,
        step=held.step,
        step_zh=held.step.zh,
        reason=held.reason,
        reason_zh=reason.zh if reason is not None else held.reason,
        reason_en=reason.en if reason is not None else held.reason,
        round=held.round,
        referral_id=held.referral_id,
        spent=_spent(part.spent),
    )


def _holders(parts: Sequence[Piece[Holder]], policy: Policy) -> tuple[HolderView, ...]:
    by_kind = totals(parts, lambda held: (held.holder, held.kind))
    views = []
    for holder in dict.fromkeys(part.held.holder for part in parts):
        zh, en = _name(holder, policy)
        spent = {kind: _spent(by_kind.get((holder, kind), Spent())) for kind in TimeKind}
        views.append(
            HolderView(
                holder=holder,
                holder_zh=zh,
                holder_en=en,
                calendar=policy.calendar_of(holder).version,
                used=spent[TimeKind.USED],
                paused=spent[TimeKind.PAUSED],
                waiting=spent[TimeKind.WAITING],
            )
        )
    return tuple(views)


def _referrals(parts: Sequence[Piece[Holder]], account: TimeAccount, policy: Policy) -> tuple[ReferralTimeView, ...]:
    """In the order of first appearance; the office is the one that had the referral, not who decided on its return."""
    offices = {turn.held.referral_id: turn.held.holder for turn in account.intervals if turn.held.of_a_referral}
    by_kind = totals(parts, lambda held: (held.referral_id, held.kind))
    views = []
    for referral in dict.fromkeys(part.held.referral_id for part in parts):
        office = offices.get(referral, "")
        zh, en = _name(office, policy) if office else OUTSIDE
        spent = {kind: by_kind.get((referral, kind), Spent()) for kind in TimeKind}
        views.append(
            ReferralTimeView(
                referral_id=referral,
                office=office,
                office_zh=zh,
                office_en=en,
                used=_spent(spent[TimeKind.USED]),
                paused=_spent(spent[TimeKind.PAUSED]),
                waiting=_spent(spent[TimeKind.WAITING]),
                whole=_spent(sum(spent.values(), Spent())),
            )
        )
    return tuple(views)


def _name(holder: str, policy: Policy) -> tuple[str, str]:
    office = policy.offices.get(holder)
    return (office.zh, office.en) if office is not None else NAMES.get(holder, (holder, holder))


def _spent(spent: Spent) -> SpentView:
    return SpentView(
        calendar_seconds=spent.calendar // SECOND,
        working_seconds=spent.working // SECOND,
        calendar_days=round(spent.calendar / DAY, 2),
        working_days=round(spent.working / DAY, 2),
    )
