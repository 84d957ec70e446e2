"""The legal moves of a referral, once and as data: `docs/reference/referral-states.md` is rendered from them."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from contracts.codes import OF_LEADS, FeedbackAction
from contracts.codes import ReferralState as S


class Move(StrEnum):
    SIGN = "sign"
    ACCEPT = "accept"
    DEEM_ACCEPTED = "deem_accepted"
    REQUEST_RETURN = "request_return"
    APPROVE_RETURN = "approve_return"
    REFUSE_RETURN = "refuse_return"
    PROGRESS = "progress"
    HOLD = "hold"
    RESUME = "resume"
    EXTEND = "extend"
    GRANT_EXTENSION = "grant_extension"
    REFUSE_EXTENSION = "refuse_extension"
    COMPLETE = "complete"
    FAIL = "fail"
    ADD_CO = "add_co"
    RELEASE_CO = "release_co"
    URGE = "urge"
    TRANSFER = "transfer"
    FORWARD = "forward"
    ASSIGN = "assign"
    REFER_OUT = "refer_out"
    REQUEST_CHECK = "request_check"
    CLASSIFY = "classify"
    CANCEL = "cancel"
    REWORK = "rework"


MOVES: Final[Mapping[tuple[S, Move], S]] = MappingProxyType(
    {
        (S.DISPATCHED, Move.SIGN): S.SIGNED,
        (S.DISPATCHED, Move.ACCEPT): S.ACCEPTED,
        (S.DISPATCHED, Move.DEEM_ACCEPTED): S.ACCEPTED,
        (S.DISPATCHED, Move.REQUEST_RETURN): S.RETURN_REQUESTED,
        (S.DISPATCHED, Move.COMPLETE): S.COMPLETED,
        (S.DISPATCHED, Move.FAIL): S.FAILED,
        (S.DISPATCHED, Move.CLASSIFY): S.CANCELLED,
        (S.DISPATCHED, Move.CANCEL): S.CANCELLED,
        (S.SIGNED, Move.ACCEPT): S.ACCEPTED,
        (S.SIGNED, Move.DEEM_ACCEPTED): S.ACCEPTED,
        (S.SIGNED, Move.REQUEST_RETURN): S.RETURN_REQUESTED,
        (S.SIGNED, Move.COMPLETE): S.COMPLETED,
        (S.SIGNED, Move.FAIL): S.FAILED,
        (S.SIGNED, Move.CLASSIFY): S.CANCELLED,
        (S.SIGNED, Move.CANCEL): S.CANCELLED,
        (S.RETURN_REQUESTED, Move.APPROVE_RETURN): S.RETURNED,
        (S.RETURN_REQUESTED, Move.REFUSE_RETURN): S.ACCEPTED,
        (S.RETURN_REQUESTED, Move.CANCEL): S.CANCELLED,
        (S.ACCEPTED, Move.SIGN): S.ACCEPTED,
        (S.ACCEPTED, Move.ACCEPT): S.ACCEPTED,
        (S.ACCEPTED, Move.REQUEST_RETURN): S.RETURN_REQUESTED,
        (S.ACCEPTED, Move.PROGRESS): S.IN_PROGRESS,
        (S.ACCEPTED, Move.HOLD): S.ON_HOLD,
        (S.ACCEPTED, Move.EXTEND): S.ACCEPTED,
        (S.ACCEPTED, Move.GRANT_EXTENSION): S.ACCEPTED,
        (S.ACCEPTED, Move.REFUSE_EXTENSION): S.ACCEPTED,
        (S.ACCEPTED, Move.COMPLETE): S.COMPLETED,
        (S.ACCEPTED, Move.FAIL): S.FAILED,
        (S.ACCEPTED, Move.ADD_CO): S.ACCEPTED,
        (S.ACCEPTED, Move.RELEASE_CO): S.ACCEPTED,
        (S.ACCEPTED, Move.URGE): S.ACCEPTED,
        (S.ACCEPTED, Move.FORWARD): S.ACCEPTED,
        (S.ACCEPTED, Move.ASSIGN): S.ACCEPTED,
        (S.ACCEPTED, Move.REFER_OUT): S.ACCEPTED,
        (S.ACCEPTED, Move.REQUEST_CHECK): S.ACCEPTED,
        (S.ACCEPTED, Move.TRANSFER): S.CANCELLED,
        (S.ACCEPTED, Move.CLASSIFY): S.CANCELLED,
        (S.ACCEPTED, Move.CANCEL): S.CANCELLED,
        (S.IN_PROGRESS, Move.PROGRESS): S.IN_PROGRESS,
        (S.IN_PROGRESS, Move.HOLD): S.ON_HOLD,
        (S.IN_PROGRESS, Move.EXTEND): S.IN_PROGRESS,
        (S.IN_PROGRESS, Move.GRANT_EXTENSION): S.IN_PROGRESS,
        (S.IN_PROGRESS, Move.REFUSE_EXTENSION): S.IN_PROGRESS,
        (S.IN_PROGRESS, Move.COMPLETE): S.COMPLETED,
        (S.IN_PROGRESS, Move.FAIL): S.FAILED,
        (S.IN_PROGRESS, Move.ADD_CO): S.IN_PROGRESS,
        (S.IN_PROGRESS, Move.RELEASE_CO): S.IN_PROGRESS,
        (S.IN_PROGRESS, Move.URGE): S.IN_PROGRESS,
        (S.IN_PROGRESS, Move.FORWARD): S.IN_PROGRESS,
        (S.IN_PROGRESS, Move.ASSIGN): S.IN_PROGRESS,
        (S.IN_PROGRESS, Move.REFER_OUT): S.IN_PROGRESS,
        (S.IN_PROGRESS, Move.REQUEST_CHECK): S.IN_PROGRESS,
        (S.IN_PROGRESS, Move.TRANSFER): S.CANCELLED,
        (S.IN_PROGRESS, Move.CLASSIFY): S.CANCELLED,
        (S.IN_PROGRESS, Move.CANCEL): S.CANCELLED,
        (S.ON_HOLD, Move.RESUME): S.IN_PROGRESS,
        (S.ON_HOLD, Move.GRANT_EXTENSION): S.ON_HOLD,
        (S.ON_HOLD, Move.REFUSE_EXTENSION): S.ON_HOLD,
        (S.ON_HOLD, Move.RELEASE_CO): S.ON_HOLD,
        (S.ON_HOLD, Move.URGE): S.ON_HOLD,
        (S.ON_HOLD, Move.REQUEST_CHECK): S.ON_HOLD,
        (S.ON_HOLD, Move.CLASSIFY): S.CANCELLED,
        (S.ON_HOLD, Move.CANCEL): S.CANCELLED,
        (S.COMPLETED, Move.REWORK): S.IN_PROGRESS,
    }
)
"""ACCEPTED can be signed, accepted and returned only where silence had made it so: the office's own word may still
come, and no silence takes away the time to object that the law gives (信访工作条例 23)."""

WHEN_DEEMED: Final = frozenset({Move.SIGN, Move.ACCEPT, Move.REQUEST_RETURN})
"""Moves out of ACCEPTED that need it to have been deemed."""

WHEN_ASKED_LONGER: Final = frozenset({Move.GRANT_EXTENSION, Move.REFUSE_EXTENSION})
"""Moves that need an extension to be asked for; while one is, none is asked for again."""

OF_CHECKS: Final = frozenset({Move.SIGN, Move.COMPLETE, Move.FAIL, Move.CANCEL})
"""All that happens to a check: it is signed for, answered, or taken back."""

UNACCEPTED: Final = frozenset(
    (state, move) for state in (S.DISPATCHED, S.SIGNED) for move in (Move.COMPLETE, Move.FAIL)
)
"""Moves of a check alone: nobody takes a question on before answering it."""

ENDED: Final = frozenset({S.RETURNED, S.COMPLETED, S.FAILED, S.CANCELLED})

BY_OFFICE: Final[Mapping[FeedbackAction, Move]] = MappingProxyType(
    {
        FeedbackAction.SIGN: Move.SIGN,
        FeedbackAction.ACCEPT: Move.ACCEPT,
        FeedbackAction.RETURN: Move.REQUEST_RETURN,
        FeedbackAction.PROGRESS: Move.PROGRESS,
        FeedbackAction.HOLD: Move.HOLD,
        FeedbackAction.RESUME: Move.RESUME,
        FeedbackAction.EXTEND: Move.EXTEND,
        FeedbackAction.COMPLETE: Move.COMPLETE,
        FeedbackAction.FAIL: Move.FAIL,
        FeedbackAction.ADD_CO: Move.ADD_CO,
        FeedbackAction.RELEASE_CO: Move.RELEASE_CO,
        FeedbackAction.URGE: Move.URGE,
        FeedbackAction.TRANSFER: Move.TRANSFER,
        FeedbackAction.FORWARD: Move.FORWARD,
        FeedbackAction.ASSIGN: Move.ASSIGN,
        FeedbackAction.REFER_OUT: Move.REFER_OUT,
        FeedbackAction.REQUEST_CHECK: Move.REQUEST_CHECK,
        FeedbackAction.CLASSIFY: Move.CLASSIFY,
    }
)


LETS_GO: Final = ENDED | {S.RETURN_REQUESTED}
"""Where an office does not ask for more time any more."""


class Actor(StrEnum):
    """Whose a move is."""

    OFFICE = "office"
    """Whoever has the referral."""
    LEAD = "lead"
    """The same, if it is the lead."""
    DECIDER = "decider"
    """Who was asked to decide."""
    COORDINATOR = "coordinator"
    """The coordinating office, and those above it."""
    TIME = "time"
    """Nobody: silence, once its time has passed."""
    CASE = "case"
    """What happens to the case."""


OF_ANY: Final = frozenset({Move.SIGN})
"""What the office of a copy does too."""
ACTORS: Final[Mapping[Move, tuple[Actor, ...]]] = MappingProxyType(
    {
        **dict.fromkeys(BY_OFFICE.values(), (Actor.OFFICE,)),
        **{BY_OFFICE[action]: (Actor.LEAD,) for action in OF_LEADS},
        Move.EXTEND: (Actor.LEAD,),
        Move.CLASSIFY: (Actor.LEAD,),
        Move.RESUME: (Actor.OFFICE, Actor.COORDINATOR),
        Move.DEEM_ACCEPTED: (Actor.TIME,),
        Move.APPROVE_RETURN: (Actor.DECIDER,),
        Move.REFUSE_RETURN: (Actor.DECIDER,),
        Move.GRANT_EXTENSION: (Actor.DECIDER,),
        Move.REFUSE_EXTENSION: (Actor.DECIDER, Actor.TIME),
        Move.CANCEL: (Actor.COORDINATOR, Actor.LEAD, Actor.CASE),
        Move.REWORK: (Actor.CASE,),
    }
)
DOORS: Final[Mapping[Move, tuple[str, ...]]] = MappingProxyType(
    {
        **{move: (action.value,) for action, move in BY_OFFICE.items()},
        Move.APPROVE_RETURN: ("decide-return", "arbitrate"),
        Move.REFUSE_RETURN: ("decide-return", "arbitrate"),
        Move.GRANT_EXTENSION: ("decide-extension",),
        Move.REFUSE_EXTENSION: ("decide-extension",),
        Move.CANCEL: ("reassign", "reclassify", "recall"),
    }
)
"""The last part of the path; of an office's own act the action on Kafka too. What has none happens by itself."""


def after(state: S, move: Move) -> S | None:
    """The state that the move leads to, or `None` if it is not allowed here."""
    return MOVES.get((state, move))
