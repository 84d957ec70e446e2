"""The coordinator's pages (统筹), and what heads approve: what waits for a word, what is supervised, how offices do."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import ReferralRole, ReferralState, Role
from libraries.clocks.wording import address_of
from libraries.deadlines import Limit
from services.portal import places
from services.portal.catalogue import say
from services.portal.domain import work
from services.portal.domain.live import Rows, rows_of
from services.portal.forms import SEEN_FIELD, Form
from services.portal.look import go_to, page
from services.portal.matters import new_matter
from services.portal.pages import ROLES, refusal_of, visit
from services.portal.reading import PURPOSE, reasons_for
from services.portal.referrals import Item, ReferralScreen, item_of, referral_values, why_of
from services.portal.visits import REVIEW_FIELD, Call, Visit

COORDINATORS: Final = {ROLES: (Role.COORDINATOR, Role.HEAD)}
MOST: Final = 100
FIELDS: Final = ("approve", "reason", "to", "by", "category", "area")
USES: Final[Mapping[str, str]] = {
    "approve-return": "return",
    "refuse-return": "return_refused",
    "grant-extension": "extend",
    "refuse-extension": "extension_refused",
    "arbitrate": "arbitrate",
    "reassign": "reassign",
    "reclassify": "reclassify",
    "recall": "cancel",
    "resume": "resume",
}
"""What a coordinator decides, and for what its reasons stand in the policy."""
SENDS_ON: Final = ("approve-return", "arbitrate", "reassign")
PATHS: Final[Mapping[str, str]] = {
    "approve-return": "decide-return",
    "refuse-return": "decide-return",
    "grant-extension": "decide-extension",
    "refuse-extension": "decide-extension",
}
APPROVES: Final = frozenset({"approve-return", "grant-extension"})


async def _to_decide(found: Visit) -> tuple[list[Item], bool]:
    """What waits for the word of this post, the most pressing first; and whether there is more."""
    office = found.signed_in.post.office
    asked = {"decider": office} if office else {"state": ReferralState.RETURN_REQUESTED.value}
    told = await found.caller.get("routing", "/v1/referrals", {**asked, "limit": MOST})
    items = sorted((item_of(one, found) for one in told["items"]), key=lambda item: work.by_pressure(item.due))
    return items, bool(told.get("next"))


async def coordinator_rows(found: Visit, view: str) -> Rows:  # noqa: ARG001 -- it has one view
    items, _ = await _to_decide(found)
    return rows_of((item.referral["referral_id"], item.mark) for item in items)


@get("/coordinator", opt=COORDINATORS)
async def coordinator(request: Call) -> Response[Any]:
    found = visit(request)
    caller = found.caller
    (items, more), overview, supervised = await asyncio.gather(
        _to_decide(found),
        caller.get("notify", "/v1/overview"),
        caller.get("notify", "/v1/supervisions", {"limit": MOST}),
    )
    return page(
        found,
        "coordinator.html",
        path="/coordinator",
        items=items,
        overview=overview,
        supervised=supervised["items"],
        more=more or bool(supervised.get("next")),
        may_script=True,
        area_of=lambda code: address_of(found.policy, code),
    )


@get("/coordinator/{referral_id:uuid}", opt=COORDINATORS)
async def decidable(request: Call, referral_id: FromPath[UUID]) -> Response[Any]:
    done = request.query_params.get("done", "")
    told = f"coordinator.done_{done.replace('-', '_')}" if done in USES else ""
    return await _show(visit(request), referral_id, told=told, purpose=request.query_params.get(PURPOSE))


async def _show(
    found: Visit, referral_id: UUID, *, purpose: str | None = None, status: int = 200, **values: Any
) -> Response[Any]:
    screen = _screen(found, referral_id)
    seen = await found.caller.see("routing", f"/v1/referrals/{referral_id}")
    one = seen.value
    state, role = ReferralState(one["state"]), ReferralRole(one["role"])
    return page(
        found,
        "decide.html",
        status=status,
        path=screen.own,
        possible=work.decisions(state, role, asked_longer=one["extension"] is not None, of=found.signed_in.post.role),
        reasons={decision: reasons_for(found, use) for decision, use in USES.items()},
        sends_on=SENDS_ON,
        seen=seen.version,
        asked=Limit.parse(one["extension"]["by"]) if one["extension"] is not None else None,
        offices=places.offices_near(found.policy, one["area"]),
        **new_matter(found, one["area"]),
        **await referral_values(screen, one, purpose),
        **{"typed": Form(), "did": "", "told": "", **values},
    )


@post("/coordinator/{referral_id:uuid}/{decision:str}", opt=COORDINATORS)
async def decide(request: Call, referral_id: FromPath[UUID], decision: FromPath[str]) -> Response[Any]:
    found, form = visit(request), visit(request).form
    if decision not in USES:
        return go_to(found, f"/coordinator/{referral_id}")
    if form.get(REVIEW_FIELD):
        return await _show(found, referral_id, typed=form, did=decision)
    if decision in {"arbitrate", "reassign"} and not form.get("to"):
        faults = {"to": say(found.language, "coordinator.say_to")}
        return await _show(found, referral_id, typed=form, did=decision, faults=faults, status=422)
    path = f"/v1/referrals/{referral_id}/{PATHS.get(decision, decision)}"
    asked = found.caller.post("routing", path, body_of(decision, form), seen=form.get(SEEN_FIELD))
    if refused := await refusal_of(found, asked, FIELDS, whole_page={401, 404}):
        return await _show(found, referral_id, typed=form, did=decision, **refused)
    return go_to(found, f"/coordinator/{referral_id}?done={decision}")


def body_of(decision: str, form: Form) -> dict[str, Any]:
    """Without an office the rules choose among the others; without a reason routing has one of its own, or asks."""
    chosen = {"reason": form.get("reason")}
    if decision in SENDS_ON:
        chosen["to"] = form.get("to")
    if decision == "reclassify":
        chosen |= {"category": form.get("category"), "area": form.get("area")}
    given: dict[str, Any] = {name: value for name, value in chosen.items() if value}
    if decision in {"arbitrate", "reassign", "recall", "reclassify"}:
        given.setdefault("reason", "")
    if decision in PATHS:
        given["approve"] = decision in APPROVES
    if decision == "grant-extension" and form.get("by"):
        given["by"] = form.get("by") + form.get("unit")
    return given


@get("/coordinator/{referral_id:uuid}/why", opt=COORDINATORS)
async def why(request: Call, referral_id: FromPath[UUID]) -> Response[Any]:
    return await why_of(_screen(visit(request), referral_id), clock=request.query_params.get("clock"))


def _screen(found: Visit, referral_id: UUID) -> ReferralScreen:
    return ReferralScreen(visit=found, caller=found.caller, referral_id=referral_id, base="/coordinator")


COORDINATOR: list[HTTPRouteHandler] = [coordinator, decidable, decide, why]
