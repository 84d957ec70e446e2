"""Messages to applicants and offices (消息) on a page: what became of each, for coordinators and heads."""

from typing import Any, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from contracts.codes import DeliveryState, Role
from services.portal.look import page
from services.portal.pages import ROLES, visit
from services.portal.visits import Call

LOOKS: Final = {ROLES: (Role.COORDINATOR, Role.HEAD)}
LONGEST: Final = 100


@get("/coordinator/messages", opt=LOOKS)
async def messages(request: Call) -> Response[Any]:
    """The latest first, page by page; of one state if that is asked for."""
    found, asked = visit(request), request.query_params
    state = next((one for one in DeliveryState if one == asked.get("state")), None)
    wanted = {"state": state.value if state is not None else None, "cursor": asked.get("after", "")[:LONGEST] or None}
    told = await found.caller.get("notify", "/v1/messages", wanted)
    return page(
        found,
        "messages.html",
        path="/coordinator/messages",
        rows=told["items"],
        after=told.get("next"),
        state=state,
        states=tuple(DeliveryState),
        names=found.policy.names(),
    )


MESSAGES: list[HTTPRouteHandler] = [messages]
