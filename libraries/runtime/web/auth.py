"""Who calls: bearer tokens with a role and the office or area that they speak for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Final, Protocol
from uuid import UUID

import jwt
import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard
from msgspec.structs import replace

from contracts.codes import OF_AN_OFFICE, Door, Role
from contracts.events.base import Actor
from contracts.offices import OFFICE
from contracts.submissions import Post
from libraries.ids import new_id
from libraries.runtime.failures import Rejected

__all__ = [
    "AreasAndOffices",
    "Initiator",
    "Principal",
    "Role",
    "issue_token",
    "read_token",
    "requires",
    "unscoped",
]

ALGORITHM = "HS256"
ISSUER = "yimen"
KNOWN_TOKENS: Final = 4096
SCOPED: Final = frozenset(
    {
        Role.TOWNSHIP,
        Role.CLERK,
        Role.OFFICER,
        Role.HEAD,
        Role.COORDINATOR,
        Role.ASSISTANT,
        Role.ADMINISTRATOR,
        Role.AUDITOR,
    }
)
"""Roles whose tokens name an office or an area; only the ready-made tokens of `yimen up` may name neither."""
OFFICE_FORM = rf"^{OFFICE}\Z"
AREA_FORM = r"^[0-9]{12}\Z"


class AreasAndOffices(Protocol):
    """Where areas and offices stand today, as the running policy says."""

    def within(self, code: str, area: str) -> bool: ...
    def area_now(self, code: str) -> str: ...
    def office_now(self, code: str) -> str: ...


class Registry(Protocol):
    """Partners as the process knows them, and the tokens that count no more."""

    def is_revoked(self, token_id: str) -> bool: ...
    def read(self, token: str) -> "Principal": ...
    def stands(self, principal: "Principal") -> bool: ...


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who a token speaks for."""

    subject: str
    role: Role
    office: str | None = None
    area: str | None = None
    """Sees this area and below; 12 digits. Where a token names an office alone, it is the office's own."""
    post: str = ""
    """As the office calls it; never a name."""
    sources: frozenset[str] | None = None
    """Of a township's system: the `source` of what it may register."""
    case: UUID | None = None
    """Of an applicant: the one case that it opens; without it only a receipt can be shown."""
    referral: UUID | None = None
    """Of a link: the one referral of its office that it opens."""
    installation: bool = False
    """A ready-made token of `yimen up`: office, area and sources may be missing, and then nothing limits it."""
    ends_at: datetime | None = None
    """When the token that was read ends."""
    token_id: str = ""
    """By which it can be revoked; empty of a token from before there were any."""
    partner: str = ""
    """Of the registry of partners, where it is one of them."""
    places: AreasAndOffices | None = None
    """By which it is seen what lies below."""

    def sees(self, area: str) -> bool:
        """Whether an area lies within the principal's own; a token without an area sees the whole installation."""
        return self.area is None or (self.places is not None and self.places.within(area, self.area))

    def speaks_for(self, office: str) -> bool:
        """Whether an office is the principal's own, or has passed into it."""
        today = self.places.office_now(office) if self.places is not None else office
        return self.office == today

    def stands_in(self, places: AreasAndOffices) -> "Principal":
        """Who it speaks for today: a token outlives the office or the area that it names.

        Raises `Rejected` where the area does not lie within that of the office.
        """
        own = places.area_now(self.office.rpartition("-")[2]) if self.office is not None else None
        if own is not None and self.area is not None and not places.within(places.area_now(self.area), own):
            raise Rejected("token_area")
        office = places.office_now(self.office) if self.office is not None else None
        area = places.area_now(self.area) if self.area is not None else None
        return replace(self, office=office, area=area, places=places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Initiator:
    """Who acts: what everybody may know, and the subject of the token, which stays in the service's own rows."""

    actor: Actor
    subject: str = ""

    @classmethod
    def of(cls, user: Principal, office: str = "") -> "Initiator":
        """By HTTP; `office` is the one that a token speaks for which names none."""
        actor = Actor(door=Door.HTTP, role=user.role, office=user.office or office, post=user.post)
        return cls(actor=actor, subject=user.subject)


def issue_token(key: str, principal: Principal, *, lifetime: timedelta = timedelta(days=30)) -> str:
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": principal.subject,
        "role": principal.role.value,
        "jti": str(new_id()),
        "exp": datetime.now(UTC) + lifetime,
    }
    scope = {
        "office": principal.office,
        "area": principal.area,
        "post": principal.post,
        "case": str(principal.case or ""),
        "referral": str(principal.referral or ""),
        "sources": sorted(principal.sources or ()),
        "installation": principal.installation,
    }
    return jwt.encode(claims | {name: value for name, value in scope.items() if value}, key, ALGORITHM)


class _Claims(msgspec.Struct, frozen=True):
    """What a token of ours says; a claim of another type makes it none of ours."""

    sub: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    role: Role
    exp: int
    jti: Annotated[str, msgspec.Meta(max_length=200)] = ""
    office: Annotated[str, msgspec.Meta(pattern=OFFICE_FORM)] | None = None
    area: Annotated[str, msgspec.Meta(pattern=AREA_FORM)] | None = None
    post: Post = ""
    case: UUID | None = None
    referral: UUID | None = None
    sources: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=128)], ...] = ()
    installation: bool = False


def read_token(key: str, token: str) -> Principal:
    """Raises `Rejected` for a token that is not ours, changed, or out of date."""
    principal = _verified(key, token)
    if principal.ends_at is None or principal.ends_at <= datetime.now(UTC):
        raise Rejected("bad_token")
    return principal


@lru_cache(maxsize=KNOWN_TOKENS)
def _verified(key: str, token: str) -> Principal:
    """Ours and unchanged: that stays so, and is looked at once. What is refused is looked at each time."""
    try:
        options: Any = {"require": ["exp", "iss", "sub"]}
        claims = msgspec.convert(
            jwt.decode(token, key, algorithms=[ALGORITHM], issuer=ISSUER, options=options), _Claims
        )
        ends_at = datetime.fromtimestamp(claims.exp, UTC)
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError, OverflowError, OSError):
        raise Rejected("bad_token") from None
    principal = _principal(claims, ends_at)
    if unscoped(principal):
        raise Rejected("unscoped_token")
    return principal


def read_bearer(token: str, key: str, registry: Registry | None) -> Principal:
    """Whom a token speaks for, whoever issued it. Raises `Rejected`."""
    if registry is not None and _is_of_a_partner(token):
        return registry.read(token)
    principal = read_token(key, token)
    if registry is not None and registry.is_revoked(principal.token_id):
        raise Rejected("revoked_token")
    return principal


def _is_of_a_partner(token: str) -> bool:
    """Whether it was signed by a key pair, and not by the secret that our services share."""
    try:
        return jwt.get_unverified_header(token).get("alg") != ALGORITHM
    except (jwt.PyJWTError, ValueError):
        return False


def read_unverified(token: str) -> Principal | None:
    """Whom a token claims to speak for, whoever signed it; `None` if it is none of our form."""
    try:
        claims = msgspec.convert(jwt.decode(token, options={"verify_signature": False}), _Claims)
        return _principal(claims, datetime.fromtimestamp(claims.exp, UTC))
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError, OverflowError, OSError):
        return None


def _principal(claims: _Claims, ends_at: datetime) -> Principal:
    sources = frozenset(claims.sources) if claims.role is Role.TOWNSHIP and not claims.installation else None
    return Principal(
        subject=claims.sub,
        role=claims.role,
        office=claims.office,
        area=claims.area or (claims.office.rpartition("-")[2] if claims.office is not None else None),
        post=claims.post,
        case=claims.case,
        referral=claims.referral,
        sources=sources,
        installation=claims.installation,
        ends_at=ends_at,
        token_id=claims.jti,
    )


def unscoped(principal: Principal) -> str:
    """What a token lacks to say for whom its bearer speaks; empty if nothing."""
    if principal.role in OF_AN_OFFICE and principal.office is None:
        return f"a token of the role {principal.role.value} names an office"
    if principal.role is Role.LINK and (principal.office is None or principal.referral is None):
        return "the token of a link names an office and a referral of it"
    if principal.role in SCOPED and principal.area is None and not principal.installation:
        return f"a token of the role {principal.role.value} names an office or an area"
    return ""


def requires(*roles: Role) -> Guard:
    """A guard that lets these roles in and leaves the principal in `request.user`."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        del handler
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Rejected("no_token")
        state = connection.app.state
        principal = read_bearer(token.strip(), state.token_key, state.get("partners")).stands_in(state.places)
        connection.scope["user"] = principal
        if roles and principal.role not in roles:
            raise Rejected("role_not_allowed", roles=[role.value for role in roles])

    guard.roles = tuple(role.value for role in roles)  # type: ignore[attr-defined]  # for the OpenAPI document
    return guard
