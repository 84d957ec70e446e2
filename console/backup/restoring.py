"""The way back: into an empty database, erased again what was erased since, and then ready for the services.

Nobody is let in before all of it is done: the services start only afterwards.
"""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from console.backup import tools
from console.backup.dumping import describe
from console.backup.manifest import DUMP, BadBackup, Manifest
from console.erasures import Erasure
from console.in_force import policy_in_force
from console.preparing import PROCESSES, SERVICES
from console.verify.reading import database_address
from console.verify.topic_reader import is_ours, partitions_of
from libraries.runtime.audit.chaining import AuditChain, adopt_restored, publish_restored
from libraries.runtime.audit.writing import note_change
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import async_url, open_engine, transaction
from libraries.runtime.database.migrate import ENVIRONMENT, make_role, upgrade
from libraries.runtime.database.migrate import SERVICES as ROOMS
from libraries.runtime.encryption import CannotOpen, Sealer
from libraries.runtime.outbox.journal import rebase_after_restore, replay_from
from libraries.runtime.settings import RuntimeSettings
from services.intake.erasing import erase_again
from services.routing.erasing import erase_texts

AT_ONCE: Final = 100


class NotEmpty(RuntimeError):
    """Something is there already, and would be mixed with what is restored."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    made_at: str
    """Of the backup."""
    rows: int
    erased: int
    """Cases that the backup could still read, and that the list has."""
    sent_again: dict[str, int]
    """Events of each service that go out again: Kafka has nothing."""


def check(manifest: Manifest, settings: RuntimeSettings) -> None:
    """That these keys open it and this version knows its schemas. Raises `BadBackup`; nothing was touched."""
    sealer = Sealer.of(settings)
    for service, found in manifest.services.items():
        versions = [str(ROOMS / service / "migrations" / "versions")]
        script = ScriptDirectory(str(ENVIRONMENT), version_locations=versions)
        if found.revision not in {one.revision for one in script.walk_revisions()}:
            raise BadBackup(f"{service} stands at {found.revision}, which this version does not know: use a newer one")
        canary, index = found.canaries.get("canary"), found.canaries.get("index")
        try:
            if canary is not None:
                sealer.open(canary.wrapped, canary.sealed, "canary")
        except CannotOpen:
            raise BadBackup(
                "the sealing key is not the one of the backup; set it, or add it to YIMEN_SEALING_KEYS_BEFORE"
            ) from None
        if index is not None and not sealer.is_index_of(index.sealed):
            raise BadBackup("the index key is not the one of the backup; set YIMEN_INDEX_KEY")


async def refuse_unless_empty(settings: RuntimeSettings, *, with_kafka: bool) -> int:
    """The server's major version. Raises `NotEmpty`."""
    conn = await asyncpg.connect(database_address(settings.database_url), timeout=10)
    try:
        server: int = conn.get_server_version().major
        there = [one for one in PROCESSES if await conn.fetchval("SELECT to_regnamespace($1) IS NOT NULL", one)]
    finally:
        await conn.close()
    if there:
        raise NotEmpty(f"the database has {', '.join(there)} already: restore into an empty one")
    if with_kafka and (told := await _topics_with_records(settings.kafka_connection())):
        raise NotEmpty(
            f"{len(told)} topics have records, for example {told[0]}: restore beside an empty Kafka, which is filled"
            " again from the journals"
        )
    return server


async def _topics_with_records(kafka: dict[str, Any]) -> list[str]:
    parts = [one for one in await partitions_of(kafka) if is_ours(one.topic)]
    if not parts:
        return []
    consumer = AIOKafkaConsumer(**kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        begins, ends = await consumer.beginning_offsets(parts), await consumer.end_offsets(parts)
    finally:
        await consumer.stop()
    return sorted({one.topic for one in parts if ends[one] > begins[one]})


async def restore(
    settings: RuntimeSettings, folder: Path, manifest: Manifest, erasures: Sequence[Erasure], *, server: int
) -> Restored:
    """Into a database that was seen to be empty. Raises `BadBackup` or `ToolFailed`."""
    await _make_roles(settings)
    pg_restore = tools.find("pg_restore", max(server, manifest.postgres))
    arguments = ("--single-transaction", "--exit-on-error", "--no-privileges", str(folder / DUMP))
    await asyncio.to_thread(tools.run, pg_restore, settings.database_url, *arguments)
    await _compare(settings, manifest)
    for service in PROCESSES:
        await upgrade(settings.database_url, service)
    erased = await _erase(settings, erasures)
    sent_again = {service: await _ready(settings, service, manifest) for service in PROCESSES}
    return Restored(
        made_at=manifest.made_at.isoformat(),
        rows=sum(sum(one.rows.values()) for one in manifest.services.values()),
        erased=erased,
        sent_again={service: rows for service, rows in sent_again.items() if service in SERVICES},
    )


async def _make_roles(settings: RuntimeSettings) -> None:
    engine = create_async_engine(async_url(settings.database_url), poolclass=NullPool)
    try:
        async with engine.connect() as conn:
            for service in PROCESSES:
                await make_role(conn, service)
    finally:
        await engine.dispose()


async def _compare(settings: RuntimeSettings, manifest: Manifest) -> None:
    """Every table has as many rows as the snapshot had. Raises `BadBackup`."""
    conn = await asyncpg.connect(database_address(settings.database_url), timeout=10)
    try:
        for service, wanted in manifest.services.items():
            found = await describe(conn, service)
            if found != wanted:
                differ = sorted(
                    table
                    for table in wanted.rows.keys() | found.rows.keys()
                    if wanted.rows.get(table) != found.rows.get(table)
                )
                raise BadBackup(f"{service} differs from what was dumped: {', '.join(differ) or 'its keys or audit'}")
    finally:
        await conn.close()


async def _erase(settings: RuntimeSettings, erasures: Iterable[Erasure]) -> int:
    """In intake and routing at once, and said to whoever hears of it by events. How many were readable."""
    wanted = {one.case_id: one for one in erasures}
    if not wanted:
        return 0
    policy, now = await policy_in_force(settings), Clock.of(settings).now()
    intake, routing = (open_engine(settings, service, pool_size=1) for service in ("intake", "routing"))
    erased = 0
    try:
        for one in wanted.values():
            async with transaction(intake) as conn:
                erased += await erase_again(one.case_id, conn, policy, reason=one.reason, at=now)
        known = list(wanted)
        for first in range(0, len(known), AT_ONCE):
            async with transaction(routing) as conn:
                await erase_texts(conn, known[first : first + AT_ONCE])
    finally:
        await intake.dispose()
        await routing.dispose()
    return erased


async def _ready(settings: RuntimeSettings, service: str, manifest: Manifest) -> int:
    """The audit says that it was restored, and everything in the journal goes out again. How many rows."""
    engine = open_engine(settings, service, pool_size=1)
    on_kafka = service in SERVICES
    chain = AuditChain.of(settings, engine, service, on_kafka=on_kafka)
    try:
        async with transaction(engine) as conn:
            await conn.execute(text("SET LOCAL statement_timeout = 0"))
            await publish_restored(conn, chain)
            await note_change(conn, "restored", about=manifest.made_at.isoformat(timespec="seconds"))
        async with transaction(engine) as conn:
            await adopt_restored(conn, service)
        await chain.extend()
        await chain.sign_now()
        if not on_kafka:
            return 0
        await rebase_after_restore(engine)
        return await replay_from(engine)
    finally:
        await engine.dispose()
