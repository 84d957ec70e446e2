"""What is possible with a case as it stands: every refusal of an act at the window says so, by whom and until when."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from contracts.codes import CaseState, ClockKind
from contracts.refusals import REFUSALS, PossibleAct, Refused
from libraries.policies import Policy
from libraries.policies.decision import coordinator
from services.intake.domain.case import Case
from services.intake.domain.reopening import right_until
from services.intake.domain.reviewing import review_until, reviewable
from services.intake.domain.states import Move, after

OF_ACTS: Final = frozenset({403, 409})
"""Statuses of what is refused because of how things stand, and not for what was sent."""
DOORS: Final[Mapping[Move, tuple[str, ClockKind | None]]] = MappingProxyType(
    {
        Move.REQUEST_SUPPLEMENT: ("request-supplement", ClockKind.SUPPLEMENT_NOTICE),
        Move.SUPPLEMENT: ("supplement", ClockKind.SUPPLEMENT),
        Move.ACCEPT: ("accept", ClockKind.ACCEPTANCE),
        Move.DECLINE: ("decline", ClockKind.ACCEPTANCE),
        Move.WITHDRAW: ("withdraw", None),
        Move.RECLASSIFY: ("reclassify", None),
        Move.MERGE: ("merge", None),
        Move.UNMERGE: ("unmerge", None),
        Move.CLOSE: ("callback", ClockKind.CALLBACK),
        Move.REOPEN: ("reopen", None),
        Move.REVIEW: ("review", None),
    }
)
"""The last part of the path, and the clock that says until when it is due."""
RIGHTS: Final = frozenset({Move.REOPEN, Move.REVIEW})
"""What the applicant may have done for a time, and not after it."""
AT_OFFICES: Final = frozenset({CaseState.IN_PROGRESS, CaseState.SUSPENDED})
"""Where the case is routing's to reclassify, by whoever coordinates it."""


def with_possible(refused: Refused, case: Case, policy: Policy, at: datetime) -> Refused:
    """The refusal with what could be done instead, where it is the state of things that refuses."""
    if REFUSALS[refused.code].status not in OF_ACTS:
        return refused
    possible = possible_now(case, policy, at)
    named = {"possible": [one.act for one in possible]} if "possible" in refused.facts else {}
    return replace(refused, facts={**refused.facts, **named}, possible=possible)


def possible_now(case: Case, policy: Policy, at: datetime) -> tuple[PossibleAct, ...]:
    """In the order of the moves. What is due by then stays possible after it; a right of the applicant does not."""
    window, sender = case.first_contact_office, coordinator(policy, case.area)
    found = []
    for move, (act, clock) in DOORS.items():
        if after(case.state, move) is None or (move is Move.REOPEN and case.erased):
            continue
        until = _due(case, clock, policy)
        if move in RIGHTS:
            until = _right(move, case, policy)
            if until is None or at > until:
                continue
        # A second notice needs a superior.
        by = sender if move is Move.REQUEST_SUPPLEMENT and case.notices else window
        found.append(PossibleAct(act=act, by=(by,), until=until))
    if case.state in AT_OFFICES:
        found.append(PossibleAct(act="reclassify", by=(sender,)))
    if case.pending_notices:
        found.append(PossibleAct(act="applicant-told", by=(window,)))
    return tuple(found)


def _right(move: Move, case: Case, policy: Policy) -> datetime | None:
    if move is Move.REOPEN:
        return right_until(case, policy, called_back_at=case.called_back_at)
    return review_until(case, policy) if reviewable(case, policy) else None


def _due(case: Case, kind: ClockKind | None, policy: Policy) -> datetime | None:
    clock = next((clock for clock in case.clocks if clock.kind is kind), None)
    return clock.announced(policy.calendar_of(clock.office)).due_at if clock is not None else None
