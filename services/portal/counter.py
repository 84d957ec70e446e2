"""The counter (窗口): a clerk's own list, and one case with everything that a window can do with it."""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import CaseState, Consent, Role
from services.portal import places
from services.portal.attaching import DONE as ATTACHED
from services.portal.attaching import attached_to, on_file_of
from services.portal.catalogue import say
from services.portal.domain import work
from services.portal.domain.checks import asks, checks_of, to_agree_to
from services.portal.domain.links import may_hand_on
from services.portal.domain.live import Rows, mark_of, rows_of
from services.portal.domain.work import DueDate, Pressure
from services.portal.drafting import own_drafts
from services.portal.explaining import main_part
from services.portal.forms import SEEN_FIELD, Form
from services.portal.look import go_to, page
from services.portal.matters import new_matter
from services.portal.pages import ROLES, refusal_of, visit
from services.portal.reading import PURPOSE, open_applicant, read_if_allowed, reasons_for
from services.portal.receipts import kept_code
from services.portal.remote import Caller, ServiceRefused
from services.portal.visits import REVIEW_FIELD, Call, Visit

CLERKS: Final = {ROLES: (Role.CLERK, Role.ASSISTANT)}
MOST: Final = 200
STATES: Final = (
    CaseState.REGISTERED,
    CaseState.AWAITING_SUPPLEMENT,
    CaseState.RESOLVED,
    CaseState.ACCEPTED,
    CaseState.IN_PROGRESS,
    CaseState.SUSPENDED,
)
FIELDS: Final = ("reason", "go_to", "missing", "materials", "satisfied", "about", "duplicates", "category", "area")
ACTS: Final = (
    "accept",
    "decline",
    "request-supplement",
    "supplement",
    "withdraw",
    "reclassify",
    "callback",
    "reopen",
    "review",
    "applicant-told",
    "merge",
    "unmerge",
)
DONE: Final = ("registered", "consent-taken", "consent-withdrawn", "check-asked", "taken-over", "take-over-withdrawn")
"""What else it is told of."""
USES: Final = ("decline", "withdraw", "reopen", "reclassify")


_BETWEEN: Final = re.compile(r"[\s,，、;；]+")
"""Numbers stand one after the other, as people write a list."""


class View(StrEnum):
    """How a clerk looks through the own cases."""

    TODO = "todo"
    ACCEPT = "accept"
    SUPPLEMENT = "supplement"
    CALLBACK = "callback"
    TELL = "tell"
    RETURNED = "returned"
    DUE = "due"
    OPEN = "open"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One case in the list."""

    case: Mapping[str, Any]
    due: DueDate
    views: frozenset[View]

    @property
    def mark(self) -> str:
        case = self.case
        return mark_of(case["state"], case["applicant_untold"], self.due.kind, self.due.pressure, self.due.at)


def _view(wanted: str) -> View:
    return next((one for one in View if one == wanted), View.TODO)


async def counter_rows(found: Visit, view: str) -> Rows:
    items, _ = await _read(found)
    return rows_of((item.case["number"], item.mark) for item in items if _view(view) in item.views)


async def _read(found: Visit) -> tuple[list[Item], bool]:
    """Everything that is open, the most pressing first; and whether there is more."""
    post_ = found.signed_in.post
    where = {"window": post_.office} if post_.office else {"area": post_.area}
    asked = [found.caller.get("intake", "/v1/cases", {**where, "state": state, "limit": MOST}) for state in STATES]
    returns = found.caller.get("routing", "/v1/referrals", {"state": "return_requested", "limit": MOST})
    *pages, returned = await asyncio.gather(*asked, returns)
    ids = {one["case_id"] for one in returned["items"]}
    items = [_item(case, found, returned=case["case_id"] in ids) for each in pages for case in each["items"]]
    return sorted(items, key=lambda item: work.by_pressure(item.due)), any(each.get("next") for each in pages)


@get("/counter", opt=CLERKS)
async def counter(request: Call) -> Response[Any]:
    found = visit(request)
    view = _view(request.query_params.get("view", ""))
    items, more = await _read(found)
    return page(
        found,
        "counter.html",
        path=f"/counter?view={view.value}",
        items=[item for item in items if view in item.views],
        counts={one: sum(one in item.views for item in items) for one in View},
        view=view,
        views=View,
        more=more,
        may_script=True,
        drafts=await own_drafts(found),
    )


def _item(case: Mapping[str, Any], found: Visit, *, returned: bool = False) -> Item:
    answer, now = case["answer_by"], found.portal.business_now()
    due = work.NOTHING_DUE
    if answer is not None:
        calendar = found.policy.calendar_of(answer["office"])
        at = datetime.fromisoformat(answer["due_at"]) if answer["due_at"] else None
        due = work.due_date(at, answer["clock"], "", now, calendar)
    return Item(case=case, due=due, views=views_of(case, due, returned=returned))


def views_of(case: Mapping[str, Any], due: DueDate, *, returned: bool) -> frozenset[View]:
    """Which lists a case stands in; what a clerk has to do something about is to do."""
    found = {View.OPEN}
    state = CaseState(case["state"])
    found |= {View.ACCEPT, View.TODO} if state is CaseState.REGISTERED else set()
    found |= {View.SUPPLEMENT} if state is CaseState.AWAITING_SUPPLEMENT else set()
    found |= {View.CALLBACK, View.TODO} if state is CaseState.RESOLVED else set()
    found |= {View.TELL, View.TODO} if case["applicant_untold"] else set()
    found |= {View.RETURNED} if returned else set()
    found |= {View.DUE} if due.pressure in {Pressure.TODAY, Pressure.LATE} else set()
    return frozenset(found)


@get("/counter/cases/{key:str}", opt=CLERKS)
async def case_page(request: Call, key: FromPath[str]) -> Response[Any]:
    done = request.query_params.get("done", "")
    told = f"counter.done_{done.replace('-', '_')}" if done in (*ACTS, *DONE, ATTACHED) else ""
    receipt = kept_code(request, key)
    return await show_case(visit(request), key, told=told, purpose=request.query_params.get(PURPOSE), receipt=receipt)


async def show_case(
    found: Visit, key: str, *, purpose: str | None = None, status: int = 200, **values: Any
) -> Response[Any]:
    caller = found.caller
    seen = await caller.see("intake", f"/v1/cases/{key}")
    case = seen.value
    own = f"/v1/cases/{case['case_id']}"
    timeline, clocks, referrals, applicant, consents, survivor, related, documents, agreed = await asyncio.gather(
        read_if_allowed(found.caller, "intake", case["links"]["timeline"]),
        read_if_allowed(found.caller, "intake", f"{own}/clocks"),
        read_if_allowed(found.caller, "routing", case["links"]["referrals"]),
        open_applicant(found, found.caller, case["links"]["applicant"], purpose),
        read_if_allowed(found.caller, "intake", f"{own}/consent"),
        read_if_allowed(found.caller, "intake", f"/v1/cases/{case['merged_into']}" if case["merged_into"] else None),
        read_if_allowed(found.caller, "intake", f"{own}/related"),
        read_if_allowed(found.caller, "intake", f"{own}/documents"),
        read_if_allowed(found.caller, "intake", f"{own}/check-consents"),
    )
    items = (referrals or {"items": ()})["items"]
    policy, category = found.policy, found.policy.categories.get(case["category"])
    return page(
        found,
        "case.html",
        status=status,
        path=f"/counter/cases/{key}",
        case=case,
        seen=seen.version,
        item=_item(case, found),
        timeline=[entry for entry in timeline or () if entry.get(found.language)],
        clocks=[clock for clock in clocks or () if clock["stopped_at"] is None],
        referrals=items,
        handed_on={one["referral_id"] for one in items if may_hand_on(found.signed_in.post, one)},
        applicant=applicant,
        purposes=policy.purposes.values(),
        possible=work.acts(
            CaseState(case["state"]),
            case["applicant_untold"],
            found.signed_in.post.role,
            work.rights_of(case, found.portal.business_now()),
        ),
        consents=consents or (),
        survivor=survivor,
        related=related or (),
        documents=documents or (),
        agreed=agreed or (),
        to_agree_to=to_agree_to(policy.purposes.values(), agreed, CaseState(case["state"])),
        hows=tuple(Consent),
        checks=checks_of(items),
        asks=asks(CaseState(case["state"]), agreed or ()),
        reasons={use: reasons_for(found, use) for use in USES},
        materials=category.materials if category is not None else (),
        offices=places.offices_near(policy, case["area"]),
        **new_matter(found, case["area"], unclassified=True),
        **await attached_to(caller, own, case),
        **await on_file_of(caller, own, case),
        **{"typed": Form(), "did": "", "told": "", "receipt": "", **values},
    )


@post("/counter/cases/{key:str}/{act:str}", opt=CLERKS)
async def act_on_case(request: Call, key: FromPath[str], act: FromPath[str]) -> Response[Any]:
    found, form = visit(request), visit(request).form
    if act not in ACTS:
        return go_to(found, f"/counter/cases/{key}")
    if form.get(REVIEW_FIELD):
        return await show_case(found, key, typed=form, did=act)
    if act == "callback" and form.get("satisfied") not in {"yes", "no", "unreached"}:
        faults = {"satisfied": say(found.language, "counter.say_satisfied")}
        return await show_case(found, key, typed=form, did=act, faults=faults, status=422)
    asked = _act(found.caller, f"/v1/cases/{key}/{act}", body_of(act, form), form.get(SEEN_FIELD))
    if refused := await refusal_of(found, asked, FIELDS, whole_page={401, 403, 404}):
        return await show_case(found, key, typed=form, did=act, **refused)
    return go_to(found, f"/counter/cases/{key}?done={act}")


async def _act(caller: Caller, path: str, body: Mapping[str, Any], seen: str) -> None:
    """On the case as the clerk saw it. Steps of offices that came since then take nothing from what a clerk saw."""
    try:
        await caller.post("intake", path, body, seen=seen)
    except ServiceRefused as error:
        changed = error.problem.changed
        if not changed or any(kind.startswith("case.") for kind in changed):
            raise
        await caller.post("intake", path, body, seen=error.version)


def body_of(act: str, form: Form) -> dict[str, Any]:
    """What intake is told; a field that was left empty stays so, and intake says what is wrong with it."""
    match act:
        case "decline":
            return {"reason": form.get("reason"), "go_to": form.get("go_to")}
        case "request-supplement":
            return {"missing": form.all("missing")}
        case "supplement":
            return {"materials": form.all("materials")}
        case "callback":
            if form.get("satisfied") == "unreached":
                return {"reached": False}
            satisfied = form.get("satisfied") == "yes"
            return {"satisfied": satisfied} | ({} if satisfied else {"reason": form.get("reason")})
        case "reclassify":
            return {name: form.get(name) for name in ("category", "area", "reason")}
        case "withdraw" | "reopen":
            return {"reason": form.get("reason")}
        case "merge":
            return {"duplicates": [one for one in _BETWEEN.split(form.get("duplicates")) if one]}
        case "applicant-told":
            return {"about": form.get("about")}
        case _:
            return {}


@get("/counter/cases/{key:str}/why", opt=CLERKS)
async def why(request: Call, key: FromPath[str]) -> Response[Any]:
    """Why a date is what it is: intake explains those of the window, routing those of an office."""
    found, asked = visit(request), request.query_params
    referral, clock = asked.get("referral"), asked.get("clock")
    service, path = ("routing", f"/v1/referrals/{referral}") if referral else ("intake", f"/v1/cases/{key}")
    told = await found.caller.text(
        service, f"{path}/explain", {"format": "html", "lang": found.language, "clock": clock or None}
    )
    own = f"/counter/cases/{key}"
    query = "&".join(f"{name}={value}" for name, value in (("referral", referral), ("clock", clock)) if value)
    return page(found, "why.html", path=f"{own}/why" + (f"?{query}" if query else ""), main=main_part(told), back=own)


LISTS: list[HTTPRouteHandler] = [counter, case_page, act_on_case, why]
