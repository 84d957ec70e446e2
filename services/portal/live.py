"""Lists and the board, live (server-sent events): what they would show by now, for a page to tell what is new.

Whoever has the same post sees the same list, so it is asked for once for all of them.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import msgspec
from litestar import get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import ServerSentEvent, ServerSentEventMessage

from contracts.codes import Role
from libraries.runtime.database.engine import read_once
from services.portal import store
from services.portal.board import board_rows
from services.portal.coordinator import coordinator_rows
from services.portal.counter import counter_rows
from services.portal.domain.live import Rows
from services.portal.inbox import inbox_rows
from services.portal.pages import QUIET, ROLES, note_away, visit
from services.portal.remote import ServiceAway, ServiceRefused
from services.portal.visits import SESSION, Call, Visit, secret_hash

LONGEST_SECONDS: Final = 600.0
"""Then the browser comes back by itself, and says who it is again."""
RETRY_MILLISECONDS: Final = 5000
LONGEST_VIEW: Final = 40
WATCHERS: Final = {
    ROLES: (Role.CLERK, Role.ASSISTANT, Role.OFFICER, Role.HEAD, Role.COORDINATOR, Role.OPS),
    QUIET: True,
    "skip_compression": True,
}

Read = Callable[[Visit, str], Awaitable[Rows]]
LISTS: Final[Mapping[str, tuple[Read, frozenset[Role]]]] = {
    "counter": (counter_rows, frozenset({Role.CLERK, Role.ASSISTANT})),
    "inbox": (inbox_rows, frozenset({Role.OFFICER})),
    "coordinator": (coordinator_rows, frozenset({Role.COORDINATOR, Role.HEAD})),
    "board": (board_rows, frozenset({Role.COORDINATOR, Role.HEAD, Role.OFFICER, Role.OPS})),
}
"""How each is read, and who has it."""


@get("/live/{name:str}", opt=WATCHERS)
async def live_list(request: Call, name: FromPath[str]) -> ServerSentEvent:
    found = visit(request)
    read, roles = LISTS.get(name, (None, frozenset()))
    if read is None or found.signed_in.post.role not in roles:
        raise NotFoundException
    view = request.query_params.get("view", "")[:LONGEST_VIEW]
    post = found.signed_in.post
    key = (name, view, post.role.value, post.office or "", post.area)
    secret = secret_hash(request.cookies.get(SESSION, ""))
    return ServerSentEvent(_messages(found, secret, lambda: _rows(found, key, lambda: read(found, view))))


async def _messages(
    found: Visit, secret: bytes, read: Callable[[], Awaitable[Rows | None]]
) -> AsyncIterator[ServerSentEventMessage]:
    yield ServerSentEventMessage(comment="connected", retry=RETRY_MILLISECONDS)
    told: Rows | None = None
    begun = time.monotonic()
    while time.monotonic() - begun < LONGEST_SECONDS and await _stands(found, secret):
        rows = await read()
        if rows is not None and rows != told:
            told = rows
            yield ServerSentEventMessage(event="rows", data=msgspec.json.encode(rows).decode())
        else:
            yield ServerSentEventMessage(comment="still here")
        if await found.portal.closes_within(found.portal.live_seconds):
            return


async def _rows(found: Visit, key: tuple[str, ...], read: Callable[[], Awaitable[Rows]]) -> Rows | None:
    """`None` while a service is away or refuses: what was told stands."""

    async def noted() -> Rows:
        """Once for all who listen."""
        try:
            return await read()
        except ServiceAway as error:
            note_away(error)
            raise

    try:
        return await found.portal.lists.rows(key, noted, found.portal.live_seconds)
    except (ServiceAway, ServiceRefused):
        return None


async def _stands(found: Visit, secret: bytes) -> bool:
    """Whether this session still lives, as the same post; listening keeps none alive."""
    async with read_once(found.portal.engine) as conn:
        session = await store.find_session(conn, secret)
    own = found.signed_in
    return session is not None and session.lives(found.portal.now()) and session.post.id == own.post.id


LIVE: list[HTTPRouteHandler] = [live_list]
