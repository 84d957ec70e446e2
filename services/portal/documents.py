"""What was handed out in a case: opened to be printed, and fetched as a PDF or DOCX file."""

from typing import Any, Final, Literal
from uuid import UUID

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from services.portal.inbox import OFFICERS
from services.portal.look import HEADERS, page
from services.portal.pages import visit
from services.portal.receipts import ISSUERS
from services.portal.visits import Call, Visit

Kind = Literal["pdf", "docx"]
TYPES: Final[dict[Kind, str]] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@get("/counter/cases/{key:str}/documents/{serial:int}", opt=ISSUERS)
async def document(request: Call, key: FromPath[str], serial: FromPath[int]) -> Response[Any]:
    return await _shown(visit(request), key, serial, back=f"/counter/cases/{key}")


@get("/counter/cases/{key:str}/documents/{serial:int}/{kind:str}", opt=ISSUERS)
async def document_file(
    request: Call, key: FromPath[str], serial: FromPath[int], kind: FromPath[Kind]
) -> Response[Any]:
    return await _file(visit(request), key, serial, kind)


@get("/inbox/{referral_id:uuid}/documents/{serial:int}", opt=OFFICERS)
async def document_of_referral(request: Call, referral_id: FromPath[UUID], serial: FromPath[int]) -> Response[Any]:
    """The letter to the office, and what else of the case it may read."""
    found = visit(request)
    return await _shown(found, await _case_of(found, referral_id), serial, back=f"/inbox/{referral_id}")


@get("/inbox/{referral_id:uuid}/documents/{serial:int}/{kind:str}", opt=OFFICERS)
async def file_of_referral(
    request: Call, referral_id: FromPath[UUID], serial: FromPath[int], kind: FromPath[Kind]
) -> Response[Any]:
    found = visit(request)
    return await _file(found, await _case_of(found, referral_id), serial, kind)


async def _case_of(found: Visit, referral_id: UUID) -> str:
    return str((await found.caller.get("routing", f"/v1/referrals/{referral_id}"))["case_id"])


async def _shown(found: Visit, key: str, serial: int, *, back: str) -> Response[Any]:
    content = await found.caller.get("intake", f"/v1/cases/{key}/documents/{serial}")
    own = f"{back}/documents/{serial}"
    paper = content[found.language] or content["zh"]
    return page(found, "document.html", path=own, back=back, own=own, document=content, paper=paper)


async def _file(found: Visit, key: str, serial: int, kind: Kind) -> Response[Any]:
    path = f"/v1/cases/{key}/documents/{serial}"
    content = await found.caller.file("intake", path, {"format": kind, "lang": found.language})
    headers = HEADERS | {"content-disposition": f'attachment; filename="document-{serial:02d}.{kind}"'}
    return Response(content, media_type=TYPES[kind], headers=headers)


DOCUMENTS: list[HTTPRouteHandler] = [document, document_file, document_of_referral, file_of_referral]
