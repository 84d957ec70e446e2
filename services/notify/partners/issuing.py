"""Tokens of partners over HTTP: OAuth 2.0 client credentials (RFC 6749, 4.4), revocation (RFC 7009), keys (RFC 7517).

These speak OAuth's own forms and errors, which every client library knows, and stand in no OpenAPI document of ours.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

import msgspec
import structlog
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.refusals import Refused
from contracts.submissions import is_identifier
from libraries.partners import store
from libraries.runtime.database.engine import transaction
from libraries.runtime.web.auth import ISSUER
from services.notify.domain.credentials import is_secret, read_id
from services.notify.partners import registry, signing

FORM: Final = "application/x-www-form-urlencoded"
LARGEST: Final = 16 * 1024
GRANT: Final = "client_credentials"

log = structlog.get_logger()

Call = Request[Any, Any, State]


class NotGranted(Exception):
    """`code` is OAuth's, and of the table of refusals."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 6749, 5.1."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 -- how it is used, no secret
    expires_in: int


class KeySet(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 7517, 5."""

    keys: list[msgspec.Raw]


@post("/oauth/token", include_in_schema=False, status_code=200)
async def issue(request: Call, state: State) -> Response[bytes]:
    """A token for ten minutes, for a partner that shows its client id and secret."""
    now = datetime.now(UTC)
    try:
        form = await _form(request, "grant_type")
        _check_grant(form)
        async with transaction(state.engine) as conn:
            partner, client = await _authenticated(conn, request, form, now)
            signed = await signing.sign(
                conn, state.sealer, partner=partner, client=client, audience=state.partners.audience, now=now
            )
    except NotGranted as refused:
        return _refused(refused.code)
    log.info("token_issued", partner=partner, client=client, token_id=signed.token_id)
    lives = int((signed.ends_at - now).total_seconds())
    return _answer(msgspec.json.encode(TokenAnswer(access_token=signed.token, expires_in=lives)))


@post("/oauth/revoke", include_in_schema=False, status_code=200)
async def revoke(request: Call, state: State) -> Response[bytes]:
    """Give a token of one's own back: it is refused everywhere within seconds. Of others' nothing is said or done."""
    now = datetime.now(UTC)
    try:
        form = await _form(request, "token")
        async with transaction(state.engine) as conn:
            partner, _ = await _authenticated(conn, request, form, now)
            found = state.partners.read_if_good(form["token"])
            if found is not None and found.partner == partner and is_identifier(found.token_id):
                await registry.revoke(conn, found.token_id, ends_at=found.ends_at, now=now)
    except NotGranted as refused:
        return _refused(refused.code)
    return _answer(b"{}")


@get("/oauth/jwks", include_in_schema=False)
async def keys(state: State) -> Response[bytes]:
    """The public keys by which tokens are checked: the one that signs, the next, and the last."""
    now = datetime.now(UTC)
    async with transaction(state.engine) as conn:
        found = [one for one in await store.list_keys(conn) if one.ends_at is None or one.ends_at > now]
    body = KeySet(keys=[msgspec.Raw(one.public_key.encode()) for one in found])
    return _answer(msgspec.json.encode(body), {"cache-control": "public, max-age=60"})


@get("/.well-known/oauth-authorization-server", include_in_schema=False, sync_to_thread=False)
def metadata(request: Call) -> Response[bytes]:
    """RFC 8414, as far as it goes here: where things are, and how a client shows who it is."""
    base = str(request.base_url).rstrip("/")
    ways = ["client_secret_basic", "client_secret_post"]
    told = {
        "issuer": ISSUER,
        "token_endpoint": f"{base}/oauth/token",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "jwks_uri": f"{base}/oauth/jwks",
        "grant_types_supported": [GRANT],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ways,
        "revocation_endpoint_auth_methods_supported": ways,
    }
    return _answer(msgspec.json.encode(told))


async def _form(request: Call, needed: str) -> Mapping[str, str]:
    """Raises `NotGranted`: a parameter may stand there once (RFC 6749, 3.2)."""
    body, kind = await request.body(), request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != FORM or len(body) > LARGEST:
        raise NotGranted("invalid_request")
    try:
        pairs = parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=20)
    except ValueError:
        raise NotGranted("invalid_request") from None
    found = dict(pairs)
    if len(found) != len(pairs) or not found.get(needed):
        raise NotGranted("invalid_request")
    return found


def _check_grant(form: Mapping[str, str]) -> None:
    if form["grant_type"] != GRANT:
        raise NotGranted("unsupported_grant_type")


async def _authenticated(
    conn: AsyncConnection, request: Call, form: Mapping[str, str], now: datetime
) -> tuple[str, str]:
    """Partner and credential. Raises `NotGranted`, in the same words whatever was wrong."""
    client, secret = _shown(request.headers.get("authorization", ""), form)
    wanted = read_id(client)
    if wanted is None:
        raise NotGranted("invalid_client")
    credentials = await registry.list_credentials(conn, wanted.partner)
    held = next((one for one in credentials if one.number == wanted.number and one.counts(now)), None)
    partner = await store.find_partner(conn, wanted.partner)
    if held is None or partner is None or not is_secret(secret, held.secret_hash) or partner.disabled:
        log.info("token_refused", client=str(wanted))
        raise NotGranted("invalid_client")
    return partner.name, held.id


def _shown(header: str, form: Mapping[str, str]) -> tuple[str, str]:
    """By `Authorization: Basic` or in the form, and not by both (RFC 6749, 2.3)."""
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        raise NotGranted("invalid_request")
    try:
        client, _, secret = b64decode(coded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise NotGranted("invalid_client") from None
    return unquote_plus(client), unquote_plus(secret)


def _refused(code: str) -> Response[bytes]:
    """RFC 6749, 5.2, which wants ASCII; the description is that of our own table."""
    refused = Refused(code=code)
    told = {"error": code, "error_description": refused.detail("en")}
    headers = {"www-authenticate": 'Basic realm="yimen"'} if refused.status == 401 else {}
    return _answer(msgspec.json.encode(told), headers, status=refused.status)


def _answer(body: bytes, headers: Mapping[str, str] | None = None, *, status: int = 200) -> Response[bytes]:
    return Response(body, status_code=status, media_type="application/json", headers=dict(headers or {}))


ROUTES: list[HTTPRouteHandler] = [issue, revoke, keys, metadata]
