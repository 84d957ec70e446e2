"""What a process holds of partners: as its database has it, looked at again and again, and asked by every request."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.partners import store
from libraries.partners.store import Partner
from libraries.partners.tokens import Key, Known, principal_of, read_key
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Principal

LOOK_SECONDS: Final = 0.5
BLIND_SECONDS: Final = 15.0

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Partners:
    """Of one process. `foreign` are keys of other identity providers, by issuer and key id."""

    engine: AsyncEngine
    audience: str
    foreign: dict[tuple[str, str], Key] = field(default_factory=dict)
    missed: set[str] = field(default_factory=set)
    """Issuers of whom a key was asked for that is not held."""
    known: Known = field(default_factory=Known)
    _state: tuple[object, ...] = ()
    _looked: float = field(default_factory=time.monotonic)
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self) -> None:
        """Read what has changed."""
        async with self._one:
            began = time.monotonic()
            async with transaction(self.engine) as conn:
                state = await store.state(conn)
                if state != self._state:
                    self.known = _known(
                        await store.list_partners(conn), await store.list_revoked(conn), await store.list_keys(conn)
                    )
                    self._state = state
            self._looked = began

    async def forget(self) -> None:
        """Revoked tokens that have ended."""
        async with transaction(self.engine) as conn:
            await store.forget_ended(conn, datetime.now(UTC))

    def lacks(self) -> str:
        """Why the process is not ready: what it refuses and accepts may be out of date."""
        blind = time.monotonic() - self._looked
        return f"has not looked who may call for {blind:.0f} s" if blind > BLIND_SECONDS else ""

    def is_revoked(self, token_id: str) -> bool:
        return token_id in self.known.revoked

    def stands(self, principal: Principal) -> bool:
        """Whether whom a token spoke for a while ago may still call."""
        if principal.token_id in self.known.revoked:
            return False
        partner = self.known.partners.get(principal.partner)
        return not principal.partner or (partner is not None and not partner.disabled)

    def find(self, name: str) -> Partner | None:
        """As the registry has it."""
        return self.known.partners.get(name)

    def sending(self, source: str) -> list[str]:
        """Names of the townships' systems that may register what comes from a source."""
        return [one.name for one in self.known.partners.values() if source in one.sources and not one.disabled]

    def read(self, token: str) -> Principal:
        """Whom a token of a partner speaks for. Raises `Rejected`."""
        return principal_of(token, self.known, self.foreign, self.audience, datetime.now(UTC), self.missed)

    def read_if_good(self, token: str) -> Principal | None:
        """As `read`, of a token that may be anything."""
        try:
            return self.read(token)
        except Rejected:
            return None


def _known(partners: list[Partner], revoked: frozenset[str], keys: list[store.PublicKey]) -> Known:
    found = {}
    for one in keys:
        key = read_key(one.public_key, one.ends_at)
        if key is None:
            log.error("signing key cannot be read", key_id=one.key_id)
        else:
            found[one.key_id] = key
    return Known(
        partners={one.name: one for one in partners},
        by_subject={(one.issuer, one.issuer_subject): one for one in partners if one.issuer},
        revoked=revoked,
        keys=found,
    )
