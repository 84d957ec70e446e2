"""Who asks: cookie and session, the language, and whether a form really comes from a page of ours."""

import asyncio
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request
from litestar.datastructures import Cookie, State
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.policies import Policy
from libraries.runtime.audit.doers import Doer
from libraries.runtime.database.engine import read_once, transaction
from libraries.runtime.encryption import Sealer
from services.portal import store
from services.portal.catalogue import LANGUAGES, Language
from services.portal.domain.sessions import Session, end_of, to_note
from services.portal.forms import Form
from services.portal.keys import hashed
from services.portal.provider import Provider
from services.portal.remote import Caller, Services
from services.portal.sharing import SharedLists
from services.portal.uploads import SentFile

Call = Request[Any, Any, State]

SESSION: Final = "yimen_session"
VISITOR: Final = "yimen_visitor"
LANGUAGE: Final = "yimen_language"
CSRF_FIELD: Final = "csrf"
REVIEW_FIELD: Final = "review"
"""The form is only to be shown again, with what was typed."""
NONCE_BYTES: Final = 8
YEAR_SECONDS: Final = 365 * 24 * 3600
LONGEST_AGENT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """What all pages use."""

    engine: AsyncEngine
    services: Services
    policy: Callable[[], Policy]
    key: bytes
    origin: str
    """As browsers write it; empty where it is whatever host was asked."""
    idle: timedelta
    business_now: Callable[[], datetime]
    provider: Provider | None = None
    """Where people sign in who have no password here."""
    sealer: Sealer | None = None
    """Seals drafts; without it none are kept."""
    language: Callable[[], Language] = lambda: "zh"
    """Of the place."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    live_seconds: float = 10.0
    """So old may be what a live page was told."""
    lists: SharedLists = field(default_factory=SharedLists)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is to end: whoever listens comes back to another one."""

    async def closes_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self.closing.wait(), seconds)
        except TimeoutError:
            return False
        return True

    @property
    def secure(self) -> bool:
        return self.origin.startswith("https:")

    def hashed(self, purpose: str, value: str) -> bytes:
        return hashed(self.key, purpose, value)


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request of one browser."""

    portal: Portal
    language: Language
    session: Session | None
    visitor: str
    """The secret that forms are bound to: the session's, or of a browser that has none."""
    address: str
    agent: str
    form: Form = field(default_factory=Form)
    files: Sequence[SentFile] = ()
    cookies: list[Cookie] = field(default_factory=list)

    @property
    def csrf(self) -> str:
        """Another one on each page, so that how well a page is compressed tells nothing of it."""
        nonce = secrets.token_hex(NONCE_BYTES)
        return nonce + self.csrf_of(nonce)

    def csrf_of(self, nonce: str) -> str:
        return self.portal.hashed("csrf", f"{nonce}\0{self.visitor}").hex()

    @property
    def signed_in(self) -> Session:
        if self.session is None:
            raise LookupError("nobody is signed in")
        return self.session

    @property
    def caller(self) -> Caller:
        session = self.signed_in
        return self.portal.services.as_post(session.account, session.post, self.language)

    @property
    def policy(self) -> Policy:
        return self.portal.policy()

    def keeps(self, name: str, value: str, *, seconds: int | None = None, path: str = "/") -> None:
        """A cookie that no script can read, sent to us alone."""
        self.cookies.append(
            Cookie(
                key=name,
                value=value,
                max_age=seconds,
                httponly=True,
                samesite="lax",
                secure=self.portal.secure,
                path=path,
            )
        )


def secret_hash(secret: str) -> bytes:
    """Whoever reads the table cannot sign in with it."""
    return sha256(secret.encode()).digest()


def new_secret() -> str:
    return secrets.token_urlsafe(32)


async def visit_of(request: Call, portal: Portal, *, quiet: bool = False) -> Visit:
    """A quiet visit is no sign of life: what a page asks for by itself keeps nobody signed in."""
    secret = request.cookies.get(SESSION, "")
    session = await _session(secret, portal, quiet=quiet) if secret else None
    visitor = secret if session is not None else request.cookies.get(VISITOR, "")
    visit = Visit(
        portal=portal,
        language=language_of(request, portal.language()),
        session=session,
        visitor=visitor or new_secret(),
        address=request.client.host if request.client is not None else "",
        agent=request.headers.get("user-agent", "")[:LONGEST_AGENT],
    )
    if session is None and not visitor:
        visit.keeps(VISITOR, visit.visitor)
    return visit


def acts_as(session: Session) -> Doer:
    """Whom the audit names: the account by its id, and the post that it acts as."""
    return Doer(subject=str(session.account.id), role=session.post.role.value, office=session.post.office)


def language_of(request: Call, otherwise: Language) -> Language:
    """As it was chosen."""
    chosen = request.cookies.get(LANGUAGE, "")
    return next((one for one in LANGUAGES if one == chosen), otherwise)


async def _session(secret: str, portal: Portal, *, quiet: bool) -> Session | None:
    async with read_once(portal.engine) as conn:
        found = await store.find_session(conn, secret_hash(secret))
    now = portal.now()
    if found is None or not found.lives(now):
        return None
    if not quiet and to_note(found, now):
        async with transaction(portal.engine) as conn:
            ends_at = end_of(found.begun_at, now, portal.idle)
            await store.touch_session(conn, found.id, seen_at=now, ends_at=ends_at)
    return found


def comes_from_us(request: Call, portal: Portal) -> bool:
    """Whether a form was sent by a page of this origin, as every browser of the last years says itself."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "") in ("", "same-origin")
    if portal.origin:
        return hmac.compare_digest(origin.encode(), portal.origin.encode())
    return urlsplit(origin).netloc == request.headers.get("host", "")


def home_of(request: Call, portal: Portal) -> str:
    """Where this browser finds us, for an address that is handed on."""
    return portal.origin or f"{request.url.scheme}://{request.url.netloc}"


def is_ours(visit: Visit) -> bool:
    """Whether the form carries what only a page that this browser got can know."""
    given = visit.form.get(CSRF_FIELD)
    nonce, rest = given[: 2 * NONCE_BYTES], given[2 * NONCE_BYTES :]
    return hmac.compare_digest(rest.encode(), visit.csrf_of(nonce).encode())


def local_path(path: str) -> str:
    """A path of ours to go on with; the first page for anything that leads elsewhere."""
    parts = urlsplit(path)
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if plain and not parts.scheme and not parts.netloc else "/"
