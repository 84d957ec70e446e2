"""The board (看板) at the own origin: figures of the own area or office, down the areas, and what they count."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from contracts.codes import OF_AN_OFFICE, Role
from libraries.clocks.wording import address_of
from services.portal.domain.live import Rows, mark_of, rows_of
from services.portal.look import page
from services.portal.pages import ROLES, visit
from services.portal.visits import Call, Visit

WATCHERS: Final = {ROLES: (Role.COORDINATOR, Role.HEAD, Role.OFFICER, Role.OPS)}
FIGURES: Final = ("open", "due_soon", "late", "silent", "supervised", "returned", "on_hold", "completed", "on_time")
COUNTED: Final = ("due_soon", "late", "silent")
"""Figures whose clocks notify lists."""
LEVELS: Final = ("reminded", "urged", "supervised", "listed")
AREA_DIGITS: Final = 12
MOST: Final = 100
ROW: Final = "figures"


def asked_area(wanted: str) -> str:
    return wanted if len(wanted) == AREA_DIGITS and wanted.isascii() and wanted.isdigit() else ""


def _mark(overview: Mapping[str, Any]) -> str:
    """Of everything but the time at which it was counted."""
    return mark_of({name: value for name, value in overview.items() if name != "now"})


async def board_rows(found: Visit, view: str) -> Rows:
    """One row: the figures as a whole."""
    overview = await found.caller.get("notify", "/v1/overview", {"area": asked_area(view) or None})
    return rows_of([(ROW, _mark(overview))])


@get("/board", opt=WATCHERS)
async def board(request: Call) -> Response[Any]:
    found, asked = visit(request), request.query_params
    area = asked_area(asked.get("area", ""))
    figure = next((one for one in COUNTED if one == asked.get("figure")), "")
    wall = bool(asked.get("wall"))
    overview, watches = await asyncio.gather(
        found.caller.get("notify", "/v1/overview", {"area": area or None}), _counted(found.caller, area, figure)
    )
    own = found.signed_in.post
    above = found.policy.area(area) if area and own.role not in OF_AN_OFFICE else None
    return page(
        found,
        "board.html",
        path="/board" + (f"?area={area}" if area else ""),
        overview=overview,
        figures=FIGURES,
        counted=COUNTED,
        levels=LEVELS,
        figure=figure,
        watches=watches,
        area=area,
        above=above.parent if above is not None and above.code != own.area else None,
        where=address_of(found.policy, overview["area"]) if overview["area"] else "",
        wall=wall,
        row=ROW,
        mark=_mark(overview),
        may_script=True,
    )


async def _counted(caller: Any, area: str, figure: str) -> Sequence[Mapping[str, Any]]:
    if not figure:
        return ()
    told = await caller.get("notify", "/v1/watches", {"figure": figure, "area": area or None, "limit": MOST})
    items: Sequence[Mapping[str, Any]] = told["items"]
    return items


BOARD: list[HTTPRouteHandler] = [board]
