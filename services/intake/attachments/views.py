"""Attachments over HTTP: which there are, each as it was handed in, and thumbnails; each opening on record."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from contracts.access import Part
from contracts.attachments import AttachmentKind
from libraries.clocks.wording import materials_of, office_if_any
from libraries.policies import Policy
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.access import demand
from libraries.runtime.web.auth import Principal
from libraries.runtime.web.openapi import Described
from services.intake import reads, store
from services.intake.attachments import rows, thumbnails
from services.intake.attachments.rows import Attachment
from services.intake.contents import SEES_ONE
from services.intake.domain.attachments import FORMS
from services.intake.lookup import find

Call = Request[Principal, Any, State]
ANYTHING: Final = "application/octet-stream"
SANDBOX: Final = "default-src 'none'; sandbox"
ONE: Final = "/v1/cases/{key:str}/attachments/{attachment_id:uuid}"


class AttachmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was attached to a case, or is on its way."""

    id: UUID
    name: str
    kind: AttachmentKind
    kind_zh: str
    kind_en: str
    media_type: str
    size: int
    sha256: str | None
    """64 hexadecimal digits; `null` until it is whole."""
    added_at: datetime | None
    material: str
    """Which of the case's checklist it is; empty if that was not said."""
    material_zh: str
    material_en: str
    handed_in_at: datetime | None
    """When the applicant brought it, with this case or with an earlier one."""
    taken_over: bool
    """Whether it serves from an earlier case."""
    role: str
    """As what it was added, and for which office."""
    office: str | None
    office_zh: str | None
    office_en: str | None
    thumbnail: bool
    """Whether there is one."""


def view_of(one: Attachment, name: str, policy: Policy) -> AttachmentView:
    office_zh, office_en = office_if_any(policy, one.office)
    material_zh, material_en = materials_of(policy, [one.material] if one.material else [])
    return AttachmentView(
        id=one.id,
        name=name,
        kind=one.kind,
        kind_zh=one.kind.zh,
        kind_en=one.kind.en,
        media_type=FORMS[one.kind].media_type,
        size=one.size,
        sha256=one.sha256.hex() or None,
        added_at=one.added_at,
        material=one.material,
        material_zh=material_zh,
        material_en=material_en,
        handed_in_at=one.handed_in_at or one.added_at,
        taken_over=one.take_over is not None,
        role=one.role,
        office=one.office,
        office_zh=office_zh,
        office_en=office_en,
        thumbnail=one.thumbnail is not None,
    )


@get("/v1/cases/{key:str}/attachments", guards=[SEES_ONE], tags=["attachments"])
async def list_attachments(request: Call, state: State, key: FromPath[str]) -> list[AttachmentView]:
    """What was attached to the case, in order; nothing once it was erased."""
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        demand(found.relations, Part.ATTACHMENTS)
        kept = await rows.list_kept(conn, found.case.id)
        wrapped = (await store.get_sealed(conn, found.case.id)).wrapped_key
    if not wrapped:
        return []
    policy = state.policy.policy
    return [view_of(one, state.attachments.name_of(wrapped, one), policy) for one in kept]


@get(
    ONE, guards=[SEES_ONE], tags=["attachments"], opt=Described(answers={200: str}, media=(ANYTHING,), gone=True).opt()
)
async def fetch_attachment(request: Call, state: State, key: FromPath[str], attachment_id: FromPath[UUID]) -> Stream:
    """The file as it was handed in, to be saved. Opening it is put on record."""
    wrapped, one = await _opened(request, state, key, attachment_id)
    name = quote(state.attachments.name_of(wrapped, one), safe="")
    parts = state.attachments.content(wrapped, one)
    first = await anext(parts)  # what cannot be opened at all is refused, and not broken off
    headers = {
        "content-length": str(one.size),
        "content-disposition": f"attachment; filename*=UTF-8''{name}",
        "content-security-policy": SANDBOX,
    }
    return Stream(_from(first, parts), media_type=FORMS[one.kind].media_type, headers=headers)


@get(
    f"{ONE}/thumbnail",
    guards=[SEES_ONE],
    tags=["attachments"],
    opt=Described(answers={200: str}, media=(thumbnails.MEDIA_TYPE,), gone=True).opt(),
)
async def show_thumbnail(
    request: Call, state: State, key: FromPath[str], attachment_id: FromPath[UUID]
) -> Response[bytes]:
    """A small picture of a picture. It shows what there is to see, so it is put on record alike."""
    wrapped, one = await _opened(request, state, key, attachment_id)
    if one.thumbnail is None:
        raise Rejected("no_thumbnail")
    content = await state.attachments.thumbnail(wrapped, one)
    return Response(content, media_type=thumbnails.MEDIA_TYPE, headers={"content-security-policy": SANDBOX})


async def _opened(request: Call, state: State, key: str, attachment_id: UUID) -> tuple[bytes, Attachment]:
    """The key of the case and the row, on record before anything leaves. Raises `Rejected`."""
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        demand(found.relations, Part.ATTACHMENTS)
        wrapped = (await store.get_sealed(conn, found.case.id)).wrapped_key
        if not wrapped:
            raise Rejected("erased")
        one = await rows.find_one(conn, found.case.id, attachment_id, "kept")
        if one is None:
            raise Rejected("not_found")
        at, calendar = state.clock.now(), state.policy.policy.calendar
        await reads.save_attachment_read(conn, found.case.id, one.id, at=at, user=request.user, calendar=calendar)
    return wrapped, one


async def _from(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part


VIEWS: list[HTTPRouteHandler] = [list_attachments, fetch_attachment, show_thumbnail]
