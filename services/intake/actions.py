"""What may be done with a case at the window, over HTTP: one path for each act."""

from types import MappingProxyType
from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from contracts.refusals import Refused
from libraries.policies import Policy
from libraries.runtime.audit.doers import doer
from libraries.runtime.failures import Rejected
from libraries.runtime.tracing import current
from libraries.runtime.web.app import json_body
from libraries.runtime.web.auth import Principal, Role, requires
from libraries.runtime.web.preconditions import etag
from libraries.runtime.web.problems import problem
from libraries.runtime.web.sharing import SHARED
from services.intake.acting import Acted, Asked
from services.intake.acts import PATHS, Action, RequestSupplement
from services.intake.domain.case import Case
from services.intake.groups import Groups
from services.intake.lookup import relations_of
from services.intake.views import CaseView, NoticeView, Relations, to_notice, to_view

Call = Request[Principal, Any, State]

CALLERS: Final = (Role.TOWNSHIP, Role.CLERK, Role.COORDINATOR)
"""Who calls an applicant, and does what a window does."""
CHANGES_CASES = requires(*CALLERS)
SAYS_HOW_IT_IS = requires(*CALLERS, Role.APPLICANT)
HANDS_IN = requires(*CALLERS, Role.ASSISTANT)
GUARDS: Final = MappingProxyType(
    {
        "callback": SAYS_HOW_IT_IS,
        "reopen": SAYS_HOW_IT_IS,
        "review": SAYS_HOW_IT_IS,
        "supplement": HANDS_IN,
    }
)
"""An applicant rates the result, has the case opened again, asks for a review; a village assistant brings material."""


def _route(path: str, kind: type[Action]) -> HTTPRouteHandler:
    async def take(request: Call, state: State, key: FromPath[str], data: JSONBody[Action]) -> Response[Any]:
        if not getattr(data, "reached", True) and request.user.role is Role.APPLICANT:
            raise Rejected("role_not_allowed", roles=[role.value for role in CALLERS])
        await state.policy.fresh()
        asked = Asked(request=request, key=key, wanted=data, trace=current(), doer=doer())
        groups: Groups = state.groups
        return await groups.acting.ask(asked, lambda acted: _answer(acted, data, request))

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
        opt={SHARED: True},
    )(take)


def _answer(acted: Acted, done: Action, request: Call) -> Response[Any]:
    seen = etag(str(acted.version)) if acted.version is not None else None
    if isinstance(acted.outcome, Refused):
        return problem(request, acted.outcome, seen)
    relations = relations_of(request.user, acted.outcome, acted.offices)
    return Response(_view(acted.outcome, done, acted.policy, relations), status_code=200, headers=seen)


def _view(case: Case, done: Action, policy: Policy, relations: Relations) -> CaseView:
    if not isinstance(done, RequestSupplement):
        return to_view(case, policy, relations)
    named = set(done.missing)
    return to_notice(case, policy, relations, added=tuple(code for code in case.missing if code not in named))


ACTIONS: list[HTTPRouteHandler] = [_route(path, kind) for path, kind in PATHS.items()]
