"""The figures of the trade over months, of one area or office, as charts that can be printed."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from contracts.codes import OF_AN_OFFICE, Figure
from libraries.clocks.wording import address_of
from libraries.deadlines import Calendar
from services.portal.board import WATCHERS, asked_area
from services.portal.catalogue import say
from services.portal.domain.charts import Chart, Point, chart, month_after, months_before
from services.portal.figures import midnight, shown
from services.portal.look import page
from services.portal.pages import visit
from services.portal.visits import Call, Visit

MONTHS: Final = (6, 12, 24)
USUAL: Final = 12
COUNTED: Final = {"history.sent": Figure.RETURN_RATE, "history.ended": Figure.ENDED_IN_TIME}
"""What is counted, and the figure whose denominator it is."""
AT_ONCE: Final = 4
"""So many months are asked for at a time."""

Judged = Mapping[str, Any]


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """One chart, and the same as a row of a table."""

    id: str
    title: str
    chart: Chart
    in_per_cent: bool
    cells: Sequence[str]


@get("/board/history", opt=WATCHERS)
async def history(request: Call) -> Response[Any]:
    found, asked = visit(request), request.query_params
    area = asked_area(asked.get("area", ""))
    number = next((one for one in MONTHS if str(one) == asked.get("months")), USUAL)
    calendar, own = found.policy.calendar, found.signed_in.post
    months = months_before(calendar.date_of(found.portal.business_now()), number)
    judged = await _judged(found, months, area, calendar)
    of_office = own.role in OF_AN_OFFICE and own.office is not None
    here = found.policy.area(area or own.area)
    below = [one for one in found.policy.areas.values() if here is not None and one.parent == here.code]
    return page(
        found,
        "history.html",
        path=f"/board/history?months={number}" + (f"&area={area}" if area else ""),
        months=[f"{one:%Y-%m}" for one in months],
        number=number,
        choices=MONTHS,
        drawn=[*_counts(found, months, judged), *_shares(found, months, judged)],
        area=area,
        office=found.policy.office(own.office) if of_office and own.office else None,
        where=address_of(found.policy, here.code) if here is not None else "",
        above=here.parent if here is not None and area and here.code != own.area and not of_office else None,
        below=[] if of_office else sorted(below, key=lambda one: one.code),
    )


async def _judged(found: Visit, months: Sequence[date], area: str, calendar: Calendar) -> list[Judged]:
    """Of each month what notify says of the whole."""
    turn, caller = asyncio.Semaphore(AT_ONCE), found.caller

    async def one(month: date) -> Judged:
        period = {"since": midnight(month, calendar), "until": midnight(month_after(month), calendar)}
        async with turn:
            told: Judged = await caller.get("notify", "/v1/performance", {"area": area or None, **period})
            return told

    return list(await asyncio.gather(*map(one, months)))


def _counts(found: Visit, months: Sequence[date], judged: Sequence[Judged]) -> list[Drawn]:
    made = []
    for text, figure in COUNTED.items():
        numbers = [_of(one, figure)["denominator"] for one in judged]
        points = [
            Point(label=_label(month), value=float(number) or None, shown=str(number))
            for month, number in zip(months, numbers, strict=True)
        ]
        title, cells = say(found.language, text), [str(number) for number in numbers]
        made.append(Drawn(id=text, title=title, chart=chart(points), in_per_cent=False, cells=cells))
    return made


def _shares(found: Visit, months: Sequence[date], judged: Sequence[Judged]) -> list[Drawn]:
    definitions = {one["figure"]: one for one in judged[-1]["definitions"]} if judged else {}
    made = []
    for figure, definition in definitions.items():
        ones = [_of(each, figure) for each in judged]
        average = bool(definition["is_average"])
        cells = [f"{shown(one, definition)} ({one['numerator']}/{one['denominator']})" for one in ones]
        points = [
            Point(label=_label(month), value=one["ratio"], shown=_short(one["ratio"], average=average))
            for month, one in zip(months, ones, strict=True)
        ]
        title = definition["en" if found.language == "en" else "zh"]
        drawing = chart(points, most=None if average else 1.0)
        made.append(Drawn(id=figure, title=title, chart=drawing, in_per_cent=not average, cells=cells))
    return made


def _of(judged: Judged, figure: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(one for one in judged["total"]["figures"] if one["figure"] == figure)
    return found


def _label(month: date) -> str:
    """The year where it begins, which says the month too."""
    return f"{month.year if month.month == 1 else month.month}"


def _short(ratio: float | None, *, average: bool) -> str:
    if ratio is None:
        return ""
    return f"{ratio:.1f}" if average else f"{ratio * 100:.0f}"


HISTORY: list[HTTPRouteHandler] = [history]
