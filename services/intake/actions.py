"""What may be done with a case at the window, over HTTP: one path for each act."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import DocumentKind
from contracts.refusals import Refused
from libraries.clocks.wording import materials_of, office_of, reason_of
from libraries.policies import Policy
from libraries.runtime.database.engine import transaction
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import Rejected
from libraries.runtime.web.app import json_body
from libraries.runtime.web.auth import Principal, Role, requires
from libraries.runtime.web.preconditions import etag, is_stale, last_seen, seen_versions, stale
from libraries.runtime.web.problems import problem
from services.intake import store
from services.intake.domain import actions, reclassifying
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.possible import with_possible
from services.intake.issuing import issue_one
from services.intake.lookup import acts_as, find, relations_of
from services.intake.publishing import act
from services.intake.views import CaseView, NoticeView, Relations, to_notice, to_view

Call = Request[Principal, Any, State]

CALLERS: Final = (Role.TOWNSHIP, Role.CLERK, Role.COORDINATOR)
"""Who calls an applicant, and does what a window does."""
CHANGES_CASES = requires(*CALLERS)
SAYS_HOW_IT_IS = requires(*CALLERS, Role.APPLICANT)
HANDS_IN = requires(*CALLERS, Role.ASSISTANT)
GUARDS: Final = MappingProxyType({"callback": SAYS_HOW_IT_IS, "reopen": SAYS_HOW_IT_IS, "supplement": HANDS_IN})
"""An applicant rates the result and has the case opened again; a village assistant brings material."""


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
        "applicant-told": TellApplicant,
    }
)


def rule_of(wanted: Action, at: datetime, policy: Policy) -> Callable[[Case], Change | Refused]:
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
            case _:
                raise TypeError(type(wanted).__name__)

    return do


def _route(path: str, kind: type[Action]) -> HTTPRouteHandler:
    async def take(request: Call, state: State, key: FromPath[str], data: JSONBody[Action]) -> Response[Any]:
        if not getattr(data, "reached", True) and request.user.role is Role.APPLICANT:
            raise Rejected("role_not_allowed", roles=[role.value for role in CALLERS])
        await state.policy.fresh()
        at = state.clock.now()
        policy = state.policy.at(at)
        async with transaction(state.engine) as conn:
            found = await find(conn, request.user, key)
            case = found.case
            if refused := await refuse_stale(request, conn, case.id):
                return refused
            if getattr(data, "override", False) and request.user.role is not Role.COORDINATOR:
                return problem(request, with_possible(Refused(code="needs_coordinator"), case, policy, at))
            do = rule_of(data, at, policy)
            outcome = await act(case.id, do, conn, policy, initiator=acts_as(request.user, case, policy))
            if not isinstance(outcome, Refused):
                await _hand_out(conn, outcome, data, policy, state.sealer, at)
            version = await store.get_version(conn, case.id)
        if isinstance(outcome, Refused):
            return problem(request, outcome)
        relations = relations_of(request.user, outcome, found.offices)
        return Response(_view(outcome, data, policy, relations), status_code=200, headers=etag(str(version)))

    take.__doc__ = kind.__doc__
    take.__annotations__["data"] = json_body(kind)
    answer: Any = NoticeView if kind is RequestSupplement else CaseView
    take.__annotations__["return"] = Response[answer]
    if not any(field.required for field in msgspec.structs.fields(kind)):
        take.__defaults__ = (kind(),)  # no body says as much as an empty one
    return post(
        f"/v1/cases/{{key:str}}/{path}",
        guards=[GUARDS.get(path, CHANGES_CASES)],
        status_code=200,
        tags=["acts"],
        name=f"act_{path.replace('-', '_')}",
    )(take)


async def _hand_out(
    conn: AsyncConnection, case: Case, done: Action, policy: Policy, sealer: Sealer, at: datetime
) -> None:
    """The paper on which the applicant is told, in the same transaction as the act."""
    match done:
        case RequestSupplement():
            missing = materials_of(policy, case.missing)
            await issue_one(conn, case, DocumentKind.NOTICE, {"missing": missing}, sealer, policy, at)
        case Decline(reason=reason, go_to=go_to):
            more = {"reason": reason_of(policy, reason), "go_to": office_of(policy, go_to)}
            await issue_one(conn, case, DocumentKind.DECLINE, more, sealer, policy, at)
        case _:
            pass


async def refuse_stale(request: Call, conn: AsyncConnection, case_id: UUID) -> Response[Any] | None:
    """The refusal, if the caller has seen another version; what it has seen stays locked, if not."""
    if seen_versions(request) is None:
        return None
    await store.lock_cases(conn, [case_id])
    version = await store.get_version(conn, case_id)
    if not is_stale(request, str(version)):
        return None
    seen = last_seen(request)
    known = seen is not None and seen < version
    changed = await store.list_types_since(conn, case_id, seen) if known and seen is not None else []
    return problem(request, stale(changed), etag(str(version)))


def _view(case: Case, done: Action, policy: Policy, relations: Relations) -> CaseView:
    if not isinstance(done, RequestSupplement):
        return to_view(case, policy, relations)
    named = set(done.missing)
    return to_notice(case, policy, relations, added=tuple(code for code in case.missing if code not in named))


ACTIONS: list[HTTPRouteHandler] = [_route(path, kind) for path, kind in PATHS.items()]
