"""The keys of other identity providers whose tokens speak for partners, fetched from their JWKS (RFC 7517)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import httpx
import msgspec
import structlog

from libraries.partners.holding import Partners
from libraries.partners.tokens import Key, read_key

FETCHED_SECONDS: Final = 300.0
MISSED_SECONDS: Final = 10.0
"""After which a key that was asked for and is not held may be asked for again."""
TIMEOUT_SECONDS: Final = 5.0
LARGEST: Final = 256 * 1024
FETCH_ERRORS: Final = (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, UnicodeDecodeError, OSError, ValueError)

log = structlog.get_logger()


class Issuer(NamedTuple):
    issuer: str
    address: str


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


def read_issuers(text: str) -> list[Issuer]:
    """As the setting names them."""
    return [Issuer(*one.split(" ")) for one in text.split(",") if one]


@dataclass(slots=True, kw_only=True)
class ForeignKeys:
    """`turn` is a job. What cannot be fetched leaves what was fetched before."""

    partners: Partners
    issuers: Sequence[Issuer]
    _fetched: dict[str, float] = field(default_factory=dict)

    async def turn(self) -> None:
        for one in self.issuers:
            age = time.monotonic() - self._fetched.get(one.issuer, -FETCHED_SECONDS)
            if age >= (MISSED_SECONDS if one.issuer in self.partners.missed else FETCHED_SECONDS):
                self._fetched[one.issuer] = time.monotonic()
                self.partners.missed.discard(one.issuer)
                await self._fetch(one)

    async def _fetch(self, one: Issuer) -> None:
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False) as client:
                keys = await fetch_keys(client, one.address)
        except FETCH_ERRORS as error:
            log.warning("keys of an issuer were not fetched", issuer=one.issuer, error=type(error).__name__)
            return
        others = {name: key for name, key in self.partners.foreign.items() if name[0] != one.issuer}
        self.partners.foreign = others | {(one.issuer, key_id): key for key_id, key in keys.items()}


async def fetch_keys(client: httpx.AsyncClient, address: str) -> dict[str, Key]:
    """By `kid`, those by which tokens are checked. Raises one of `FETCH_ERRORS`."""
    keys = {}
    for each in msgspec.json.decode(await fetch(client, address), type=_KeySet).keys:
        key = read_key(msgspec.json.encode(each).decode())
        if key is not None and isinstance(each.get("kid"), str) and each.get("use", "sig") == "sig":
            keys[each["kid"]] = key
    return keys


async def fetch(client: httpx.AsyncClient, address: str, method: str = "GET", **more: Any) -> bytes:
    """The body. Raises one of `FETCH_ERRORS`, `ValueError` for what is too long."""
    read = bytearray()
    async with client.stream(method, address, **more) as answer:
        answer.raise_for_status()
        async for piece in answer.aiter_bytes():
            read += piece
            if len(read) > LARGEST:
                raise ValueError("too long")
    return bytes(read)
