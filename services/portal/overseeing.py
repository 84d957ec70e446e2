"""What administrators and auditors look at: who is signed in, who read whose data, and the holidays of the place."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import Role
from libraries.deadlines import Calendar, DayReason
from libraries.runtime.audit.writing import note_read
from libraries.runtime.database.engine import read_once, transaction
from services.portal import admin_store, store
from services.portal.administration import ADMINISTRATORS, is_managed
from services.portal.domain.administration import Act
from services.portal.look import go_to, page
from services.portal.pages import ROLES, error_page, visit
from services.portal.remote import ServiceRefused
from services.portal.visits import Call, Visit

AUDITORS: Final = {ROLES: (Role.ADMINISTRATOR, Role.AUDITOR)}
LONGEST: Final = 64


@get("/admin/sessions", opt=ADMINISTRATORS)
async def sessions(request: Call) -> Response[Any]:
    found = visit(request)
    now, own = found.portal.now(), found.signed_in
    async with transaction(found.portal.engine) as conn:
        await note_read(conn, "sessions")
        listed = await admin_store.list_sessions(conn, found.policy.ranges_within(own.post.area), now)
    rows = [(one, is_managed(found, one.account)) for one in listed]
    return page(found, "admin_sessions.html", path="/admin/sessions", sessions=rows)


@post("/admin/sessions/{session_id:uuid}/end", opt=ADMINISTRATORS)
async def end_session(request: Call, session_id: FromPath[UUID]) -> Response[Any]:
    found, portal = visit(request), visit(request).portal
    own = found.signed_in
    async with transaction(portal.engine) as conn:
        one = await admin_store.find_session(conn, session_id)
        if one is not None:
            if not is_managed(found, one.account):
                return error_page(found, 403, "admin.not_yours")
            await store.end_session(conn, one.account.id, one.id)
            await admin_store.note(
                conn, one.account.id, Act.SESSION_ENDED, by=own.account.id, at=portal.now(), address=one.address
            )
    return go_to(found, "/admin/sessions")


@get("/reads", opt=AUDITORS)
async def reads(request: Call) -> Response[Any]:
    """Of one case everything, else the latest of the own area, or those of a day."""
    found, asked = visit(request), request.query_params
    number, day = asked.get("number", "").strip()[:LONGEST], asked.get("day", "").strip()[:LONGEST]
    try:
        rows = await (_of_case(found, number) if number else _of_area(found, day))
        whole = ""
    except ServiceRefused as error:
        if error.problem.status not in {404, 422}:
            raise
        rows, whole = [], error.problem.detail
    async with read_once(found.portal.engine) as conn:
        names = await admin_store.find_names(conn, [one for row in rows if (one := _account_id(row["subject"]))])
    return page(
        found,
        "reads.html",
        status=422 if whole else 200,
        path="/reads",
        rows=rows,
        names=names,
        number=number,
        day=day,
        whole=whole,
    )


async def _of_case(found: Visit, number: str) -> list[Mapping[str, Any]]:
    """What intake noted of applicant and summary, and routing of the answers of offices."""
    caller = found.caller
    case = await caller.get("intake", f"/v1/cases/{number}")
    own, referrals = await asyncio.gather(
        caller.get("intake", f"/v1/cases/{case['case_id']}/reads"),
        caller.get("routing", "/v1/referrals", {"case": case["case_id"]}),
    )
    texts = await asyncio.gather(
        *(caller.get("routing", f"/v1/referrals/{one['referral_id']}/reads") for one in referrals["items"])
    )
    rows = [*own, *(row | {"part": "answers"} for each in texts for row in each)]
    return sorted((row | {"number": case["number"]} for row in rows), key=lambda row: row["read_at"], reverse=True)


async def _of_area(found: Visit, day: str) -> list[Mapping[str, Any]]:
    told: list[Mapping[str, Any]] = await found.caller.get("intake", "/v1/reads", {"day": day or None})
    return told


def _account_id(subject: str) -> UUID | None:
    """Of a person who signed in here; `None` of a link or a system."""
    try:
        return UUID(subject)
    except ValueError:
        return None


@get("/admin/holidays", opt=ADMINISTRATORS)
async def holidays(request: Call) -> Response[Any]:
    """Of the own office, or the first of the own area."""
    found = visit(request)
    own, policy = found.signed_in.post, found.policy
    offices = sorted(one.code for one in policy.offices.values() if one.area == own.area)
    calendar = policy.calendar_of(own.office or next(iter(offices), ""))
    today = calendar.date_of(found.portal.business_now())
    return page(
        found,
        "holidays.html",
        path="/admin/holidays",
        years={year: special_days(calendar, year) for year in (today.year, today.year + 1)},
        published=calendar.published_through,
    )


def special_days(calendar: Calendar, year: int) -> Sequence[tuple[date, Any]]:
    """Days off that are no weekend, and days that are worked in the place of others."""
    first = date(year, 1, 1)
    days = [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]
    told = [(day, calendar.day(day.toordinal())) for day in days]
    return [(day, facts) for day, facts in told if facts.reason in {DayReason.HOLIDAY, DayReason.MAKE_UP}]


OVERSEEING: list[HTTPRouteHandler] = [sessions, end_session, reads, holidays]
