"""What was handed out in a case: opened to be printed, and fetched as a PDF or DOCX file."""

from typing import Any, Final, Literal

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from services.portal.look import HEADERS, page
from services.portal.pages import visit
from services.portal.receipts import ISSUERS
from services.portal.visits import Call

Kind = Literal["pdf", "docx"]
TYPES: Final[dict[Kind, str]] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@get("/counter/cases/{key:str}/documents/{serial:int}", opt=ISSUERS)
async def document(request: Call, key: FromPath[str], serial: FromPath[int]) -> Response[Any]:
    found = visit(request)
    content = await found.caller.get("intake", f"/v1/cases/{key}/documents/{serial}")
    return page(
        found,
        "document.html",
        path=f"/counter/cases/{key}/documents/{serial}",
        key=key,
        document=content,
        paper=content[found.language] or content["zh"],
    )


@get("/counter/cases/{key:str}/documents/{serial:int}/{kind:str}", opt=ISSUERS)
async def document_file(
    request: Call, key: FromPath[str], serial: FromPath[int], kind: FromPath[Kind]
) -> Response[Any]:
    found = visit(request)
    path = f"/v1/cases/{key}/documents/{serial}"
    content = await found.caller.file("intake", path, {"format": kind, "lang": found.language})
    headers = HEADERS | {"content-disposition": f'attachment; filename="document-{serial:02d}.{kind}"'}
    return Response(content, media_type=TYPES[kind], headers=headers)


DOCUMENTS: list[HTTPRouteHandler] = [document, document_file]
