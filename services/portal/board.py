"""The board (看板) at the own origin: figures of the own area or office, down the areas, and what they count."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from contracts.codes import Role
from libraries.clocks.wording import address_of
from services.portal.look import page
from services.portal.pages import ROLES, visit
from services.portal.visits import Call

WATCHERS: Final = {ROLES: (Role.COORDINATOR, Role.OFFICER, Role.OPS)}
FIGURES: Final = ("open", "due_soon", "late", "silent", "supervised", "returned", "on_hold", "completed", "on_time")
COUNTED: Final = ("due_soon", "late", "silent")
"""Figures whose clocks notify lists."""
LEVELS: Final = ("reminded", "urged", "supervised", "listed")
AREA_DIGITS: Final = 12
MOST: Final = 100
AFRESH_SECONDS: Final = 30
"""A wall is loaded again without anybody at it."""


@get("/board", opt=WATCHERS)
async def board(request: Call) -> Response[Any]:
    found, asked = visit(request), request.query_params
    area = asked.get("area", "")
    area = area if len(area) == AREA_DIGITS and area.isascii() and area.isdigit() else ""
    figure = next((one for one in COUNTED if one == asked.get("figure")), "")
    wall = bool(asked.get("wall"))
    overview, watches = await asyncio.gather(
        found.caller.get("notify", "/v1/overview", {"area": area or None}), _counted(found.caller, area, figure)
    )
    own = found.signed_in.post
    above = found.policy.area(area) if area and own.role is not Role.OFFICER else None
    answer = page(
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
    )
    if wall:
        answer.headers["refresh"] = str(AFRESH_SECONDS)
    return answer


async def _counted(caller: Any, area: str, figure: str) -> Sequence[Mapping[str, Any]]:
    if not figure:
        return ()
    told = await caller.get("notify", "/v1/watches", {"figure": figure, "area": area or None, "limit": MOST})
    items: Sequence[Mapping[str, Any]] = told["items"]
    return items


BOARD: list[HTTPRouteHandler] = [board]
