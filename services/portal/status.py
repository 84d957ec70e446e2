"""The applicant's page (进度查询): where a matter is, who has it, until when and why, what is missing; rate, reopen.

It opens with number and code of a receipt and shows nobody's name. Which of the two is wrong nobody learns.
"""

import asyncio
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import CaseState
from services.portal.catalogue import say
from services.portal.domain.accounts import Login, SignInRefusal
from services.portal.domain.passes import LASTS, Pass, Sign, read_pass
from services.portal.domain.work import rights_of
from services.portal.explaining import main_part
from services.portal.forms import Form
from services.portal.look import go_to, page
from services.portal.pages import PUBLIC, refusal_of, visit
from services.portal.reading import read_if_allowed, reasons_for
from services.portal.remote import Caller, ServiceRefused
from services.portal.tries import tried
from services.portal.visits import Call, Visit

COOKIE: Final = "yimen_status"
OPEN_TO_ALL: Final = {PUBLIC: True}
LONGEST: Final = 64
FIELDS: Final = ("satisfied", "reason")
TAKES_BACK: Final = "consent"
ACTS: Final[Mapping[str, str]] = {"rate": "callback", "reopen": "reopen", "review": "review"}


@get("/status", opt=OPEN_TO_ALL)
async def show_form(request: Call) -> Response[Any]:
    return _form(visit(request), request.query_params.get("number", "")[:LONGEST])


def _form(found: Visit, number: str, *, status: int = 200, refused: str = "") -> Response[Any]:
    return page(found, "status.html", status=status, path="/status", number=number, refused=refused)


@post("/status", opt=OPEN_TO_ALL)
async def open_case(request: Call) -> Response[Any]:
    """Counted by number and by address before anybody looks, and the same for a number that there is not."""
    found, form = visit(request), visit(request).form
    number, code = form.get("number")[:LONGEST], form.get("receipt")[:LONGEST]
    opened: dict[str, Any] = {}

    async def look() -> tuple[Login, None]:
        try:
            caller = found.portal.services.as_applicant(None, found.language)
            opened.update(await caller.post("intake", "/v1/receipts/open", {"number": number, "receipt": code}))
        except ServiceRefused as error:
            if error.problem.code != "no_such_receipt":
                raise
            return Login.WRONG, None
        return Login.OK, None

    name = found.portal.hashed("receipt", _digits(number))
    outcome = await tried(found, name, look)
    if outcome is not Login.OK:
        status, refused = (429, "status.locked") if isinstance(outcome, SignInRefusal) else (422, "status.wrong")
        return _form(found, number, status=status, refused=refused)
    _remember(found, opened)
    return go_to(found, "/status/case")


def _digits(number: str) -> str:
    """However it was typed: tries at one number are counted together."""
    return "".join(filter(str.isdigit, unicodedata.normalize("NFKC", number)))


def _remember(found: Visit, opened: Mapping[str, Any]) -> None:
    ends_at = found.portal.now() + LASTS
    given = Pass(case_id=UUID(opened["case_id"]), number=opened["number"], ends_at=ends_at)
    found.keeps(COOKIE, given.written(_signing(found)), seconds=int(LASTS.total_seconds()), path="/status")


def _shown(request: Call) -> Pass | None:
    found = visit(request)
    return read_pass(request.cookies.get(COOKIE, ""), _signing(found), found.portal.now())


def _signing(found: Visit) -> Sign:
    return lambda told: found.portal.hashed("status", told)


@get("/status/case", opt=OPEN_TO_ALL)
async def show_case(request: Call) -> Response[Any]:
    found, given = visit(request), _shown(request)
    if given is None:
        return go_to(found, "/status")
    done = request.query_params.get("done", "")
    return await _case(found, given, told=f"status.done_{done}" if done in {*ACTS, TAKES_BACK} else "")


async def _case(found: Visit, given: Pass, *, status: int = 200, **values: Any) -> Response[Any]:
    caller, own = _caller(found, given), f"/v1/cases/{given.case_id}"
    case, timeline, clocks, referrals, agreed = await asyncio.gather(
        caller.get("intake", own),
        caller.get("intake", f"{own}/timeline"),
        caller.get("intake", f"{own}/clocks"),
        read_if_allowed(caller, "routing", f"/v1/referrals?case={given.case_id}"),
        read_if_allowed(caller, "intake", f"{own}/check-consents"),
    )
    return page(
        found,
        "progress.html",
        status=status,
        path="/status/case",
        case=case,
        missing=[one for one in case.get("checklist", ()) if one["code"] in case["missing"]],
        timeline=[entry for entry in timeline if entry.get(found.language)],
        clocks=[clock for clock in clocks if clock["stopped_at"] is None],
        referrals=[one for one in (referrals or {"items": ()})["items"] if one["role"] != "info"],
        agreed=[one for one in agreed or () if not one["withdrawn_at"]],
        possible=possible(case, found.portal.business_now()),
        reasons=reasons_for(found, "reopen"),
        **{"typed": Form(), "did": "", "told": "", **values},
    )


def possible(case: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    """What the applicant can say of it now; intake decides."""
    state, rights = CaseState(case["state"]), rights_of(case, now)
    rates = ("rate",) if state is CaseState.RESOLVED else ()
    # Who is not satisfied says so with the rating, and that reopens a case that is not closed.
    return (*rates, *(right for right in rights if right != "reopen" or state is CaseState.CLOSED))


def _caller(found: Visit, given: Pass) -> Caller:
    return found.portal.services.as_applicant(given.case_id, found.language)


@post("/status/{act:str}", opt=OPEN_TO_ALL)
async def say_it(request: Call, act: FromPath[str]) -> Response[Any]:
    found, given, form = visit(request), _shown(request), visit(request).form
    if act == "leave":
        found.keeps(COOKIE, "", seconds=0, path="/status")
    if given is not None and act == TAKES_BACK:
        return await _take_back(found, given, form.get("consent"))
    if given is None or act not in ACTS:
        return go_to(found, "/status")
    satisfied = form.get("satisfied")
    if act == "rate" and satisfied not in {"yes", "no"}:
        faults = {"satisfied": say(found.language, "counter.say_satisfied")}
        return await _case(found, given, typed=form, did=act, faults=faults, status=422)
    body: dict[str, Any] = {"satisfied": satisfied == "yes"} if act == "rate" else {}
    body |= {} if satisfied == "yes" or act == "review" else {"reason": form.get("reason")}
    asked = _caller(found, given).post("intake", f"/v1/cases/{given.case_id}/{ACTS[act]}", body)
    if refused := await refusal_of(found, asked, FIELDS, whole_page={401, 403, 404}):
        return await _case(found, given, typed=form, did=act, **refused)
    return go_to(found, f"/status/case?done={act}")


async def _take_back(found: Visit, given: Pass, consent: str) -> Response[Any]:
    """A consent to checks; without a reason."""
    path = f"/v1/cases/{given.case_id}/check-consents/{quote(consent, safe='')}/withdraw"
    asked = _caller(found, given).post("intake", path, {})
    if refused := await refusal_of(found, asked, (), whole_page={401, 403, 404}):
        return await _case(found, given, did=TAKES_BACK, **refused)
    return go_to(found, f"/status/case?done={TAKES_BACK}")


@get("/status/why", opt=OPEN_TO_ALL)
async def why(request: Call) -> Response[Any]:
    """Why a date is what it is: intake explains those of the window, routing those of an office."""
    found, given, asked = visit(request), _shown(request), request.query_params
    if given is None:
        return go_to(found, "/status")
    referral, clock = asked.get("referral"), asked.get("clock")
    service, path = ("routing", f"/v1/referrals/{referral}") if referral else ("intake", f"/v1/cases/{given.case_id}")
    told = await _caller(found, given).text(
        service, f"{path}/explain", {"format": "html", "lang": found.language, "clock": clock or None}
    )
    query = "&".join(f"{name}={value}" for name, value in (("referral", referral), ("clock", clock)) if value)
    here = "/status/why" + (f"?{query}" if query else "")
    return page(found, "why.html", path=here, main=main_part(told), back="/status/case")


STATUS: list[HTTPRouteHandler] = [show_form, open_case, show_case, say_it, why]
