"""A backup goes into another database of the same server, whole, and never over another one."""

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from console.audit.reading import examine_all
from console.backup.dumping import back_up, make_private
from console.backup.manifest import read
from console.backup.restoring import NotEmpty, check, refuse_unless_empty, restore
from console.preparing import PROCESSES
from console.target import Target
from libraries.ids import new_id
from libraries.runtime.audit.chaining import AuditChain
from libraries.runtime.audit.heads import Signer
from libraries.runtime.audit.heads import read as heads_of
from libraries.runtime.audit.writing import note_read
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.database.migrate import upgrade
from libraries.runtime.settings import RuntimeSettings, settings_of

SEED = b64encode(b"a" * 32).decode()


def settings(database: str, folder: Path) -> RuntimeSettings:
    return settings_of(
        {
            "YIMEN_DATABASE_URL": database,
            "YIMEN_KAFKA_SERVERS": "127.0.0.1:9",
            "YIMEN_TOKEN_KEY": "t" * 32,
            "YIMEN_SEALING_KEY": b64encode(b"k" * 32).decode(),
            "YIMEN_AUDIT_KEY": SEED,
            "YIMEN_AUDIT_HEADS_FILE": str(folder / "heads.ndjson"),
        },
        RuntimeSettings,
    )


@pytest.fixture
async def another(postgres: str) -> AsyncIterator[str]:
    name = f"restored_{uuid4().hex[:8]}"
    conn = await asyncpg.connect(postgres)
    try:
        await conn.execute(f"CREATE DATABASE {name}")
        yield f"{postgres.rpartition('/')[0]}/{name}"
        await conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await conn.close()


async def note(database: str, folder: Path, number: int) -> None:
    """Read so many times, and chain and sign it."""
    of = settings(database, folder)
    engine = open_engine(of, "intake", pool_size=1)
    try:
        for _ in range(number):
            async with transaction(engine) as conn:
                await note_read(conn, "summary", case_id=new_id())
        chain = AuditChain.of(of, engine, "intake", on_kafka=False)
        await chain.extend()
        await chain.sign_now()
    finally:
        await engine.dispose()


async def test_what_was_backed_up_is_there_again_and_the_audit_tells_of_it(
    database: str, another: str, tmp_path: Path
) -> None:
    for service in PROCESSES:
        await upgrade(database, service)
    await note(database, tmp_path, 3)
    saved = tmp_path / "saved"
    make_private(saved)
    old = Target(settings=settings(database, tmp_path), where="here", has_keys=True)
    made = await back_up(old, saved)
    assert (made.services["intake"].chained, made.services["intake"].rows["audit_entries"]) == (3, 4)
    assert saved.stat().st_mode & 0o077 == 0
    await note(database, tmp_path, 2)
    with pytest.raises(NotEmpty, match="has intake, routing, notify, portal already"):
        await refuse_unless_empty(old.settings, with_kafka=False)

    new = settings(another, tmp_path)
    manifest = read(saved)
    check(manifest, new)
    server = await refuse_unless_empty(new, with_kafka=False)
    done = await restore(new, saved, manifest, [], server=server)
    assert (done.erased, done.sent_again["intake"]) == (0, 2), "the head that tells of the restore, and the next"
    await note(another, tmp_path, 1)
    heads = [one for one in heads_of(tmp_path / "heads.ndjson") if not isinstance(one, int)]
    assert [one.restored for one in heads if one.service == "intake"] == [False, False, True, False, False]
    found = await examine_all(another, PROCESSES, heads, Signer(SEED).public)
    assert [fault for one in found for fault in one.faults] == []
    assert (found[0].chained, found[0].trusted_until) == (7, 7), "three, backup, restore, replay, and one since"
    (lost,) = await examine_all(another, ["intake"], heads[:2], Signer(SEED).public)
    assert [fault.code for fault in lost.faults] == ["rewritten"], "only a signed word makes earlier heads void"
