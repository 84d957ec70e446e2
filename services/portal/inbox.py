"""The inbox (承办): what an office was sent, how pressing it is, and everything that it can answer."""

import asyncio
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import Role
from libraries.clocks.wording import address_of
from libraries.ids import new_id
from services.portal.answering import answer, show, told_of
from services.portal.domain import work
from services.portal.domain.live import Rows, rows_of
from services.portal.domain.work import Group
from services.portal.look import go_to, page
from services.portal.pages import ROLES, visit
from services.portal.reading import PURPOSE
from services.portal.referrals import INBOX_PAGE, Item, ReferralScreen, item_of, why_of
from services.portal.remote import ServiceRefused
from services.portal.visits import Call, Visit

OFFICERS: Final = {ROLES: (Role.OFFICER,)}
MOST: Final = 200
"""Of each state; an office with more open work looks through the others after these."""


@get("/inbox", opt=OFFICERS)
async def inbox(request: Call) -> Response[Any]:
    view = _view(request.query_params.get("view", ""))
    signed = request.query_params.get("signed", "")
    return await _list(visit(request), view, signed=int(signed) if signed.isascii() and signed.isdigit() else None)


async def _read(found: Visit) -> tuple[list[Item], bool]:
    """Everything that is open, the most pressing first; and whether there is more."""
    caller = found.caller
    asked = [caller.get("routing", "/v1/referrals", {"state": state, "limit": MOST}) for state in work.OPEN_STATES]
    pages = await asyncio.gather(*asked)
    items = (item_of(one, found) for each in pages for one in each["items"])
    return sorted(items, key=lambda item: work.by_pressure(item.due)), any(each.get("next") for each in pages)


def _view(wanted: str) -> Group:
    return next((group for group in Group if group == wanted), Group.ALL)


async def inbox_rows(found: Visit, view: str) -> Rows:
    items, _ = await _read(found)
    return rows_of((item.referral["referral_id"], item.mark) for item in items if _view(view) in item.groups)


async def _list(found: Visit, view: Group, *, status: int = 200, **values: Any) -> Response[Any]:
    items, more = await _read(found)
    counts = {group: sum(group in item.groups for item in items) for group in Group}
    return page(
        found,
        "inbox.html",
        status=status,
        path=f"/inbox?view={view.value}",
        items=[item for item in items if view in item.groups],
        counts=counts,
        view=view,
        groups=Group,
        more=more,
        may_script=True,
        batch=new_id(),
        area_of=lambda code: address_of(found.policy, code),
        **{"problems": (), "nothing": False, "signed": None, **values},
    )


@post("/inbox/sign", opt=OFFICERS)
async def sign_many(request: Call) -> Response[Any]:
    """Sign for all that were ticked; what cannot be signed is named, the rest is done."""
    found = visit(request)
    chosen = [one for one in dict.fromkeys(found.form.all("referral")) if _is_id(one)]
    if not chosen:
        return await _list(found, Group.NEW, status=422, problems=[], nothing=True)
    caller, batch = found.caller, found.form.get("batch")[:36]
    asked = [
        caller.post("routing", f"/v1/referrals/{one}/sign", {"feedback_id": f"portal-{batch}-{one}"}) for one in chosen
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    failed = [answer for answer in answers if isinstance(answer, BaseException)]
    if other := next((one for one in failed if not isinstance(one, ServiceRefused)), None):
        raise other
    problems = [one.problem.detail for one in failed if isinstance(one, ServiceRefused)]
    signed = len(chosen) - len(problems)
    if problems:
        return await _list(found, Group.NEW, status=409, problems=problems, signed=signed)
    return go_to(found, f"/inbox?signed={signed}")


@get("/inbox/{referral_id:uuid}", opt=OFFICERS)
async def referral(request: Call, referral_id: FromPath[UUID]) -> Response[Any]:
    found, asked = visit(request), request.query_params
    told = told_of(asked.get("done", ""))
    return await show(_screen(found, referral_id), told=told, purpose=asked.get(PURPOSE))


def _screen(found: Visit, referral_id: UUID) -> ReferralScreen:
    return ReferralScreen(visit=found, caller=found.caller, referral_id=referral_id, base=INBOX_PAGE)


@post("/inbox/{referral_id:uuid}/{given:str}", opt=OFFICERS)
async def answer_it(request: Call, referral_id: FromPath[UUID], given: FromPath[str]) -> Response[Any]:
    return await answer(_screen(visit(request), referral_id), given)


@get("/inbox/{referral_id:uuid}/why", opt=OFFICERS)
async def why(request: Call, referral_id: FromPath[UUID]) -> Response[Any]:
    return await why_of(_screen(visit(request), referral_id), clock=request.query_params.get("clock"))


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


INBOX: list[HTTPRouteHandler] = [inbox, sign_many, referral, answer_it, why]
