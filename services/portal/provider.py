"""OpenID Connect (Core 1.0): the identity provider as a client sees it, by authorization code with PKCE (RFC 7636).

What the provider says of itself (Discovery 1.0) and its keys (RFC 7517) are fetched when they are needed, and kept for
a while. No token outlives the request that fetched it.
"""

import hmac
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import httpx
import jwt
import msgspec
import structlog

from libraries.partners.issuers import (
    FETCH_ERRORS,
    FETCHED_SECONDS,
    MISSED_SECONDS,
    TIMEOUT_SECONDS,
    fetch,
    fetch_keys,
)
from libraries.partners.tokens import LEEWAY_SECONDS, Key
from services.portal.domain.provided import Identity, groups_of
from services.portal.remote import ServiceAway

NAME: Final = "provider"
WELL_KNOWN: Final = "/.well-known/openid-configuration"
THIS_MACHINE: Final = ("127.0.0.1", "localhost")
LONGEST_SUBJECT: Final = 255
NEEDED: Final = ("exp", "iat", "iss", "sub", "aud", "nonce")

T = TypeVar("T")

log = structlog.get_logger()


class BadToken(Exception):
    """What the provider answered does not prove who somebody is; the text is for the log."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """As much of what a provider says of itself as counts here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)

    def addresses(self) -> list[str]:
        optional = (self.userinfo_endpoint, self.end_session_endpoint)
        return [self.authorization_endpoint, self.token_endpoint, self.jwks_uri, *filter(None, optional)]


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    id_token: str
    access_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Whom the provider knows us as."""

    issuer: str
    id: str
    secret: str
    redirect: str
    home: str
    scope: str
    groups: str
    """The claim that names groups."""


@dataclass(slots=True, kw_only=True)
class Provider:
    """Raises `ServiceAway` when it does not answer, or not as a provider does."""

    client: Client
    http: httpx.AsyncClient
    _told: Told | None = None
    _told_at: float = 0.0
    _keys: dict[str, Key] = field(default_factory=dict)
    _keys_at: float = 0.0
    _missed_at: float = -MISSED_SECONDS

    async def told(self) -> Told:
        if self._told is None or time.monotonic() - self._told_at > FETCHED_SECONDS:
            found = await self._asked(f"{self.client.issuer.rstrip('/')}{WELL_KNOWN}")
            told = _read(found, Told)
            if told.issuer != self.client.issuer or not all(map(is_safe, told.addresses())):
                raise ServiceAway(NAME, "says of itself what cannot be relied on")
            self._told, self._told_at = told, time.monotonic()
        return self._told

    async def way_in(self, *, state: str, nonce: str, verifier: str, language: str) -> str:
        """Where the browser goes to sign in."""
        told = await self.told()
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.client.redirect,
            "scope": self.client.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": _base64url(sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
            "ui_locales": language,
        }
        return _with(told.authorization_endpoint, asked)

    async def way_out(self) -> str:
        """Where the browser goes to sign out there too (RP-Initiated Logout 1.0); empty where there is no such page."""
        told = await self.told()
        asked = {"client_id": self.client.id, "post_logout_redirect_uri": self.client.home}
        return _with(told.end_session_endpoint, asked) if told.end_session_endpoint else ""

    async def identity(self, *, code: str, nonce: str, verifier: str) -> Identity:
        """Who has signed in there. Raises `BadToken`."""
        told = await self.told()
        answer = await self._exchanged(told, code, verifier)
        claims = check_id_token(answer.id_token, await self._key_of(told, answer.id_token), self.client, nonce)
        if self.client.groups not in claims and told.userinfo_endpoint and answer.access_token:
            claims = {**await self._more(told, answer.access_token, claims["sub"]), **claims}
        return Identity(
            issuer=self.client.issuer,
            subject=claims["sub"],
            name=str(claims.get("preferred_username", "")),
            groups=groups_of(claims.get(self.client.groups)),
        )

    async def _exchanged(self, told: Told, code: str, verifier: str) -> _Answer:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect,
            "code_verifier": verifier,
        }
        more: dict[str, Any] = {}
        if not self.client.secret:
            form["client_id"] = self.client.id
        elif "client_secret_basic" in told.token_endpoint_auth_methods_supported:
            more["auth"] = (quote(self.client.id, safe=""), quote(self.client.secret, safe=""))
        else:
            form |= {"client_id": self.client.id, "client_secret": self.client.secret}
        try:
            said = await fetch(self.http, told.token_endpoint, "POST", data=form, timeout=TIMEOUT_SECONDS, **more)
        except httpx.HTTPStatusError as error:
            if error.response.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED):
                raise BadToken(f"the code was not taken: {error.response.status_code}") from None
            raise ServiceAway(NAME, str(error.response.status_code)) from None
        except FETCH_ERRORS as error:
            raise ServiceAway(NAME, type(error).__name__) from None
        return _read(said, _Answer)

    async def _more(self, told: Told, token: str, subject: str) -> dict[str, Any]:
        """What it says of the person elsewhere; of another person it counts for nothing."""
        said = await self._asked(told.userinfo_endpoint, headers={"authorization": f"Bearer {token}"})
        found = _read(said, dict[str, Any])
        if found.get("sub") != subject:
            raise BadToken("the page of the person is another person's")
        return found

    async def _key_of(self, told: Told, token: str) -> Key:
        """By its `kid`; a new one is looked for, and not more often than a provider can bear."""
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
        except (jwt.PyJWTError, ValueError):
            raise BadToken("no token") from None
        now = time.monotonic()
        missed = key_id is not None and key_id not in self._keys and now - self._missed_at > MISSED_SECONDS
        if not self._keys or now - self._keys_at > FETCHED_SECONDS or missed:
            self._missed_at = now if missed and self._keys else self._missed_at
            try:
                self._keys = await fetch_keys(self.http, told.jwks_uri)
            except FETCH_ERRORS as error:
                raise ServiceAway(NAME, type(error).__name__) from None
            self._keys_at = now
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        if key_id not in self._keys:
            raise BadToken("signed with a key that the provider does not name")
        return self._keys[key_id]

    async def _asked(self, address: str, **more: Any) -> bytes:
        try:
            return await fetch(self.http, address, timeout=TIMEOUT_SECONDS, **more)
        except FETCH_ERRORS as error:
            raise ServiceAway(NAME, type(error).__name__) from None


def check_id_token(token: str, key: Key, client: Client, nonce: str) -> dict[str, Any]:
    """The claims of an ID token that is for us, of our provider, and of this sign-in (Core 1.0, 3.1.3.7)."""
    options: Any = {"require": list(NEEDED)}
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            audience=client.id,
            issuer=client.issuer,
            options=options,
            leeway=LEEWAY_SECONDS,
        )
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        raise BadToken(type(error).__name__) from None
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client.id) != client.id:
        raise BadToken("issued for another client")
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise BadToken("of another sign-in")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
        raise BadToken("names nobody")
    return claims


def is_safe(address: str) -> bool:
    """By https, or on this machine."""
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        return False
    return bool(url.host) and (url.scheme == "https" or (url.scheme == "http" and url.host in THIS_MACHINE))


def _read(said: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(said, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ServiceAway(NAME, "answers what no provider does") from None


def _with(address: str, asked: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
