"""Attachments on the pages: added by a form or part by part by its script, fetched, and shown small."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import httpx
from litestar import MediaType, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.access import ATTACHES, Relation
from contracts.codes import CaseState, Role
from services.portal.forms import Form
from services.portal.look import HEADERS, go_to, page
from services.portal.pages import FILES, ROLES, visit
from services.portal.reading import read_if_allowed
from services.portal.remote import Caller, ServiceRefused
from services.portal.uploads import LARGEST, SentFile
from services.portal.visits import Call, local_path

ADDERS: Final = {ROLES: (Role.CLERK, Role.ASSISTANT, Role.OFFICER, Role.COORDINATOR), FILES: True}
VIEWERS: Final = {ROLES: (Role.CLERK, Role.OFFICER, Role.HEAD, Role.COORDINATOR)}
STILL_OPEN: Final = frozenset(
    {
        CaseState.REGISTERED,
        CaseState.AWAITING_SUPPLEMENT,
        CaseState.ACCEPTED,
        CaseState.IN_PROGRESS,
        CaseState.SUSPENDED,
        CaseState.RESOLVED,
    }
)
TUS: Final = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream"}
EMPTY: Final = {"tus-resumable": "1.0.0"}
ACCEPTED: Final = ".jpg,.jpeg,.png,.webp,.pdf,.ofd,.docx,.xlsx"
DONE: Final = "attached"


def may_attach(case: Mapping[str, Any] | None) -> bool:
    """Whether the page offers it; intake judges."""
    if case is None or case["state"] not in STILL_OPEN:
        return False
    return not ATTACHES.isdisjoint(Relation(one) for one in case["relations"])


async def attached_to(caller: Caller, path: str, case: Mapping[str, Any]) -> dict[str, Any]:
    """What the page of a case shows of its attachments."""
    listed = await read_if_allowed(caller, "intake", f"{path}/attachments")
    return {"attachments": listed, "may_attach": may_attach(case), **chooser_of(case)}


def chooser_of(case: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the form needs: which files it takes, and what they may be of the checklist."""
    checklist = (case or {}).get("checklist") or ()
    listing = [(one["code"], one["zh"], one["en"]) for one in checklist]
    return {"accepted": ACCEPTED, "listing": listing, "material": ""}


async def on_file_of(caller: Caller, path: str, case: Mapping[str, Any]) -> dict[str, Any]:
    """What of its checklist is here, on file or missing; nothing is asked where nothing has to be handed in."""
    if not case.get("checklist"):
        return {"on_file": None, "taken_over": ()}
    on_file = await read_if_allowed(caller, "intake", f"{path}/on-file")
    taken = await read_if_allowed(caller, "intake", f"{path}/take-overs")
    return {"on_file": on_file, "taken_over": taken or ()}


@post("/attachments/{key:str}", opt=ADDERS, request_max_body_size=LARGEST)
async def attach(request: Call, key: FromPath[str]) -> Response[Any]:
    """All files of one form; those that are refused are named, the others are kept."""
    found = visit(request)
    back = local_path(found.form.get("back") or "/")
    material = found.form.get("material")
    refused = [(one.name, why) for one in found.files if (why := await _added(found.caller, key, one, material))]
    if found.files and not refused:
        return go_to(found, f"{back.partition('?')[0]}?done={DONE}")
    kept = len(found.files) - len(refused)
    given = {"back": back, "key": key, "problems": refused, "kept": kept, "may_attach": True}
    return page(found, "attach.html", status=422, path=back, **given, **{**chooser_of(None), "material": material})


async def _added(caller: Caller, key: str, one: SentFile, material: str) -> str:
    """Why it was not; empty where it was."""
    try:
        heads = _heads(one.name, len(one.content), material)
        await caller.send("POST", "intake", f"/v1/cases/{key}/attachments", heads, one.content)
    except ServiceRefused as error:
        if error.problem.status in {401, 404}:
            raise
        return told(error)
    return ""


def told(error: ServiceRefused) -> str:
    return "；".join(fault.detail for fault in error.problem.errors) or error.problem.detail


def _heads(name: str, size: int, material: str) -> dict[str, str]:
    given = {"filename": name} | ({"material": material} if material else {})
    told = ",".join(f"{key} {b64encode(one.encode('utf-8', 'replace')).decode()}" for key, one in given.items())
    return {**(TUS if size else EMPTY), "upload-length": str(size), "upload-metadata": told}


@post("/attachments/{key:str}/parts", opt=ADDERS)
async def attach_part(request: Call, key: FromPath[str]) -> Response[Any]:
    """One part of a file, for the script of the page: begins an upload, goes on with it, or says how far it is."""
    found = visit(request)
    form, upload = found.form, found.form.get("upload")
    content = found.files[0].content if found.files else b""
    try:
        if not upload:
            answer = await _begun(found.caller, key, form, content)
        else:
            answer = await _gone_on(found.caller, key, upload, form.get("offset"), content)
    except ServiceRefused as error:
        return _json({"detail": told(error)}, error.problem.status)
    return _json(answer)


async def _begun(caller: Caller, key: str, form: Form, content: bytes) -> dict[str, Any]:
    size = form.get("size")
    heads = _heads(form.get("name"), len(content), form.get("material"))
    heads["upload-length"] = size if size.isascii() and size.isdigit() else "-"
    answer = await caller.send("POST", "intake", f"/v1/cases/{key}/attachments", heads, content)
    return {"upload": answer.json()["id"], "offset": _offset(answer)}


async def _gone_on(caller: Caller, key: str, upload: str, offset: str, content: bytes) -> dict[str, Any]:
    """Without content it is asked how much has arrived: after a line that broke nobody else knows."""
    path = f"/v1/cases/{key}/attachments/{quote(upload, safe='')}/upload"
    if content:
        heads = {**TUS, "upload-offset": offset if offset.isascii() and offset.isdigit() else "-"}
        answer = await caller.send("PATCH", "intake", path, heads, content)
    else:
        answer = await caller.send("HEAD", "intake", path, EMPTY)
    return {"upload": upload, "offset": _offset(answer)}


def _offset(answer: httpx.Response) -> int:
    return int(answer.headers.get("upload-offset", "0"))


def _json(value: Mapping[str, Any], status: int = 200) -> Response[Any]:
    return Response(value, status_code=status, media_type=MediaType.JSON, headers=HEADERS)


@get("/attachments/{key:str}/{attachment_id:uuid}", opt=VIEWERS)
async def attachment(request: Call, key: FromPath[str], attachment_id: FromPath[UUID]) -> Response[bytes]:
    return await _file(request, f"/v1/cases/{key}/attachments/{attachment_id}")


@get("/attachments/{key:str}/{attachment_id:uuid}/thumbnail", opt=VIEWERS)
async def thumbnail(request: Call, key: FromPath[str], attachment_id: FromPath[UUID]) -> Response[bytes]:
    return await _file(request, f"/v1/cases/{key}/attachments/{attachment_id}/thumbnail")


async def _file(request: Call, path: str) -> Response[bytes]:
    answer = await visit(request).caller.send("GET", "intake", path, {})
    passed = ("content-type", "content-disposition", "content-security-policy")
    headers = HEADERS | {name: answer.headers[name] for name in passed if name in answer.headers}
    return Response(answer.content, media_type=headers.pop("content-type"), headers=headers)


ATTACHING: Sequence[HTTPRouteHandler] = (attach, attach_part, attachment, thumbnail)
