"""The figures of the trade (考核指标) on a page: offices of the own area in a period, ranked, each figure defined."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from contracts.codes import Figure, Role
from libraries.deadlines import Calendar
from libraries.deadlines.limits import FIRST_YEAR, LAST_YEAR
from services.portal.catalogue import say
from services.portal.look import page
from services.portal.pages import ROLES, visit
from services.portal.visits import Call

JUDGES: Final = {ROLES: (Role.COORDINATOR, Role.HEAD)}
RANKED_BY: Final = Figure.ENDED_IN_TIME


@get("/coordinator/figures", opt=JUDGES)
async def figures(request: Call) -> Response[Any]:
    """Of a period of whole days, by default of this month so far."""
    found, asked = visit(request), request.query_params
    calendar = found.policy.calendar
    today = calendar.date_of(found.portal.business_now())
    typed = {name: asked.get(name, "")[:10] for name in ("since", "last")}
    first, last = _day(typed["since"], today.replace(day=1)), _day(typed["last"], today)
    unread = [name for name, day in (("since", first), ("last", last)) if day is None]
    faults = dict.fromkeys(unread, say(found.language, "figures.no_day"))
    if first and last and last < first:
        faults["last"] = say(found.language, "figures.backwards")
    rank = next((one for one in Figure if one == asked.get("rank")), RANKED_BY)
    judged: Any = None
    if first and last and not faults:
        period = {"since": midnight(first, calendar), "until": midnight(last + timedelta(days=1), calendar)}
        judged = await found.caller.get("notify", "/v1/performance", {"by": "office", "rank": rank.value, **period})
    return page(
        found,
        "figures.html",
        status=422 if faults else 200,
        path="/coordinator/figures",
        judged=judged,
        definitions={one["figure"]: one for one in judged["definitions"]} if judged else {},
        shown=shown,
        first=first.isoformat() if first else typed["since"],
        last=last.isoformat() if last else typed["last"],
        rank=rank,
        ranks=tuple(Figure),
        faults=faults,
        whole="",
    )


def shown(figure: Mapping[str, Any], definition: Mapping[str, Any]) -> str:
    """A share in per cent, an average with two places; nothing where there is nothing to judge by."""
    ratio = figure["ratio"]
    if ratio is None:
        return "—"
    return f"{ratio:.2f}" if definition["is_average"] else f"{ratio * 100:.1f} %"


def _day(typed: str, otherwise: date) -> date | None:
    """`None` for what is no day, or none of this system's time."""
    try:
        day = date.fromisoformat(typed) if typed else otherwise
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def midnight(day: date, calendar: Calendar) -> str:
    return calendar.local(calendar.midnight(day.toordinal())).isoformat()


FIGURES: list[HTTPRouteHandler] = [figures]
