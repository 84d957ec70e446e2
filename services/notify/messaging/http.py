"""Messages over HTTP: what was owed to whom, and what became of it; addresses and words stand in none of them."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from sqlalchemy import DateTime, String, Uuid, bindparam

from contracts.codes import Audience, DeliveryChannel, DeliveryState
from libraries.runtime.database.engine import transaction
from libraries.runtime.database.ranges import bounds, text_inside
from libraries.runtime.web.requests import AskedArea
from services.notify.callers import SEES, Call, scope
from services.notify.cursors import read_cursor, write_cursor

LARGEST_PAGE: Final = 200
END: Final = datetime(9999, 1, 1, tzinfo=UTC), UUID(int=0)
_LIST: Final = """
    SELECT m.id, m.case_id, c.number, m.type AS about, m.audience, m.channel, m.office, m.template, m.at, m.state,
           m.reason, m.attempts, m.next_at, m.changed_at
    FROM messages AS m JOIN cases AS c USING (case_id)
    WHERE (m.at, m.id) < (:at, :id) AND {inside} AND (:office = '' OR m.office = :office)
      AND (:state = '' OR m.state = :state) AND (:case_id IS NULL OR m.case_id = :case_id)
    ORDER BY m.at DESC, m.id DESC LIMIT :most
"""


class MessageView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message to people."""

    id: UUID
    case_id: UUID
    number: str
    about: str
    """The event behind it, for example `case.accepted`."""
    audience: Audience
    channel: DeliveryChannel
    office: str = ""
    """That is written to; empty of the applicant."""
    template: str
    at: datetime
    """When it was owed."""
    state: DeliveryState
    reason: str = ""
    """Why it waits, was not sent or was given up: how the last attempt went."""
    attempts: int
    next_at: datetime | None = None
    changed_at: datetime


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """`next` goes into `cursor` of the following call; absent on the last page."""

    items: list[MessageView]
    next: str | None = None


@get("/v1/messages", guards=[SEES], tags=["messages"])
async def list_messages(
    request: Call,
    state: State,
    area: AskedArea = "",
    office: Annotated[str, QueryParameter(max_length=64, description="That was written to.")] = "",
    case: Annotated[UUID | None, QueryParameter(description="Its id.")] = None,
    of: Annotated[DeliveryState | None, QueryParameter(name="state")] = None,
    cursor: Annotated[str, QueryParameter(max_length=100)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE)] = 50,
) -> MessagePage:
    """Messages to people, the latest first: those of an area, or to an office."""
    office, area = scope(request.user, office, area)
    at, last = read_cursor(cursor, END)
    ranges = state.policy.policy.ranges_within(area)
    listed = text_inside(_LIST, "c.area", ranges).bindparams(
        bindparam("at", type_=DateTime(timezone=True)),
        bindparam("id", type_=Uuid),
        bindparam("case_id", type_=Uuid),
        bindparam("office", type_=String),
        bindparam("state", type_=String),
    )
    wanted = {"office": office, "state": of.value if of is not None else "", "case_id": case}
    async with transaction(state.engine) as conn:
        values = {"at": at, "id": last, "most": limit + 1, **wanted, **bounds(ranges)}
        rows = (await conn.execute(listed, values)).mappings()
        found = [msgspec.convert(dict(row), MessageView) for row in rows]
    page = found[:limit]
    more = write_cursor(page[-1].at, page[-1].id) if len(found) > limit else None
    return MessagePage(items=page, next=more)


ROUTES: list[HTTPRouteHandler] = [list_messages]
