"""Links for offices without an account: made, listed and revoked by whoever sees the referral; the secret told once."""

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import Role
from libraries.ids import new_id
from libraries.runtime.database.engine import read_once, transaction
from services.portal import link_store
from services.portal.catalogue import say
from services.portal.domain.links import DAYS, Link, State, ends_after, may_hand_on
from services.portal.look import go_to, page
from services.portal.pages import ROLES, error_page, visit
from services.portal.qr import qr_code
from services.portal.visits import Call, Visit, home_of, new_secret, secret_hash

MAKERS: Final = {ROLES: (Role.OFFICER, Role.COORDINATOR, Role.CLERK)}
COOKIE: Final = "yimen_new_link"
COPIED_WITHIN_SECONDS: Final = 10 * 60
BACK: Final = {Role.OFFICER: "/inbox/{referral_id}", Role.COORDINATOR: "/coordinator/{referral_id}"}


@get("/links/{referral_id:uuid}", opt=MAKERS)
async def links(request: Call, referral_id: FromPath[UUID]) -> Response[Any]:
    found = visit(request)
    of, _, secret = request.cookies.get(COOKIE, "").partition(".")
    address = f"{home_of(request, found.portal)}/link/open/{secret}" if of == referral_id.hex else ""
    return await _show(found, referral_id, address=address)


async def _show(found: Visit, referral_id: UUID, *, status: int = 200, **values: Any) -> Response[Any]:
    """Whoever sees the referral sees its links; routing says who that is."""
    one, now = await found.caller.get("routing", f"/v1/referrals/{referral_id}"), found.portal.now()
    async with read_once(found.portal.engine) as conn:
        made = await link_store.list_links(conn, referral_id)
    if not made or made[0].state(now) is not State.LIVE:
        values = {**values, "address": ""}
    back = BACK.get(found.signed_in.post.role, f"/counter/cases/{one['number']}")
    return page(
        found,
        "links.html",
        status=status,
        path=f"/links/{referral_id}",
        one=one,
        links=[(link, link.state(now)) for link in made],
        days=DAYS,
        possible=may_hand_on(found.signed_in.post, one),
        back=back.format(referral_id=referral_id),
        drawn=qr_code,
        **{"address": "", **values},
    )


@post("/links/{referral_id:uuid}", opt=MAKERS)
async def make(request: Call, referral_id: FromPath[UUID]) -> Response[Any]:
    found, portal = visit(request), visit(request).portal
    one = await found.caller.get("routing", f"/v1/referrals/{referral_id}")
    now, maker = portal.now(), found.signed_in.account
    ends_at = ends_after(found.form.get("days"), now)
    if not may_hand_on(found.signed_in.post, one):
        return error_page(found, 403, "link.not_yours")
    if ends_at is None:
        return await _show(found, referral_id, faults={"days": say(found.language, "link.choose_days")}, status=422)
    link = Link(
        id=new_id(),
        referral_id=referral_id,
        number=one["number"],
        office=one["office"],
        made_by=maker.id,
        maker=maker.login,
        made_at=now,
        ends_at=ends_at,
    )
    secret = new_secret()
    async with transaction(portal.engine) as conn:
        await link_store.add_link(conn, link, secret_hash(secret))
    found.keeps(COOKIE, f"{referral_id.hex}.{secret}", seconds=COPIED_WITHIN_SECONDS, path="/links")
    return go_to(found, f"/links/{referral_id}")


@post("/links/{referral_id:uuid}/{link_id:uuid}/revoke", opt=MAKERS)
async def revoke(request: Call, referral_id: FromPath[UUID], link_id: FromPath[UUID]) -> Response[Any]:
    """By whoever could make it now, also of a colleague who is away; at once, and on record."""
    found, portal = visit(request), visit(request).portal
    one = await found.caller.get("routing", f"/v1/referrals/{referral_id}")
    if not may_hand_on(found.signed_in.post, one):
        return error_page(found, 403, "link.not_yours")
    async with transaction(portal.engine) as conn:
        await link_store.revoke(conn, link_id, referral_id, by=found.signed_in.account.id, at=portal.now())
    return go_to(found, f"/links/{referral_id}")


LINKING: list[HTTPRouteHandler] = [links, make, revoke]
