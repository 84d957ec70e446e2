"""Submitted once, never asked again: files of earlier cases on the page of a case, taken over with the consent."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import Role
from services.portal.counter import CLERKS, show_case
from services.portal.forms import SEEN_FIELD
from services.portal.look import go_to
from services.portal.pages import ROLES, refusal_of, visit
from services.portal.visits import REVIEW_FIELD, Call

WINDOWS: Final[Mapping[str, Any]] = {ROLES: (Role.CLERK,)}
DID: Final = "take-overs"
FIELDS: Final = ("consent",)


@post("/counter/cases/{key:str}/take-overs", opt=CLERKS)
async def take_over(request: Call, key: FromPath[str]) -> Response[Any]:
    found, form = visit(request), visit(request).form
    if form.get(REVIEW_FIELD):
        return await show_case(found, key, typed=form, did=DID)
    given = {"attachments": form.all("attachments"), "consent": form.get("consent")}
    asked = found.caller.post("intake", f"/v1/cases/{key}/take-overs", given, seen=form.get(SEEN_FIELD))
    if refused := await refusal_of(found, asked, FIELDS, whole_page={401, 403, 404}):
        return await show_case(found, key, typed=form, did=DID, **refused)
    return go_to(found, f"/counter/cases/{key}?done=taken-over")


@post("/counter/cases/{key:str}/take-overs/{take_over_id:uuid}/withdraw", opt=WINDOWS)
async def take_back(request: Call, key: FromPath[str], take_over_id: FromPath[UUID]) -> Response[Any]:
    found, form = visit(request), visit(request).form
    if form.get(REVIEW_FIELD):
        return await show_case(found, key, typed=form, did=DID)
    asked = found.caller.post("intake", f"/v1/cases/{key}/take-overs/{take_over_id}/withdraw", {})
    if refused := await refusal_of(found, asked, (), whole_page={401, 403, 404}):
        return await show_case(found, key, typed=form, did=DID, **refused)
    return go_to(found, f"/counter/cases/{key}?done=take-over-withdrawn")


TAKING_OVER: list[HTTPRouteHandler] = [take_over, take_back]
