"""What lies before somebody: how pressing it is, in working days left, and what may be done with it next."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from contracts.codes import OF_LEADS, WINDOWS, CaseState, ClockKind, ReferralRole, ReferralState, Role
from libraries.deadlines import Calendar

SOON_DAYS: Final = 1
"""Due soon: on the last working day, or the one before."""


class Pressure(StrEnum):
    """How it stands with a date."""

    LATE = "late"
    TODAY = "today"
    SOON = "soon"
    CALM = "calm"
    PAUSED = "paused"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDate:
    """The most pressing date of something, and the working days until then."""

    at: datetime | None = None
    kind: str = ""
    clock: str = ""
    """Id of the clock, to ask why."""
    left: int = 0
    """Working days: 0 on the last day, below that how many have passed."""
    pressure: Pressure = Pressure.NONE


NOTHING_DUE: Final = DueDate()


def working_days_left(now: datetime, due_at: datetime, calendar: Calendar) -> int:
    """Through the day on which it is due; 0 on that day itself, negative when that day is over."""
    today, last = (calendar.civil_day(moment) for moment in (now, due_at))
    return calendar.working_days_until(last) - calendar.working_days_until(today)


def due_date(at: datetime | None, kind: str, clock: str, now: datetime, calendar: Calendar) -> DueDate:
    if at is None:
        return DueDate(kind=kind, clock=clock, pressure=Pressure.PAUSED)
    left = working_days_left(now, at, calendar)
    if now > at:
        return DueDate(at=at, kind=kind, clock=clock, left=min(left, -1), pressure=Pressure.LATE)
    today = calendar.civil_day(now) == calendar.civil_day(at)
    pressure = Pressure.TODAY if today else Pressure.SOON if left <= SOON_DAYS else Pressure.CALM
    return DueDate(at=at, kind=kind, clock=clock, left=left, pressure=pressure)


def most_pressing(clocks: Iterable[Mapping[str, Any]], now: datetime, calendar: Calendar) -> DueDate:
    """Of the clocks of a referral as routing tells them; one that stands still presses nobody."""
    open_ones = [clock for clock in clocks if clock["stopped_at"] is None and ClockKind(clock["kind"]) not in WINDOWS]
    running = [clock for clock in open_ones if clock["due_at"] is not None]
    if running:
        first = min(running, key=lambda clock: datetime.fromisoformat(clock["due_at"]))
        due_at = datetime.fromisoformat(first["due_at"])
        return due_date(due_at, first["kind"], first["clock_id"], now, calendar)
    if open_ones:
        return due_date(None, open_ones[0]["kind"], open_ones[0]["clock_id"], now, calendar)
    return NOTHING_DUE


class Group(StrEnum):
    """How an officer looks through the inbox."""

    ALL = "all"
    NEW = "new"
    LATE = "late"
    DUE = "due"
    WORKING = "working"
    WAITING = "waiting"


NEW: Final = frozenset({ReferralState.DISPATCHED})
WORKING: Final = frozenset({ReferralState.SIGNED, ReferralState.ACCEPTED, ReferralState.IN_PROGRESS})
WAITING: Final = frozenset({ReferralState.ON_HOLD, ReferralState.RETURN_REQUESTED})
OPEN_STATES: Final = (*sorted(NEW), *sorted(WORKING), *sorted(WAITING))


def groups_of(state: ReferralState, due: DueDate) -> frozenset[Group]:
    found = {Group.ALL}
    found |= {Group.NEW} if state in NEW else set()
    found |= {Group.WORKING} if state in WORKING else set()
    found |= {Group.WAITING} if state in WAITING else set()
    found |= {Group.LATE} if due.pressure is Pressure.LATE else set()
    found |= {Group.DUE} if due.pressure in {Pressure.TODAY, Pressure.SOON} else set()
    return frozenset(found)


def by_pressure(due: DueDate) -> tuple[bool, float]:
    """Sorts the most pressing first, and what has no date last."""
    return due.at is None, due.at.timestamp() if due.at is not None else 0.0


_AT_WORK: Final = (
    "classify",
    "progress",
    "complete",
    "hold",
    "extend",
    "fail",
    "add-co",
    "assign",
    "release-co",
    "urge",
    "forward",
    "refer-out",
    "request-check",
    "transfer",
)
ANSWERS: Final[Mapping[ReferralState, Sequence[str]]] = MappingProxyType(
    {
        ReferralState.DISPATCHED: ("classify", "sign", "accept", "return"),
        ReferralState.SIGNED: ("classify", "accept", "return"),
        ReferralState.ACCEPTED: _AT_WORK,
        ReferralState.IN_PROGRESS: _AT_WORK,
        ReferralState.ON_HOLD: ("classify", "resume", "release-co", "urge", "request-check"),
    }
)
"""What an office can say in each state; routing decides, this only spares people buttons that it would refuse."""
OF_CHECKS: Final[Mapping[ReferralState, Sequence[str]]] = MappingProxyType(
    {ReferralState.DISPATCHED: ("complete", "sign", "fail"), ReferralState.SIGNED: ("complete", "fail")}
)
"""What an office says that was asked about an applicant."""
WHEN_DEEMED: Final = ("sign", "accept", "return")
"""Where silence had accepted for it."""


def answers(state: ReferralState, role: ReferralRole, *, deemed: bool, locked: bool) -> tuple[str, ...]:
    possible = tuple(ANSWERS.get(state, ()))
    if role is ReferralRole.INFO:
        return tuple(answer for answer in possible if answer == "sign")
    if role is ReferralRole.CHECK:
        return tuple(OF_CHECKS.get(state, ()))
    if role is not ReferralRole.LEAD:
        possible = tuple(answer for answer in possible if answer not in {*OF_LEADS, "classify"})
    if deemed and state is ReferralState.ACCEPTED:
        possible = (*WHEN_DEEMED, *possible)
    return tuple(answer for answer in possible if not (locked and answer == "return"))


ACTS: Final[Mapping[CaseState, Sequence[str]]] = MappingProxyType(
    {
        CaseState.REGISTERED: (
            "accept",
            "request-supplement",
            "supplement",
            "decline",
            "withdraw",
            "reclassify",
            "merge",
        ),
        CaseState.AWAITING_SUPPLEMENT: ("supplement", "accept", "withdraw", "reclassify", "merge"),
        CaseState.ACCEPTED: ("withdraw", "merge"),
        CaseState.IN_PROGRESS: ("withdraw", "merge"),
        CaseState.SUSPENDED: ("withdraw", "merge"),
        CaseState.MERGED: ("unmerge",),
        CaseState.RESOLVED: ("callback", "reopen", "review"),
        CaseState.CLOSED: ("reopen", "review"),
    }
)
"""What a window can do with a case in each state; intake decides."""


OF_ASSISTANTS: Final = frozenset({"supplement"})
"""What a village assistant does with a case of an applicant of the own village; the rest is the window's."""


RIGHTS: Final = MappingProxyType({"reopen": "reopen_until", "review": "review_until"})
"""What an applicant may have done for a time, and where the case says until when."""


def acts(
    state: CaseState, untold: Sequence[str], role: Role = Role.CLERK, rights: Collection[str] = tuple(RIGHTS)
) -> tuple[str, ...]:
    """`rights` are those of the applicant that there are."""
    possible = (*(("applicant-told",) if untold else ()), *ACTS.get(state, ()))
    lost = RIGHTS.keys() - set(rights)
    return tuple(act for act in possible if act not in lost and (role is not Role.ASSISTANT or act in OF_ASSISTANTS))


def rights_of(case: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    """What the applicant may still have done with a case as intake tells of it."""
    ends = {act: case[name] for act, name in RIGHTS.items()}
    return tuple(act for act, end in ends.items() if end is not None and now <= datetime.fromisoformat(end))


_LIVE: Final = frozenset(ANSWERS) | {ReferralState.RETURN_REQUESTED}


ON_EXTENSION: Final = ("grant-extension", "refuse-extension")


def decisions(
    state: ReferralState, role: ReferralRole, *, asked_longer: bool = False, of: Role = Role.COORDINATOR
) -> tuple[str, ...]:
    """What a coordinator or the head of an office may decide on a referral; routing says whose word it is."""
    longer = ON_EXTENSION if asked_longer else ()
    return longer if of is Role.HEAD else (*longer, *_decisions(state, role))


def _decisions(state: ReferralState, role: ReferralRole) -> tuple[str, ...]:
    again = ("reclassify",) if role is ReferralRole.LEAD else ()
    if state is ReferralState.RETURN_REQUESTED:
        return ("approve-return", "refuse-return", "arbitrate", *again)
    if state not in _LIVE:
        return ()
    resumed = ("resume",) if state is ReferralState.ON_HOLD else ()
    return (*resumed, "reassign" if role is ReferralRole.LEAD else "recall", *again)
