"""Notify over HTTP: the figures, open timers, alerts, and the board."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter
from litestar.response import ServerSentEvent

from contracts.codes import OF_AN_OFFICE, CaseState, ClockKind, ClockStatus, Field, SupervisionLevel
from libraries.policies import Policy
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.openapi import Described
from libraries.runtime.web.pages import SEALED
from libraries.runtime.web.requests import AskedArea
from libraries.runtime.web.streams import Entry, stream
from services.notify.callers import SEES, Call, names_of, scope
from services.notify.cursors import BAD_CURSOR, read_cursor, write_cursor
from services.notify.delivery.http import ROUTES as DELIVERY_ROUTES
from services.notify.escalation import queries as escalations
from services.notify.escalation.queries import EscalationView
from services.notify.figures import judging, queries
from services.notify.figures.queries import AlertView, ClockFilter, TimerView, name_of
from services.notify.figures.views import Overview, Performance
from services.notify.messaging.http import ROUTES as MESSAGE_ROUTES
from services.notify.partners import issuing

LARGEST_PAGE = 500
FAR = datetime(9999, 1, 1, tzinfo=UTC)
START = datetime(1, 1, 1, tzinfo=UTC), UUID(int=0)
ANSWERED_WITHIN = timedelta(minutes=1)
"""Real time in which routing takes or refuses an answer, unless it had to set it aside."""
BOARD = resources.files("services.notify") / "board"


class TimerPage(msgspec.Struct, frozen=True, kw_only=True):
    """`next` goes into `cursor` of the following call; absent on the last page."""

    items: list[TimerView]
    next: str | None = None


class EscalationPage(msgspec.Struct, frozen=True, kw_only=True):
    """`next` goes into `cursor` of the following call; absent on the last page."""

    items: Sequence[EscalationView]
    next: str | None = None


class AlertPage(msgspec.Struct, frozen=True, kw_only=True):
    """`next` goes into `cursor` of the following call, which may bring nothing yet."""

    items: Sequence[AlertView]
    next: str | None = None


@get("/v1/overview", guards=[SEES], tags=["figures"], opt=Described(answers={200: Overview}).opt())
async def overview(
    request: Call,
    state: State,
    area: AskedArea = "",
    office: Annotated[str, QueryParameter(max_length=64)] = "",
) -> dict[str, Any]:
    """What is open, pressing, late, supervised and returned: in all, by field, by office, by part of the area."""
    policy: Policy = state.policy.policy
    office, area = scope(request.user, office, area)
    async with transaction(state.engine) as conn:
        settled = state.clock.now() - ANSWERED_WITHIN * state.clock.speed
        found = await queries.get_overview(conn, area=area, office=office, settled=settled, policy=policy)
        escalation = await escalations.count_escalations(conn, areas=policy.ranges_within(area), office=office)
        # What notify itself has set aside is no office's.
        parked = await queries.count_dead_letters(conn) if not office else 0
    names = names_of(policy)
    for line in found["by_office"]:
        line["zh"], line["en"] = (name_of(line["office"], names, language) for language in ("zh", "en"))
    for line in found["by_field"]:
        line["zh"], line["en"] = Field(line["field"]).zh, Field(line["field"]).en
    for line in found["by_area"]:
        known = policy.area(line["area"])
        line["zh"] = known.name if known is not None else line["area"]
    for line in found["cases"]:
        line["zh"], line["en"] = CaseState(line["state"]).zh, CaseState(line["state"]).en
    total = found.pop("total") or [dict.fromkeys(queries.FIGURES, 0)]
    known = policy.area(area) if area else None
    return {
        "now": state.clock.now(),
        "area": area,
        "area_zh": known.name if known is not None else "",
        "office": office,
        "office_zh": name_of(office, names, "zh"),
        "office_en": name_of(office, names, "en"),
        "total": total[0],
        "parked": parked + total[0]["parked"],
        "supervision": escalation,
        "standing": state.stalled.writers,
        **found,
    }


@get("/v1/watches", guards=[SEES], tags=["figures"])
async def list_timers(  # noqa: PLR0913, PLR0917 -- one for each query parameter
    request: Call,
    state: State,
    office: Annotated[str, QueryParameter(max_length=64)] = "",
    area: AskedArea = "",
    kind: Annotated[ClockKind | None, QueryParameter()] = None,
    status: Annotated[ClockStatus | None, QueryParameter()] = None,
    figure: Annotated[
        Literal["due_soon", "late", "silent"] | None, QueryParameter(description="What that figure counts.")
    ] = None,
    due_before: Annotated[datetime | None, QueryParameter()] = None,
    cursor: Annotated[str, QueryParameter(max_length=100)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE)] = 50,
) -> TimerPage:
    """Open clocks that run, the most pressing first."""
    office, area = scope(request.user, office, area)
    wanted = ClockFilter(
        office=office,
        areas=state.policy.policy.ranges_within(area),
        kind=kind.value if kind else "",
        status=status.value if status else "",
        figure=figure or "",
        due_before=due_before or FAR,
    )
    async with transaction(state.engine) as conn:
        found = await queries.list_timers(
            conn,
            wanted,
            after=read_cursor(cursor, START),
            limit=limit + 1,
            names=names_of(state.policy.policy),
        )
    page = found[:limit]
    more = write_cursor(page[-1].due_at, page[-1].clock_id) if len(found) > limit else None
    return TimerPage(items=page, next=more)


@get("/v1/supervisions", guards=[SEES], tags=["figures"])
async def list_escalations(
    request: Call,
    state: State,
    area: AskedArea = "",
    office: Annotated[str, QueryParameter(max_length=64)] = "",
    level: Annotated[SupervisionLevel | None, QueryParameter()] = None,
    cursor: Annotated[str, QueryParameter(max_length=100)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE)] = 50,
) -> EscalationPage:
    """What is urged, supervised or listed, the longest late first: who holds it, how late, who was told."""
    office, area = scope(request.user, office, area)
    async with transaction(state.engine) as conn:
        found = await escalations.list_escalations(
            conn,
            areas=state.policy.policy.ranges_within(area),
            office=office,
            level=level,
            after=read_cursor(cursor, START),
            limit=limit + 1,
            context=escalations.ViewContext(
                now=state.clock.now(),
                names=names_of(state.policy.policy),
                calendar=state.policy.policy.calendar,
            ),
        )
    page = found[:limit]
    more = write_cursor(page[-1].due_at, page[-1].clock_id) if len(found) > limit else None
    return EscalationPage(items=page, next=more)


@get("/v1/alerts", guards=[SEES], tags=["alerts"])
async def list_alerts(
    request: Call,
    state: State,
    office: Annotated[str, QueryParameter(max_length=64)] = "",
    area: AskedArea = "",
    cursor: Annotated[str | None, QueryParameter(max_length=40)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE)] = 50,
) -> AlertPage:
    """Alerts after the cursor, in order; without one the latest."""
    office, area = scope(request.user, office, area)
    after = _checked(cursor)
    async with transaction(state.engine) as conn:
        policy: Policy = state.policy.policy
        areas, names = policy.ranges_within(area), names_of(policy)
        found = await queries.list_alerts(conn, after=after, office=office, areas=areas, limit=limit, names=names)
    return AlertPage(items=found, next=found[-1].cursor if found else cursor)


@get(
    "/v1/alerts/stream",
    guards=[SEES],
    tags=["alerts"],
    opt=Described(answers={200: str}, media=("text/event-stream",)).opt(),
)
async def stream_alerts(
    request: Call,
    state: State,
    office: Annotated[str, QueryParameter(max_length=64)] = "",
    area: AskedArea = "",
) -> ServerSentEvent:
    """Alerts as they are sent (server-sent events); `Last-Event-ID` goes on where a client stopped."""
    office, area = scope(request.user, office, area)

    async def fetch(after: str | None) -> list[Entry]:
        policy: Policy = state.policy.policy
        areas, names = policy.ranges_within(area), names_of(policy)
        async with transaction(state.engine) as conn:
            found = await queries.list_alerts(conn, after=after, office=office, areas=areas, limit=200, names=names)
        return [Entry(cursor=one.cursor, type=one.type, data=msgspec.json.encode(one).decode()) for one in found]

    def stands() -> bool:
        return state.get("partners") is None or bool(state.partners.stands(request.user))

    return stream(fetch, _checked(request.headers.get("last-event-id")), ends_at=request.user.ends_at, stands=stands)


def _checked(cursor: str | None) -> str | None:
    if cursor is not None:
        try:
            queries.read_cursor(cursor)
        except ValueError:
            raise Rejected("bad_cursor", BAD_CURSOR) from None
    return cursor


@get(
    "/v1/offices/{code:str}/performance",
    guards=[SEES],
    tags=["figures"],
    opt=Described(answers={200: Performance}).opt(),
)
async def performance(request: Call, state: State, code: FromPath[str]) -> dict[str, Any]:
    """How one office does: on time, late, returned, reworked, satisfied, supervised, median days to the end."""
    office = state.policy.policy.office(code)
    if office is None or (request.user.role not in OF_AN_OFFICE and not request.user.sees(office.area)):
        raise Rejected("not_found")
    asked, _ = scope(request.user, code, "")
    async with transaction(state.engine) as conn:
        found = await queries.get_performance(conn, asked)
    return {"office": code, "zh": office.zh, "en": office.en, **found}


@get("/", include_in_schema=False, sync_to_thread=False)
def board(state: State) -> Response[bytes]:
    """The page, which may ask us and those who explain dates, and take their pages apart."""
    origins = {f"{part.scheme}://{part.netloc}" for part in map(urlsplit, state.explained_by.values()) if part.netloc}
    asks = " ".join(["'self'", *sorted(origins)])
    headers = {"content-security-policy": f"default-src 'self'; style-src 'self' {SEALED}; connect-src {asks}"}
    return Response((BOARD / "board.html").read_bytes(), media_type="text/html", headers=headers)


@get("/board.json", include_in_schema=False, sync_to_thread=False)
def board_settings(state: State) -> dict[str, str]:
    """Clocks and language of the place, and where explanations are to be had; empty where nobody said."""
    zone = str(state.policy.policy.calendar.zone)
    return {**state.explained_by, "time_zone": zone, "language": state.policy.language}


def _file(path: str, name: str, media_type: str) -> HTTPRouteHandler:
    async def serve() -> Response[bytes]:
        return Response((BOARD / name).read_bytes(), media_type=media_type)

    return get(path, include_in_schema=False, name=name, sync_to_thread=None)(serve)


ROUTES: list[HTTPRouteHandler] = [
    overview,
    list_timers,
    list_escalations,
    list_alerts,
    stream_alerts,
    performance,
    *DELIVERY_ROUTES,
    *MESSAGE_ROUTES,
    *issuing.ROUTES,
    *judging.ROUTES,
    board,
    board_settings,
    _file("/board.js", "board.js", "text/javascript"),
    _file("/items.js", "items.js", "text/javascript"),
    _file("/board.svg", "board.svg", "image/svg+xml"),
    _file("/board.css", "board.css", "text/css"),
]
