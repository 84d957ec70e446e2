"""Attaching a file over HTTP, resumable as tus 1.0 has it: begin, go on, ask how far it is, give it up."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, delete, head, patch, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.access import ATTACHES
from libraries.ids import new_id
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Principal, Role, requires
from libraries.runtime.web.openapi import Described
from libraries.runtime.web.problems import on_error
from services.intake import store
from services.intake.attachments import rows, tus
from services.intake.attachments.keeping import PART, Arrival
from services.intake.attachments.rows import Attachment
from services.intake.attachments.views import AttachmentView, view_of
from services.intake.domain.attachments import LARGEST, SIZE, refused_by_case
from services.intake.domain.on_file import unlisted
from services.intake.lookup import Found, acts_as, find

Call = Request[Principal, Any, State]
ADDS = requires(Role.TOWNSHIP, Role.CLERK, Role.COORDINATOR, Role.ASSISTANT, Role.OFFICER, Role.LINK)
UPLOAD: Final = "/v1/cases/{key:str}/attachments/{attachment_id:uuid}/upload"
CREATES: Final = Described(
    answers={201: AttachmentView},
    takes=tus.MEDIA_TYPE,
    asks=(tus.RESUMABLE_HEADER, tus.LENGTH_HEADER, tus.METADATA_HEADER),
    refuses=(409, 412, 413, 415),
    gone=True,
)
GOES_ON: Final = Described(
    answers={204: None},
    takes=tus.MEDIA_TYPE,
    asks=(tus.RESUMABLE_HEADER, tus.OFFSET_HEADER),
    refuses=(409, 412, 413, 415),
    gone=True,
)
GIVES_UP: Final = Described(answers={204: None}, asks=(tus.RESUMABLE_HEADER,), refuses=(412,), gone=True)
Door = Callable[..., Awaitable[Response[Any]]]


def speaks_tus(door: Door) -> Door:
    """Every answer says which version is spoken, a refusal too."""

    @wraps(door)
    async def answer(request: Call, **given: Any) -> Response[Any]:
        try:
            tus.check_version(request.headers)
            found = await door(request, **given)
        except Rejected as refused:
            found = on_error(request, refused)
        for name, value in tus.SPOKEN.items():
            found.headers.setdefault(name, value)
        return found

    return answer


@post(
    "/v1/cases/{key:str}/attachments",
    guards=[ADDS],
    tags=["attachments"],
    request_max_body_size=LARGEST,
    opt=CREATES.opt(),
)
@speaks_tus
async def begin_upload(request: Call, state: State, key: FromPath[str]) -> Response[Any]:
    """Begin to attach a file (tus 1.0, creation): `Upload-Length`, and `filename` in `Upload-Metadata`.

    A `material` there says which of the case's checklist it is; such a file can serve for later cases of the person.
    `Location` is where it goes on. Content that comes with it is taken as the first part, or as the whole.
    """
    wanted = tus.creation_of(request.headers)
    holds = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if holds:
        tus.check_media_type(request.headers)
    user = request.user
    async with transaction(state.engine) as conn:
        found = await find(conn, user, key)
        case = (await store.lock_cases(conn, [found.case.id]))[found.case.id]
        known = await rows.count(conn, case.id)
        wrapped = (await store.get_sealed(conn, case.id)).wrapped_key
        if not wrapped:
            raise Rejected("erased")
        if refused := refused_by_case(case.state, known, found.relations):
            raise Rejected(refused.code, **refused.facts)
        if fault := unlisted(wanted.material, case, state.policy.policy):
            raise Rejected("invalid", fault)
        bare = _new(case.id, wanted, user, state.clock.now())
        new = replace(bare, sealed_name=state.attachments.sealed_name(wrapped, bare, wanted.name))
        await rows.save_begun(conn, new)
    arrival = _arrival(state, user, found, wrapped)
    last = await _receive(request, arrival, new) if holds else await _again(state, new)
    path = f"/v1/cases/{case.id}/attachments/{new.id}/upload"
    view = view_of(last, wanted.name, state.policy.policy)
    return Response(view, status_code=201, headers={"location": path, **tus.told(last)})


@patch(UPLOAD, guards=[ADDS], status_code=204, tags=["attachments"], request_max_body_size=LARGEST, opt=GOES_ON.opt())
@speaks_tus
async def go_on(request: Call, state: State, key: FromPath[str], attachment_id: FromPath[UUID]) -> Response[None]:
    """The next bytes, from `Upload-Offset` on. Whatever arrives before the connection breaks is kept."""
    tus.check_media_type(request.headers)
    offset = tus.number_in(request.headers, "Upload-Offset")
    found, one, wrapped = await _own(request, state, key, attachment_id)
    if one.arrived != offset:
        raise Rejected("upload_offset", offset=one.arrived)
    last = await _receive(request, _arrival(state, request.user, found, wrapped), one)
    return Response(None, status_code=204, headers=tus.told(await _again(state, last)))


@head(UPLOAD, guards=[ADDS], tags=["attachments"], include_in_schema=False)
@speaks_tus
async def how_far(request: Call, state: State, key: FromPath[str], attachment_id: FromPath[UUID]) -> Response[None]:
    """How many bytes have arrived, in `Upload-Offset`."""
    _, one, _ = await _own(request, state, key, attachment_id)
    return Response(None, status_code=200, headers=tus.told(one))


@delete(UPLOAD, guards=[ADDS], status_code=204, tags=["attachments"], opt=GIVES_UP.opt())
@speaks_tus
async def give_up(request: Call, state: State, key: FromPath[str], attachment_id: FromPath[UUID]) -> Response[None]:
    """Give up an upload that is not whole yet. What was attached stays."""
    _, one, _ = await _own(request, state, key, attachment_id)
    async with transaction(state.engine) as conn:
        await rows.drop(conn, one.id)
    return Response(None, status_code=204)


async def _own(request: Call, state: State, key: str, attachment_id: UUID) -> tuple[Found, Attachment, bytes]:
    """An upload of the caller's own, who may still add to the case. Raises `Rejected`."""
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        if ATTACHES.isdisjoint(found.relations):
            raise Rejected("may_not_attach")
        one = await rows.find_one(conn, found.case.id, attachment_id, "coming", "kept")
        wrapped = (await store.get_sealed(conn, found.case.id)).wrapped_key
    if not wrapped:
        raise Rejected("erased")
    if one is None or (one.subject, one.role) != (request.user.subject, request.user.role.value):
        raise Rejected("not_found")
    return found, one, wrapped


async def _receive(request: Call, arrival: Arrival, one: Attachment) -> Attachment:
    """Part by part into the store: no more than one lies in memory."""
    left = one.size - one.arrived
    if int(request.headers.get("content-length", "0")) > left:
        raise Rejected("attachment_size", most=SIZE)
    buffer = bytearray()
    try:
        async for chunk in request.stream():
            buffer += chunk
            if one.arrived + len(buffer) > one.size:
                raise Rejected("attachment_size", most=SIZE)
            while len(buffer) >= PART:
                one = await arrival.add(one, bytes(buffer[:PART]))
                del buffer[:PART]
    except HTTPException:  # who sent it is gone, and comes again
        if buffer:
            await arrival.add(one, bytes(buffer))
        raise
    return await arrival.add(one, bytes(buffer)) if buffer else one


def _arrival(state: State, user: Principal, found: Found, wrapped: bytes) -> Arrival:
    policy = state.policy.policy
    return Arrival(
        keeper=state.attachments,
        engine=state.engine,
        clock=state.clock,
        policy=policy,
        initiator=acts_as(user, found.case, policy),
        wrapped=wrapped,
    )


def _new(case_id: UUID, wanted: tus.Creation, user: Principal, at: datetime) -> Attachment:
    return Attachment(
        id=new_id(),
        case_id=case_id,
        state="coming",
        kind=wanted.kind,
        size=wanted.size,
        arrived=0,
        parts=(),
        sealed_name=b"",
        begun_at=at,
        subject=user.subject,
        role=user.role.value,
        office=user.office,
        material=wanted.material,
    )


async def _again(state: State, one: Attachment) -> Attachment:
    """With the moment until when it can be gone on with."""
    async with transaction(state.engine) as conn:
        return await rows.find_one(conn, one.case_id, one.id, "coming", "kept") or one


UPLOADING: list[HTTPRouteHandler] = [begin_upload, go_on, how_far, give_up]
