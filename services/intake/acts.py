"""What may be done with a case at the window: the body of each act, and the rule that it stands for."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from contracts.refusals import Refused
from libraries.policies import Policy
from libraries.policies.reviews import AskedBy
from services.intake.domain import actions, reclassifying, reviewing
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.possible import with_possible


class Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done, with what it needs."""


class Accept(Action, frozen=True, kw_only=True):
    """Take the case on (受理), with or without the material."""


class Decline(Action, frozen=True, kw_only=True):
    """Do not accept (不予受理): with the reason and the office that the applicant can turn to."""

    reason: str
    go_to: str


class RequestSupplement(Action, frozen=True, kw_only=True):
    """Tell the applicant everything that is missing (一次性告知). A second time needs a coordinator's override.

    The open list of the matter is told in any case; `missing` names what the window needs beyond it. `added_to_notice`
    of the answer says what stands in the notice although it was not named.
    """

    missing: tuple[str, ...] = ()
    override: bool = False


class Supplement(Action, frozen=True, kw_only=True):
    """Material came in (补正)."""

    materials: tuple[str, ...]


class Withdraw(Action, frozen=True, kw_only=True):
    """The applicant takes it back (撤回)."""

    reason: str = "applicant_request"


class Reclassify(Action, frozen=True, kw_only=True):
    """It is another matter, or lies elsewhere, than was registered (改类), and no office has it yet.

    `category`, `area`, or both; what is left out stays. Once offices have the case, routing's coordinator does it.
    """

    category: str = ""
    area: str = ""
    reason: str


class CallBack(Action, frozen=True, kw_only=True):
    """The applicant was asked (回访); dissatisfaction opens a new round, while there is a right to it.

    `reached: false` says that nobody was reached: it is on record, and neither closes nor starts anything.
    """

    reached: bool = True
    satisfied: bool | None = None
    reason: str = ""


class Reopen(Action, frozen=True, kw_only=True):
    """Into a new round (重办), while the applicant has a right to it: `reopen_until` of the case says until when."""

    reason: str


class Review(Action, frozen=True, kw_only=True):
    """The applicant does not accept the result, and asks for a review or a re-review (复查、复核).

    Who stands above the office that gave it judges it in a new round: `review_until` of the case says until when it
    may be asked for. What the policy gives no review, or no further one, has none.
    """


class TellApplicant(Action, frozen=True, kw_only=True):
    """Put on record that the applicant was told (告知) of an `extension` or of a `suspension`."""

    about: str = "extension"


PATHS: Final[Mapping[str, type[Action]]] = MappingProxyType(
    {
        "accept": Accept,
        "decline": Decline,
        "request-supplement": RequestSupplement,
        "supplement": Supplement,
        "withdraw": Withdraw,
        "reclassify": Reclassify,
        "callback": CallBack,
        "reopen": Reopen,
        "review": Review,
        "applicant-told": TellApplicant,
    }
)


def rule_of(
    wanted: Action, at: datetime, policy: Policy, asked_by: AskedBy = AskedBy.WINDOW
) -> Callable[[Case], Change | Refused]:
    """The rule that the act stands for; what is refused says what is possible instead."""

    def do(case: Case) -> Change | Refused:
        done = act_on(case)
        return with_possible(done, case, policy, at) if isinstance(done, Refused) else done

    def act_on(case: Case) -> Change | Refused:
        match wanted:
            case Accept():
                return actions.accept(case, at, policy)
            case Decline(reason=reason, go_to=go_to):
                return actions.decline(case, at, policy, reason=reason, go_to=go_to)
            case RequestSupplement(missing=missing, override=override):
                return actions.request_supplement(case, at, policy, missing=missing, override=override)
            case Supplement(materials=materials):
                return actions.supplement(case, at, policy, materials=materials)
            case Withdraw(reason=reason):
                return actions.withdraw(case, at, policy, reason=reason)
            case Reclassify(category=category, area=area, reason=reason):
                change = Change(case=case, at=at)
                return reclassifying.reclassify(change, policy, category=category, area=area, reason=reason)
            case CallBack(reached=reached, satisfied=satisfied, reason=reason):
                return actions.call_back(case, at, policy, reached=reached, satisfied=satisfied, reason=reason)
            case TellApplicant(about=about):
                return actions.applicant_told(case, at, about=about)
            case Reopen(reason=reason):
                return actions.reopen(case, at, policy, reason=reason)
            case Review():
                return reviewing.request_review(case, at, policy, asked_by=asked_by)
            case _:
                raise TypeError(type(wanted).__name__)

    return do
