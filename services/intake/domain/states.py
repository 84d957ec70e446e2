"""The legal moves of a case, once and as data; docs/reference/case-states.md draws the same."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from contracts.codes import CaseState as S


class Move(StrEnum):
    REQUEST_SUPPLEMENT = "request_supplement"
    SUPPLEMENT = "supplement"
    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    RECLASSIFY = "reclassify"
    MERGE = "merge"
    UNMERGE = "unmerge"
    DISPATCH = "dispatch"
    SUSPEND = "suspend"
    RESUME = "resume"
    RESOLVE = "resolve"
    TERMINATE = "terminate"
    CLOSE = "close"
    REOPEN = "reopen"
    REVIEW = "review"
    ARCHIVE = "archive"


MOVES: Final[Mapping[tuple[S, Move], S]] = MappingProxyType(
    {
        (S.REGISTERED, Move.SUPPLEMENT): S.REGISTERED,
        (S.REGISTERED, Move.REQUEST_SUPPLEMENT): S.AWAITING_SUPPLEMENT,
        (S.REGISTERED, Move.ACCEPT): S.ACCEPTED,
        (S.REGISTERED, Move.DECLINE): S.NOT_ACCEPTED,
        (S.REGISTERED, Move.WITHDRAW): S.WITHDRAWN,
        (S.REGISTERED, Move.RECLASSIFY): S.REGISTERED,
        (S.REGISTERED, Move.MERGE): S.MERGED,
        (S.AWAITING_SUPPLEMENT, Move.SUPPLEMENT): S.REGISTERED,
        (S.AWAITING_SUPPLEMENT, Move.ACCEPT): S.ACCEPTED,
        (S.AWAITING_SUPPLEMENT, Move.WITHDRAW): S.WITHDRAWN,
        (S.AWAITING_SUPPLEMENT, Move.RECLASSIFY): S.AWAITING_SUPPLEMENT,
        (S.AWAITING_SUPPLEMENT, Move.MERGE): S.MERGED,
        (S.ACCEPTED, Move.DISPATCH): S.IN_PROGRESS,
        (S.ACCEPTED, Move.WITHDRAW): S.WITHDRAWN,
        (S.ACCEPTED, Move.MERGE): S.MERGED,
        (S.IN_PROGRESS, Move.SUSPEND): S.SUSPENDED,
        (S.IN_PROGRESS, Move.RESOLVE): S.RESOLVED,
        (S.IN_PROGRESS, Move.TERMINATE): S.TERMINATED,
        (S.IN_PROGRESS, Move.WITHDRAW): S.WITHDRAWN,
        (S.IN_PROGRESS, Move.MERGE): S.MERGED,
        (S.SUSPENDED, Move.RESUME): S.IN_PROGRESS,
        (S.SUSPENDED, Move.TERMINATE): S.TERMINATED,
        (S.SUSPENDED, Move.WITHDRAW): S.WITHDRAWN,
        (S.SUSPENDED, Move.MERGE): S.MERGED,
        (S.MERGED, Move.UNMERGE): S.ACCEPTED,
        (S.RESOLVED, Move.CLOSE): S.CLOSED,
        (S.RESOLVED, Move.REOPEN): S.IN_PROGRESS,
        (S.RESOLVED, Move.REVIEW): S.ACCEPTED,
        (S.CLOSED, Move.REOPEN): S.IN_PROGRESS,
        (S.CLOSED, Move.REVIEW): S.ACCEPTED,
        (S.CLOSED, Move.ARCHIVE): S.ARCHIVED,
    }
)
"""What is not solved yet may be taken back and merged; a solved case is closed or reopened."""

TERMINAL: Final = frozenset(set(S) - {before for before, _ in MOVES})
OVER: Final = TERMINAL | {S.CLOSED, S.MERGED}
"""Nothing is to be done any more, unless it is opened again or was merged wrongly."""


def after(state: S, move: Move) -> S | None:
    """The state that the move leads to, or `None` if it is not allowed here."""
    return MOVES.get((state, move))
