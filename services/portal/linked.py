"""What an office without an account sees: one referral, on which it signs, answers and returns until the link ends."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from libraries.runtime.database.engine import read_once, transaction
from services.portal import link_store
from services.portal.answering import ANSWERS, answer, show, told_of
from services.portal.domain.links import Link, State
from services.portal.look import go_to
from services.portal.pages import PUBLIC, error_page, visit
from services.portal.reading import PURPOSE
from services.portal.referrals import ReferralScreen, why_of
from services.portal.visits import Call, Visit, secret_hash

COOKIE: Final = "yimen_link"
OPEN_TO_ALL: Final = {PUBLIC: True}
OPENED: Final = "opened"
ENDED: Final[Mapping[State, str]] = {State.OVER: "link.over", State.REVOKED: "link.revoked"}


@get("/link/open/{secret:str}", opt=OPEN_TO_ALL)
async def open_link(request: Call, secret: FromPath[str]) -> Response[Any]:
    """The secret goes into a cookie, and out of the address."""
    found = visit(request)
    link = await _found(found, secret)
    if not isinstance(link, Link):
        return link
    await _note(found, link, OPENED)
    found.keeps(COOKIE, secret, path="/link")
    return go_to(found, f"/link/{link.referral_id}")


async def _found(found: Visit, secret: str) -> Link | Response[Any]:
    """The link, if it lives; else what is said instead."""
    async with read_once(found.portal.engine) as conn:
        link = await link_store.find_link(conn, secret_hash(secret))
    if link is None:
        return error_page(found, 410, "link.unknown")
    state = link.state(found.portal.now())
    return link if state is State.LIVE else error_page(found, 410, ENDED[state])


async def _note(found: Visit, link: Link, act: str) -> None:
    async with transaction(found.portal.engine) as conn:
        await link_store.note_use(conn, link.id, act=act, address=found.address, at=found.portal.now())


async def _screen(request: Call, referral_id: UUID) -> tuple[Link, ReferralScreen] | Response[Any]:
    found = visit(request)
    link = await _found(found, request.cookies.get(COOKIE, ""))
    if not isinstance(link, Link):
        return link
    if link.referral_id != referral_id:
        return error_page(found, 410, "link.unknown")
    caller = found.portal.services.as_link(link, found.language)
    return link, ReferralScreen(visit=found, caller=caller, referral_id=referral_id, base="/link", link=link)


@get("/link/{referral_id:uuid}", opt=OPEN_TO_ALL)
async def linked(request: Call, referral_id: FromPath[UUID]) -> Response[Any]:
    opened, asked = await _screen(request, referral_id), request.query_params
    if isinstance(opened, Response):
        return opened
    return await show(opened[1], told=told_of(asked.get("done", "")), purpose=asked.get(PURPOSE))


@post("/link/{referral_id:uuid}/{given:str}", opt=OPEN_TO_ALL)
async def answer_it(request: Call, referral_id: FromPath[UUID], given: FromPath[str]) -> Response[Any]:
    opened = await _screen(request, referral_id)
    if isinstance(opened, Response):
        return opened
    link, screen = opened
    if given in ANSWERS:
        await _note(screen.visit, link, given)
    return await answer(screen, given)


@get("/link/{referral_id:uuid}/why", opt=OPEN_TO_ALL)
async def why(request: Call, referral_id: FromPath[UUID]) -> Response[Any]:
    opened = await _screen(request, referral_id)
    if isinstance(opened, Response):
        return opened
    return await why_of(opened[1], clock=request.query_params.get("clock"))


LINKED: list[HTTPRouteHandler] = [open_link, linked, answer_it, why]
