"""Who calls: bearer tokens with a role and the office or area that they speak for."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import jwt
import msgspec
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

ALGORITHM = "HS256"
ISSUER = "yimen"


class Role(StrEnum):
    TOWNSHIP = "township"
    """A township's own system: registers matters for its area."""
    CLERK = "clerk"
    """A person at a window."""
    OFFICER = "officer"
    """A person or system of one office."""
    COORDINATOR = "coordinator"
    """The county's civil-affairs office: arbitrates and supervises."""
    OPS = "ops"
    """Runs the installation; sees no personal data."""


AREA_LEVELS = (2, 4, 6, 9, 12)
"""Digits of a division code that name its province, city, county, township and village."""


def subtree(area: str) -> str:
    """The digits that the codes of an area and of all below it begin with: 130730000000 is 130730, not 13073."""
    return next((area[:digits] for digits in AREA_LEVELS if not area[digits:].strip("0")), area)


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who a token speaks for."""

    subject: str
    role: Role
    office: str | None = None
    area: str | None = None
    """Sees this area and below; 12 digits."""

    def sees(self, area: str) -> bool:
        """Whether an area lies within the principal's own; a token without an area sees the whole installation."""
        return self.area is None or area.startswith(subtree(self.area))


def issue_token(key: str, principal: Principal, *, lifetime: timedelta = timedelta(days=30)) -> str:
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": principal.subject,
        "role": principal.role.value,
        "exp": datetime.now(UTC) + lifetime,
    }
    scope = {"office": principal.office, "area": principal.area}
    return jwt.encode(claims | {name: value for name, value in scope.items() if value}, key, ALGORITHM)


def read_token(key: str, token: str) -> Principal:
    """Raises `NotAuthorizedException` for a token that is not ours, changed, or out of date."""
    try:
        options: Any = {"require": ["exp", "iss", "sub"]}
        claims = jwt.decode(token, key, algorithms=[ALGORITHM], issuer=ISSUER, options=options)
        return Principal(
            subject=claims["sub"], role=Role(claims["role"]), office=claims.get("office"), area=claims.get("area")
        )
    except (jwt.PyJWTError, KeyError, ValueError):
        raise NotAuthorizedException("the bearer token is not valid here or is out of date") from None


def requires(*roles: Role) -> Guard:
    """A guard that lets these roles in and leaves the principal in `request.user`."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        del handler
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotAuthorizedException("send a bearer token")
        principal = read_token(connection.app.state.token_key, token.strip())
        connection.scope["user"] = principal
        if roles and principal.role not in roles:
            raise PermissionDeniedException(f"the role {principal.role.value} may not do this")

    return guard
