"""Signing in and out at an identity provider: the browser goes there and comes back, and never holds a token."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from libraries.runtime.database.engine import transaction
from services.portal import identity_store
from services.portal.domain.accounts import Account, Login, SignInRefusal
from services.portal.domain.provided import Identity, Refusal, posts_of
from services.portal.look import TAGS, go_to
from services.portal.pages import PUBLIC, RETRY_SECONDS, error_page, login_page, note_away, visit
from services.portal.provider import BadToken, Provider
from services.portal.remote import ServiceAway
from services.portal.signing import begin_session
from services.portal.tries import tried
from services.portal.visits import Call, Visit, local_path, new_secret, secret_hash

COOKIE: Final = "yimen_provider"
PATH: Final = "/login/provider"
BACK: Final = f"{PATH}/back"
LASTS: Final = timedelta(minutes=10)
LONGEST_NEXT: Final = 500
"""It travels in a cookie."""
MOST_SHOWN: Final = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A sign-in on its way. All that it needs is made of one secret that this browser alone has."""

    secret: str
    next: str
    ends_at: datetime

    def made(self, found: Visit, what: str) -> str:
        """Its `state`, `nonce` or PKCE verifier: 64 hex digits each, of which none tells another."""
        return found.portal.hashed(f"provider-{what}", self.secret).hex()

    def written(self, found: Visit) -> str:
        told = f"{self.secret}.{int(self.ends_at.timestamp())}.{self.next.encode().hex()}"
        return f"{told}.{found.portal.hashed('provider', told).hex()}"


def _read(found: Visit, text: str) -> Begun | None:
    """`None` for what is not of ours, was changed, or is over."""
    told, _, signed = text.rpartition(".")
    if not told or not hmac.compare_digest(signed.encode(), found.portal.hashed("provider", told).hex().encode()):
        return None
    secret, ends, wanted = told.split(".", 2)
    begun = Begun(secret=secret, next=bytes.fromhex(wanted).decode(), ends_at=datetime.fromtimestamp(int(ends), UTC))
    return begun if found.portal.now() < begun.ends_at else None


@get(PATH, opt={PUBLIC: True})
async def begin(request: Call) -> Response[Any]:
    found = visit(request)
    provider = found.portal.provider
    if provider is None:
        return error_page(found, 404)
    wanted = local_path(request.query_params.get("next", "/"))
    begun = Begun(
        secret=new_secret(), next=wanted if len(wanted) <= LONGEST_NEXT else "/", ends_at=found.portal.now() + LASTS
    )
    state, nonce, verifier = (begun.made(found, what) for what in ("state", "nonce", "verifier"))
    try:
        address = await provider.way_in(state=state, nonce=nonce, verifier=verifier, language=TAGS[found.language])
    except ServiceAway as error:
        return _away(found, error, wanted)
    found.keeps(COOKIE, begun.written(found), seconds=int(LASTS.total_seconds()), path=PATH)
    return go_to(found, address)


@get(BACK, opt={PUBLIC: True})
async def back(request: Call) -> Response[Any]:
    """The provider has sent the browser back, with a code or with a refusal."""
    found, asked = visit(request), request.query_params
    provider = found.portal.provider
    if provider is None:
        return error_page(found, 404)
    begun = _read(found, request.cookies.get(COOKIE, ""))
    found.keeps(COOKIE, "", seconds=0, path=PATH)
    ours = begun is not None and hmac.compare_digest(
        asked.get("state", "").encode(), begun.made(found, "state").encode()
    )
    if begun is None or not ours or asked.get("iss", provider.client.issuer) != provider.client.issuer:
        return _refused(found, Refusal.STALE)
    async with transaction(found.portal.engine) as conn:
        fresh = await identity_store.spend(conn, secret_hash(begun.secret), begun.ends_at)
    if not fresh:
        return _refused(found, Refusal.STALE)
    if not asked.get("code"):
        return _refused(found, Refusal.DENIED, begun.next)
    try:
        return await _sign_in(found, provider, begun, asked["code"])
    except ServiceAway as error:
        return _away(found, error, begun.next)


async def _sign_in(found: Visit, provider: Provider, begun: Begun, code: str) -> Response[Any]:
    """Counted as any other try: an address that comes back with bad codes waits."""
    account: Account | None = None
    refused, identity = Refusal.BAD_TOKEN, None

    async def look() -> tuple[Login, UUID | None]:
        nonlocal account, refused, identity
        nonce, verifier = begun.made(found, "nonce"), begun.made(found, "verifier")
        try:
            identity = await provider.identity(code=code, nonce=nonce, verifier=verifier)
        except BadToken as error:
            log.warning("sign_in_refused", reason=str(error))
            return Login.WRONG, None
        known = await _account_of(found, identity)
        if known is None:
            refused = Refusal.UNMAPPED
            return Login.WRONG, None
        if known.disabled_at is not None:
            refused = Refusal.DISABLED
            return Login.DISABLED, known.id
        account = known
        return Login.OK, known.id

    outcome = await tried(found, secret_hash(begun.secret), look)
    if isinstance(outcome, SignInRefusal):
        return login_page(found, begun.next, status=429, refused=f"login.{outcome.value}")
    if account is None:
        return _refused(found, refused, begun.next, identity)
    await begin_session(found, account)
    return go_to(found, begun.next)


async def _account_of(found: Visit, identity: Identity) -> Account | None:
    """With the posts that its groups give at this moment; `None` for whom no post is left or was ever given."""
    portal = found.portal
    at = portal.now()
    given = posts_of(identity.groups, found.policy)
    async with transaction(portal.engine) as conn:
        await identity_store.hold(conn, identity)
        known = await identity_store.find(conn, identity)
        if known is None and not given:
            return None
        account_id = known.id if known is not None else await identity_store.add(conn, identity, at)
        await identity_store.set_posts(conn, account_id, known, given, at)
        account = await identity_store.find(conn, identity)
    return account if account is not None and account.held(at) else None


def _refused(found: Visit, why: Refusal, wanted: str = "/", identity: Identity | None = None) -> Response[Any]:
    groups = identity.groups[:MOST_SHOWN] if identity is not None and why is Refusal.UNMAPPED else ()
    return login_page(found, wanted, status=422, refused=f"login.provider_{why.value}", groups=groups)


def _away(found: Visit, error: ServiceAway, wanted: str) -> Response[Any]:
    """A local account still opens the door."""
    note_away(error)
    answer = login_page(found, wanted, status=503, refused="login.provider_away")
    answer.headers["retry-after"] = RETRY_SECONDS
    return answer


@get(f"{PATH}/leave", opt={PUBLIC: True})
async def leave(request: Call) -> Response[Any]:
    """Out at the provider too: who shares a machine with colleagues has to."""
    found = visit(request)
    provider = found.portal.provider
    if provider is None:
        return error_page(found, 404)
    try:
        return go_to(found, await provider.way_out() or "/login")
    except ServiceAway as error:
        return _away(found, error, "/")


PROVIDING: list[HTTPRouteHandler] = [begin, back, leave]
