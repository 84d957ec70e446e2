"""The inbox (承办): what an office was sent, how pressing it is, and everything that it can answer."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import ClockKind, ReferralRole, ReferralState, Role
from libraries.clocks.wording import address_of
from libraries.ids import new_id
from services.portal.domain import work
from services.portal.domain.work import Group
from services.portal.forms import Form
from services.portal.look import go_to, page
from services.portal.pages import ROLES, refusal_of, visit
from services.portal.reading import PURPOSE, reasons_for
from services.portal.referrals import item_of, referral_values, why_of
from services.portal.remote import ServiceRefused
from services.portal.visits import REVIEW_FIELD, Call, Visit

OFFICERS: Final = {ROLES: (Role.OFFICER,)}
MOST: Final = 200
"""Of each state; an office with more open work looks through the others after these."""
FIELDS: Final = ("reason", "text", "attributes.by", "attributes.approver")
USES: Final[Mapping[str, str]] = {"return": "return", "hold": "hold", "extend": "extend", "fail": "fail"}


@get("/inbox", opt=OFFICERS)
async def inbox(request: Call) -> Response[Any]:
    wanted = request.query_params.get("view", "")
    view = next((group for group in Group if group == wanted), Group.ALL)
    signed = request.query_params.get("signed", "")
    return await _list(visit(request), view, signed=int(signed) if signed.isascii() and signed.isdigit() else None)


async def _list(found: Visit, view: Group, *, status: int = 200, **values: Any) -> Response[Any]:
    caller = found.caller
    asked = [caller.get("routing", "/v1/referrals", {"state": state, "limit": MOST}) for state in work.OPEN_STATES]
    pages = await asyncio.gather(*asked)
    items = sorted(
        (item_of(one, found) for each in pages for one in each["items"]), key=lambda i: work.by_pressure(i.due)
    )
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
        more=any(each.get("next") for each in pages),
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
    found = visit(request)
    done = request.query_params.get("done", "")
    told = f"inbox.done_{done.replace('-', '_')}" if done in _ANSWERS else ""
    return await _show(found, referral_id, told=told, purpose=request.query_params.get(PURPOSE))


async def _show(
    found: Visit, referral_id: UUID, *, purpose: str | None = None, status: int = 200, **values: Any
) -> Response[Any]:
    one = await found.caller.get("routing", f"/v1/referrals/{referral_id}")
    state, role = ReferralState(one["state"]), ReferralRole(one["role"])
    return page(
        found,
        "referral.html",
        status=status,
        path=f"/inbox/{referral_id}",
        base="/inbox",
        possible=_possible(one, state, role, found),
        extension=_extension(one, found),
        reasons={use: reasons_for(found, use) for use in USES},
        approvers=found.policy.approvers,
        feedback=f"portal-{new_id()}",
        **await referral_values(found, one, purpose),
        **{"typed": Form(), "did": "", "told": "", **values},
    )


def _possible(one: Mapping[str, Any], state: ReferralState, role: ReferralRole, found: Visit) -> tuple[str, ...]:
    possible = work.answers(state, role, deemed=one["deemed"], locked=one["return_locked"])
    return tuple(answer for answer in possible if answer != "extend" or _extension(one, found) is not None)


def _extension(one: Mapping[str, Any], found: Visit) -> Any:
    """How much more time the policy gives this referral's clock, and who has to agree; `None` for none."""
    for clock in one["clocks"]:
        if clock["stopped_at"] is None and not clock["extensions"]:
            row = found.policy.find_limit(ClockKind(clock["kind"]), one["category"])
            if row is not None and row.extension is not None:
                return row.extension
    return None


_ANSWERS: Final = ("sign", "accept", "return", "progress", "hold", "resume", "extend", "complete", "fail")


@post("/inbox/{referral_id:uuid}/{answer:str}", opt=OFFICERS)
async def answer_it(request: Call, referral_id: FromPath[UUID], answer: FromPath[str]) -> Response[Any]:
    found, form = visit(request), visit(request).form
    if answer not in _ANSWERS:
        return go_to(found, f"/inbox/{referral_id}")
    if form.get(REVIEW_FIELD):
        return await _show(found, referral_id, typed=form, did=answer)
    asked = found.caller.post("routing", f"/v1/referrals/{referral_id}/{answer}", _body(form))
    if refused := await refusal_of(asked, FIELDS, whole_page={401, 403, 404}):
        return await _show(found, referral_id, typed=form, did=answer, **refused)
    return go_to(found, f"/inbox/{referral_id}?done={answer}")


def _body(form: Form) -> dict[str, Any]:
    """Fields that were left empty are left out. The basis in law stands before the words."""
    text = "\n".join(filter(None, (form.get("basis"), form.get("text"))))
    given = {"feedback_id": form.get("feedback_id"), "reason": form.get("reason"), "text": text}
    attributes: dict[str, str] = {}
    if form.get("attributes.by"):
        attributes["by"] = form.get("attributes.by") + form.get("unit")
        attributes["approver"] = form.get("attributes.approver")
    return {name: value for name, value in {**given, "attributes": attributes}.items() if value}


@get("/inbox/{referral_id:uuid}/why", opt=OFFICERS)
async def why(request: Call, referral_id: FromPath[UUID]) -> Response[Any]:
    return await why_of(visit(request), referral_id, base="/inbox", clock=request.query_params.get("clock"))


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


INBOX: list[HTTPRouteHandler] = [inbox, sign_many, referral, answer_it, why]
