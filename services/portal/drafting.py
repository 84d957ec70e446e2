"""Drafts (草稿) at the counter: what is typed is kept until it is registered, thrown away, or a week old."""

from typing import Any, Final
from uuid import UUID

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import Role
from libraries.ids import new_id
from libraries.runtime.database.engine import read_once, transaction
from services.portal import draft_store
from services.portal.domain.drafts import LARGEST, draft_id_of, kept_of
from services.portal.forms import Form
from services.portal.look import HEADERS, go_to
from services.portal.pages import ROLES, error_page, visit
from services.portal.visits import CSRF_FIELD, REVIEW_FIELD, Call, Visit

WRITERS: Final = {ROLES: (Role.CLERK, Role.ASSISTANT)}
FIELD: Final = "draft"
BY_SCRIPT: Final = "x-draft"
LEFT_OUT: Final = frozenset({CSRF_FIELD, REVIEW_FIELD, FIELD, "category"})


@post("/counter/drafts", opt=WRITERS)
async def save(request: Call) -> Response[Any]:
    """The script is told the id alone; the button comes back to the form."""
    found, form = visit(request), visit(request).form
    category, portal = form.get("category"), found.portal
    pairs = kept_of(form.pairs, LEFT_OUT)
    if category not in found.policy.categories or portal.sealer is None:
        return error_page(found, 422)
    if sum(len(name) + len(value) for name, value in pairs) > LARGEST:
        return error_page(found, 413)
    draft_id = draft_id_of(form.get(FIELD)) or new_id()
    account_id = found.signed_in.account.id
    async with transaction(portal.engine) as conn:
        await draft_store.save(conn, portal.sealer, account_id, draft_id, category, pairs, portal.now())
    if request.headers.get(BY_SCRIPT):
        return Response(str(draft_id), status_code=200, media_type="text/plain", headers=HEADERS)
    return go_to(found, f"/counter/new?draft={draft_id}&saved=1")


@post("/counter/drafts/{draft_id:uuid}/drop", opt=WRITERS)
async def drop(request: Call, draft_id: FromPath[UUID]) -> Response[Any]:
    found = visit(request)
    await drop_of(found, str(draft_id))
    return go_to(found, "/counter")


async def drop_of(found: Visit, text: str) -> None:
    """Nothing where the form was no draft."""
    draft_id = draft_id_of(text)
    if draft_id is not None:
        async with transaction(found.portal.engine) as conn:
            await draft_store.drop(conn, found.signed_in.account.id, draft_id)


async def taken_up(found: Visit, text: str) -> tuple[str, Form] | None:
    """The matter of a draft and its form, with its id in it."""
    draft_id, portal = draft_id_of(text), found.portal
    if draft_id is None or portal.sealer is None:
        return None
    async with read_once(portal.engine) as conn:
        opened = await draft_store.open_own(conn, portal.sealer, found.signed_in.account.id, draft_id, portal.now())
    return (opened[0], Form([*opened[1], (FIELD, str(draft_id))])) if opened is not None else None


async def own_drafts(found: Visit) -> Any:
    """For the list; those of matters that the policy has no more are left to end."""
    async with read_once(found.portal.engine) as conn:
        listed = await draft_store.list_own(conn, found.signed_in.account.id, found.portal.now())
    known = found.policy.categories
    return [(one, known[one.category]) for one in listed if one.category in known]


DRAFTING: list[HTTPRouteHandler] = [save, drop]
