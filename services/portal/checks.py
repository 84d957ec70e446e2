"""Information checks (信息核对) on the pages: consent taken and withdrawn, and question and answer read on record."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import Role
from services.portal.counter import show_case
from services.portal.inbox import OFFICERS
from services.portal.look import go_to, page
from services.portal.pages import ROLES, refusal_of, visit
from services.portal.reading import read_if_allowed, read_question
from services.portal.visits import REVIEW_FIELD, Call, Visit

WINDOWS: Final = {ROLES: (Role.CLERK,)}
FIELDS: Final = ("purpose", "consent")
ASKED: Final = ("office", "purpose", "question")
TAKES: Final = "check-consents"
ASKS: Final = "request-check"


@post("/counter/cases/{key:str}/check-consents", opt=WINDOWS)
async def take_consent(request: Call, key: FromPath[str]) -> Response[Any]:
    found, form = visit(request), visit(request).form
    if form.get(REVIEW_FIELD):
        return await show_case(found, key, typed=form, did=TAKES)
    given = {name: form.get(name) for name in FIELDS}
    asked = found.caller.post("intake", f"/v1/cases/{key}/check-consents", given)
    if refused := await refusal_of(found, asked, FIELDS, whole_page={401, 403, 404}):
        return await show_case(found, key, typed=form, did=TAKES, **refused)
    return go_to(found, f"/counter/cases/{key}?done=consent-taken")


@post("/counter/cases/{key:str}/check-consents/{consent_id:uuid}/withdraw", opt=WINDOWS)
async def take_back(request: Call, key: FromPath[str], consent_id: FromPath[UUID]) -> Response[Any]:
    found, form = visit(request), visit(request).form
    if form.get(REVIEW_FIELD):
        return await show_case(found, key, typed=form, did=TAKES)
    asked = found.caller.post("intake", f"/v1/cases/{key}/check-consents/{consent_id}/withdraw", {})
    if refused := await refusal_of(found, asked, (), whole_page={401, 403, 404}):
        return await show_case(found, key, typed=form, did=TAKES, **refused)
    return go_to(found, f"/counter/cases/{key}?done=consent-withdrawn")


@post("/counter/cases/{key:str}/request-check", opt=WINDOWS)
async def ask(request: Call, key: FromPath[str]) -> Response[Any]:
    """While the case is with the window; afterwards its lead asks."""
    found, form = visit(request), visit(request).form
    if form.get(REVIEW_FIELD):
        return await show_case(found, key, typed=form, did=ASKS)
    given = {name: form.get(name) for name in ASKED}
    asked = found.caller.post("intake", f"/v1/cases/{key}/request-check", given)
    if refused := await refusal_of(found, asked, ASKED, whole_page={401, 403, 404}):
        return await show_case(found, key, typed=form, did=ASKS, **refused)
    return go_to(found, f"/counter/cases/{key}?done=check-asked")


@get("/counter/cases/{key:str}/checks/{check_id:uuid}", opt=WINDOWS)
async def check_at_window(request: Call, key: FromPath[str], check_id: FromPath[UUID]) -> Response[Any]:
    base = f"/counter/cases/{key}"
    return await _show_check(visit(request), check_id, base, f"{base}/checks/{check_id}")


@get("/inbox/{referral_id:uuid}/checks/{check_id:uuid}", opt=OFFICERS)
async def check_of_lead(request: Call, referral_id: FromPath[UUID], check_id: FromPath[UUID]) -> Response[Any]:
    base = f"/inbox/{referral_id}"
    return await _show_check(visit(request), check_id, base, f"{base}/checks/{check_id}")


async def _show_check(found: Visit, check_id: UUID, base: str, path: str) -> Response[Any]:
    """What was asked and what was answered; routing puts on record that both were opened."""
    one = await found.caller.get("routing", f"/v1/referrals/{check_id}")
    question, answers = await asyncio.gather(
        read_question(found.caller, one["links"]["question"]),
        read_if_allowed(found.caller, "routing", one["links"]["answers"]),
    )
    return page(
        found, "check.html", path=path, back=base, one=one, question=question, answers=answers or (), clocks=_open(one)
    )


def _open(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [clock for clock in one["clocks"] if clock["stopped_at"] is None]


CHECKS: list[HTTPRouteHandler] = [take_consent, take_back, ask, check_at_window, check_of_lead]
