"""Changes the registry of partners in notify's schema, and waits until every service knows."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from console.target import Target
from libraries.partners import store
from libraries.partners.store import Partner
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.encryption import Sealer
from services.notify.partners import registry, signing
from services.notify.partners.registry import Credential, Issued, NewPartner

HEARERS: Final = ("intake", "routing")
HEARD_SECONDS: Final = 30.0
SOON_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.2

T = TypeVar("T")


class NotHeard(RuntimeError):
    """It is written, and not every service knows yet; the text says what to do."""


async def add(target: Target, new: NewPartner) -> Issued | None:
    """`None` if there is such a one. Every service knows it then, if they are up."""
    sealer = Sealer.of(target.settings)
    issued = await _on(target, lambda conn: registry.add(conn, new, sealer, datetime.now(UTC)))
    if issued is not None:
        with suppress(NotHeard):
            await _heard(target, "SELECT true FROM partners WHERE name = :what", new.name, seconds=SOON_SECONDS)
    return issued


async def listed(target: Target) -> tuple[list[Partner], list[Credential]]:
    async def read(conn: AsyncConnection) -> tuple[list[Partner], list[Credential]]:
        return await store.list_partners(conn), await registry.list_credentials(conn)

    return await _on(target, read)


async def rotate(target: Target, name: str) -> Issued | None:
    sealer = Sealer.of(target.settings)
    return await _on(target, lambda conn: registry.rotate(conn, name, sealer, datetime.now(UTC)))


async def disable(target: Target, name: str) -> list[str] | None:
    """The subscriptions that have ended. `None` if there is no such partner. Raises `NotHeard`."""
    ended = await _on(target, lambda conn: registry.disable(conn, name, datetime.now(UTC)))
    if ended is not None:
        await _heard(target, "SELECT disabled FROM partners WHERE name = :what", name)
    return ended


async def enable(target: Target, name: str) -> list[str] | None:
    there = await _on(target, lambda conn: registry.enable(conn, name, datetime.now(UTC)))
    if there:
        await _heard(target, "SELECT NOT disabled FROM partners WHERE name = :what", name)
    return [] if there else None


async def revoke(target: Target, token_id: str, ends_at: datetime) -> None:
    """Raises `NotHeard`."""
    now = datetime.now(UTC)
    await _on(target, lambda conn: registry.revoke(conn, token_id, ends_at=ends_at, now=now))
    await _heard(target, "SELECT true FROM revoked_tokens WHERE token_id = :what", token_id)


async def rotate_key(target: Target) -> tuple[str, datetime]:
    sealer = Sealer.of(target.settings)
    return await _on(target, lambda conn: signing.rotate(conn, sealer, datetime.now(UTC)))


async def _heard(target: Target, question: str, what: str, *, seconds: float = HEARD_SECONDS) -> None:
    """Until intake and routing have it in their tables; within half a second more their processes know."""
    end = time.monotonic() + seconds
    waiting = list(HEARERS)
    while waiting:
        for service in list(waiting):
            if await _asked(target, service, question, what):
                waiting.remove(service)
        if waiting and time.monotonic() > end:
            raise NotHeard(
                f"written, and notify refuses it; not heard yet by {', '.join(waiting)}, where tokens of before count"
                " until they end. Are the services and Kafka up? `yimen doctor` says."
            )
        await asyncio.sleep(LOOK_SECONDS)


async def _asked(target: Target, service: str, question: str, what: str) -> bool:
    engine = open_engine(target.settings, service, pool_size=1)
    try:
        async with transaction(engine) as conn:
            return bool(await conn.scalar(text(question), {"what": what}))
    finally:
        await engine.dispose()


async def _on(target: Target, act: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    engine = open_engine(target.settings, "notify")
    try:
        async with transaction(engine) as conn:
            return await act(conn)
    finally:
        await engine.dispose()
