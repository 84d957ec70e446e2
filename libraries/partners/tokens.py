"""Who a token of a partner speaks for: signed by our own key or by that of another identity provider.

JWT profile of OAuth 2.0 access tokens (RFC 9068). The token says who calls; what that opens, the registry says.
"""

from collections.abc import Mapping, MutableSet
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple

import jwt
import msgspec

from libraries.partners.store import Partner
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import ISSUER, Principal, Role, unscoped

ALGORITHMS: Final = frozenset({"ES256", "ES384", "RS256", "PS256", "EdDSA"})
"""Signatures alone: a secret that is shared is never a key of these."""
LEEWAY_SECONDS: Final = 5
LONGEST_ID: Final = 200

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]


class Key(NamedTuple):
    """A public key with the one algorithm that it is for."""

    key: Any
    algorithm: str
    ends_at: datetime | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry says, ready to be asked."""

    partners: Mapping[str, Partner] = {}
    by_subject: Mapping[tuple[str, str], Partner] = {}
    revoked: frozenset[str] = frozenset()
    keys: Mapping[str, Key] = {}


class _Claims(msgspec.Struct, frozen=True):
    iss: Text
    sub: Text
    exp: float
    iat: float
    jti: str = ""


def read_key(text: str, ends_at: datetime | None = None) -> Key | None:
    """A JSON Web Key; `None` if it is none by which tokens are checked."""
    try:
        found = jwt.PyJWK.from_json(text)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return Key(found.key, found.algorithm_name, ends_at) if found.algorithm_name in ALGORITHMS else None


def principal_of(
    token: str,
    known: Known,
    foreign: Mapping[tuple[str, str], Key],
    audience: str,
    now: datetime,
    missed: MutableSet[str],
) -> Principal:
    """Raises `Rejected` for a token that is not good, and for a partner that may not call."""
    key = _key_of(token, known, foreign, missed)
    if key is None or (key.ends_at is not None and key.ends_at <= now):
        raise Rejected("bad_token")
    claims = _checked(token, key, audience)
    partner = known.partners.get(claims.sub) if claims.iss == ISSUER else known.by_subject.get((claims.iss, claims.sub))
    if partner is None:
        raise Rejected("unknown_partner")
    if partner.disabled:
        raise Rejected("partner_disabled")
    if claims.jti in known.revoked or claims.iat < partner.tokens_from.timestamp():
        raise Rejected("revoked_token")
    return _principal(partner, claims)


def _key_of(token: str, known: Known, foreign: Mapping[tuple[str, str], Key], missed: MutableSet[str]) -> Key | None:
    """By whom it says that it was issued; that it is true follows from the signature."""
    try:
        header = jwt.get_unverified_header(token)
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, ValueError):
        return None
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not isinstance(issuer, str):
        return None
    if issuer == ISSUER:
        return known.keys.get(key_id)
    key = foreign.get((issuer, key_id))
    if key is None and any(issuer == of for of, _ in known.by_subject):
        missed.add(issuer)
    return key


def _checked(token: str, key: Key, audience: str) -> _Claims:
    try:
        options: Any = {"require": ["exp", "iat", "iss", "sub", "aud"]}
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            audience=audience,
            options=options,
            leeway=LEEWAY_SECONDS,
        )
        return msgspec.convert(claims, _Claims, strict=False)
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError, OverflowError, TypeError):
        raise Rejected("bad_token") from None


def _principal(partner: Partner, claims: _Claims) -> Principal:
    try:
        ends_at = datetime.fromtimestamp(claims.exp, UTC)
    except (ValueError, OverflowError, OSError):
        raise Rejected("bad_token") from None
    principal = Principal(
        subject=f"partner/{partner.name}",
        role=partner.role,
        office=partner.office or None,
        area=partner.area or None,
        sources=frozenset(partner.sources) if partner.role is Role.TOWNSHIP else None,
        partner=partner.name,
        token_id=claims.jti,
        ends_at=ends_at,
    )
    if unscoped(principal):
        raise Rejected("unscoped_token")
    return principal
