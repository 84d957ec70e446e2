"""The documents of a case over HTTP: which were issued, and each as a page, PDF or DOCX file of what it said then."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter
from sqlalchemy import select

from contracts.access import PARTS, Access, Part, access
from contracts.documents import DocumentKind
from libraries.papers import docx, pdf
from libraries.papers.page import main_of
from libraries.papers.paper import Paper
from libraries.runtime.audit.writing import note_read
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.access import demand
from libraries.runtime.web.auth import Principal
from libraries.runtime.web.openapi import Described
from libraries.runtime.web.pages import HEADERS, Page
from libraries.runtime.web.representations import TAGS, AskedLanguage, language_for, liked_of
from services.intake import store
from services.intake.contents import SEES_ONE
from services.intake.domain.documents import document_number
from services.intake.issuing import opened
from services.intake.lookup import find
from services.intake.tables import documents

Call = Request[Principal, Any, State]
Form = Literal["json", "html", "pdf", "docx"]
HTML: Final = "text/html"
FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "application/json": "json",
        "*/*": "json",
        HTML: "html",
        pdf.MEDIA_TYPE: "pdf",
        docx.MEDIA_TYPE: "docx",
    }
)
FILES: Final[Mapping[Form, tuple[str, Callable[[Paper], bytes]]]] = MappingProxyType(
    {"pdf": (pdf.MEDIA_TYPE, pdf.pdf_of), "docx": (docx.MEDIA_TYPE, docx.docx_of)}
)
MOST: Final = 1_000_000
"""No case has a document beyond."""


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was issued."""

    id: int
    """Counts from 1 within the case."""
    number: str
    kind: DocumentKind
    kind_zh: str
    kind_en: str
    issued_at: datetime
    policy_version: str
    """Whose template it is."""


class DocumentContent(DocumentView, frozen=True, kw_only=True):
    """With what stands on it; `en` is `null` where the pack had it in Chinese only."""

    zh: Paper
    en: Paper | None


@get("/v1/cases/{key:str}/documents", guards=[SEES_ONE], tags=["documents"])
async def list_documents(request: Call, state: State, key: FromPath[str]) -> list[DocumentView]:
    """What was handed out in this case, as far as the caller may read what it speaks of; in the order of issue."""
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        wanted = select(documents).where(documents.c.case_id == found.case.id).order_by(documents.c.serial)
        return [
            _view(row, found.case.number)
            for row in await conn.execute(wanted)
            if access(found.relations, _part(row, request.user)) is not Access.DENIED
        ]


@get(
    "/v1/cases/{key:str}/documents/{serial:int}",
    guards=[SEES_ONE],
    tags=["documents"],
    opt=Described(
        answers={200: DocumentContent}, media=(MediaType.JSON, HTML, pdf.MEDIA_TYPE, docx.MEDIA_TYPE), gone=True
    ).opt(),
)
async def show_document(
    request: Call,
    state: State,
    key: FromPath[str],
    serial: FromPath[int],
    form: Annotated[
        Form | None, QueryParameter(name="format", description="Instead of `Accept`, where a link is followed.")
    ] = None,
    lang: AskedLanguage = None,
) -> Response[Any]:
    """One document as it was issued: JSON, a page to print, PDF or DOCX, as `Accept` or `format` asks."""
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        case = found.case
        wanted = select(documents).where(documents.c.case_id == case.id, documents.c.serial == serial)
        row = (await conn.execute(wanted)).one_or_none() if 0 < serial < MOST else None
        if row is None:
            raise Rejected("not_found")
        view = _view(row, case.number)
        demand(found.relations, _part(row, request.user))
        wrapped = (await store.get_sealed(conn, case.id)).wrapped_key
        await note_read(conn, "document", case_id=case.id, about=serial)
    if not wrapped:
        raise Rejected("erased")
    papers = opened(state.sealer, wrapped, row.sealed, case.id, serial)
    chosen = form or liked_of(request.headers.get("accept", ""), FORMS) or "json"
    varies = {"vary": "accept, accept-language"}
    if chosen == "json":
        content = DocumentContent(**msgspec.structs.asdict(view), zh=papers.zh, en=papers.en)
        return Response(content, media_type=MediaType.JSON, headers=varies)
    language = lang or language_for(request)
    paper = papers.en if language == "en" and papers.en is not None else papers.zh
    tag = TAGS["en" if paper is papers.en else "zh"]
    varies |= {"content-language": tag}
    if chosen == "html":
        page = Page(title=f"{paper.title} {view.number}", main=main_of(paper)).document(tag)
        return Response(page, media_type=HTML, headers=varies | HEADERS)
    media, render = FILES[chosen]
    # Beside the loop: a file takes tens of milliseconds, and its library is loaded with the first.
    content_of = await asyncio.to_thread(render, paper)
    name = f'attachment; filename="{case.number}-{serial:02d}.{chosen}"'
    return Response(content_of, media_type=media, headers=varies | {"content-disposition": name})


def _part(row: Any, user: Principal) -> Part:
    """A letter to an office is that office's own."""
    own = row.office is not None and row.office == user.office
    return Part.OWN_REFERRAL if own else PARTS[DocumentKind(row.kind)]


def _view(row: Any, number: str) -> DocumentView:
    kind = DocumentKind(row.kind)
    return DocumentView(
        id=row.serial,
        number=document_number(number, row.serial),
        kind=kind,
        kind_zh=kind.zh,
        kind_en=kind.en,
        issued_at=row.issued_at,
        policy_version=row.policy_version,
    )


DOCUMENTS: list[HTTPRouteHandler] = [list_documents, show_document]
