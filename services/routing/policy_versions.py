"""Versions of the policy: stored with who activated them and why, and said to the others in the same transaction."""

from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.events.policies import PolicyActivated
from libraries.policies import PolicyWatch
from libraries.policies.archive import archived, version_of
from libraries.policies.watch import SINCE_EVER
from libraries.runtime.database.engine import transaction
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from libraries.versions import store
from libraries.versions.store import Activation, Version
from services.routing.publishing import SERVICE

INSTALLATION: Final = "installation"
FIRST: Final = "the pack with which the installation began"
# Numbers follow each other without a hole, and whoever waits here sees what the one before has written.
_LOCK: Final = text("LOCK TABLE policy_activations IN SHARE ROW EXCLUSIVE MODE")
_SAVE: Final = text(
    """
    INSERT INTO policy_activations (number, version, starts_at, activated_at, author, reason)
    VALUES (:number, :version, :starts_at, :activated_at, :author, :reason)
    """
)
_HISTORY: Final = text(
    """
    SELECT a.number, a.version, v.pack, v.effective_from, a.starts_at, a.activated_at, a.author, a.reason
    FROM policy_activations AS a JOIN policy_versions AS v USING (version) ORDER BY a.number
    """
)


class Entry(NamedTuple):
    """One activation with all that is known of it."""

    number: int
    version: str
    pack: str
    effective_from: date
    starts_at: datetime
    activated_at: datetime
    author: str
    reason: str


async def lock(conn: AsyncConnection) -> list[Activation]:
    """All activations; nobody adds another one before the transaction ends."""
    await conn.execute(_LOCK)
    return await store.list_activations(conn)


async def activate(
    conn: AsyncConnection, version: Version, *, starts_at: datetime, at: datetime, author: str, reason: str
) -> Activation:
    """Stores a version, if it is new, and that it is in force from a moment on. The table is locked by the caller."""
    number = 1 + max((one.number for one in await store.list_activations(conn)), default=0)
    activation = Activation(number, version.version, starts_at, at)
    await store.save_version(conn, version, at)
    await conn.execute(_SAVE, activation._asdict() | {"author": author, "reason": reason})
    event = PolicyActivated(
        activation=number,
        pack=version.pack,
        policy_version=version.version,
        effective_from=version.effective_from,
        starts_at=starts_at,
        content=version.content,
        activated_at=at,
    )
    await journal.add(conn, SERVICE, [Outgoing(event=event, at=at, key=version.pack)])
    return activation


async def begin(engine: AsyncEngine, watch: PolicyWatch, at: datetime) -> None:
    """Makes the folder of an installation that has none its first version. Raises `PolicyRefused`."""
    async with transaction(engine) as conn:
        if await store.list_activations(conn) or await lock(conn):
            return
        policy, content = watch.policy, archived(watch.folder)
        if version_of(content) != policy.version:
            raise ValueError(f"the files in {watch.folder} changed while they were read: start again")
        version = Version(policy.version, policy.pack, policy.effective_from, content)
        await activate(conn, version, starts_at=SINCE_EVER, at=at, author=INSTALLATION, reason=FIRST)


async def list_history(conn: AsyncConnection) -> list[Entry]:
    """In the order in which they were made."""
    return [Entry(*row) for row in await conn.execute(_HISTORY)]
