"""Every change and every read is put on record with what it was, and chained afterwards without anybody waiting."""

import asyncio
import csv
import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from console.audit import reading
from console.audit.heads import of_files
from console.main import main
from contracts.events.audit import AuditHeadSigned
from libraries.ids import new_id
from libraries.runtime.audit.chaining import BATCH, AuditChain, adopt_restored
from libraries.runtime.audit.doers import Doer, acting
from libraries.runtime.audit.examining import Found
from libraries.runtime.audit.heads import Signer
from libraries.runtime.audit.writing import note_change, note_read
from libraries.runtime.database.engine import transaction
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing

SIGNER = Signer(b64encode(b"a" * 32).decode())
CASE = new_id()
AT_ONCE = timedelta()


@pytest.fixture
def chain(engine: AsyncEngine, tmp_path: Path) -> AuditChain:
    return AuditChain(engine=engine, service="intake", signer=SIGNER, heads_file=tmp_path / "heads.ndjson")


async def note(engine: AsyncEngine, number: int) -> None:
    for _ in range(number):
        async with transaction(engine) as conn:
            await note_read(conn, "summary", case_id=CASE)


async def asked(engine: AsyncEngine, statement: str) -> list[Any]:
    async with transaction(engine) as conn:
        return list((await conn.execute(text(statement))).all())


async def forced(engine: AsyncEngine, *statements: str) -> None:
    """As somebody does it who may do everything."""
    async with transaction(engine) as conn:
        await conn.execute(text("SET LOCAL ROLE NONE"))
        await conn.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await conn.execute(text(statement))


async def examined(database: str, *paths: Path) -> Found:
    (found,) = await reading.examine_all(database, ["intake"], of_files(paths)[0], SIGNER.public)
    return found


def named(found: Found) -> list[tuple[str, int, int]]:
    return [(fault.code, fault.position, fault.entry) for fault in found.faults]


async def test_an_event_is_put_on_record_once_with_who_said_it_and_its_digest(
    engine: AsyncEngine, a_message: Callable[..., Outgoing]
) -> None:
    office = "departments.education-130722000000.referrals.v1"
    async with transaction(engine) as conn:
        with acting(Doer(subject="s1", role="clerk", office="township-130722100000")):
            await journal.add(conn, "intake", [a_message(CASE, copies=(office,)), a_message(new_id())])
    rows = await asked(
        engine,
        """
        SELECT e.kind, e.what, e.subject, e.role, e.office, e.digest = sha256(j.value), e.xid = j.xid
        FROM audit_entries AS e JOIN journal AS j USING (event_id)
        WHERE j.topic NOT LIKE 'departments.%' ORDER BY e.id
        """,
    )
    one = ("change", "yimen.case.withdrawn.v1", "s1", "clerk", "township-130722100000", True, True)
    assert [tuple(row) for row in rows] == [one, one]
    assert await asked(engine, "SELECT count(*) FROM audit_entries") == [(2,)]


async def test_what_a_transaction_that_dies_has_noted_is_gone_and_leaves_no_hole(
    database: str, engine: AsyncEngine, chain: AuditChain
) -> None:
    await note(engine, 1)
    async with engine.connect() as conn:
        await conn.begin()
        await note_read(conn, "applicant", case_id=CASE, purpose="handling")
        await conn.rollback()
    await note(engine, 1)
    await chain.extend()
    found = await examined(database)
    assert (found.chained, found.unchained, named(found)) == (2, 0, [])


async def test_a_row_of_a_transaction_that_still_runs_is_waited_for_and_nobody_waits_for_the_chain(
    database: str, engine: AsyncEngine, chain: AuditChain
) -> None:
    async with engine.connect() as slow:
        await slow.begin()
        await note_change(slow, "receipt.issued", case_id=CASE)
        await note(engine, 2)
        await chain.extend()
        assert (await examined(database)).unchained == 2, "the two committed ones are younger"
        async with engine.connect() as holds:
            await holds.begin()
            await holds.execute(text("SELECT * FROM audit_chain FOR UPDATE"))
            await note(engine, 1)
            assert await chain.turn() == 0, "whoever comes second does nothing"
        await slow.commit()
    await chain.extend()
    found = await examined(database)
    assert (found.chained, found.unchained, named(found)) == (4, 0, [])
    order = await asked(engine, "SELECT e.what FROM audit_links JOIN audit_entries AS e ON e.id = entry_id LIMIT 1")
    assert order == [("receipt.issued",)]


async def test_two_processes_chain_each_row_once(database: str, engine: AsyncEngine, chain: AuditChain) -> None:
    many = BATCH + 200
    fill = "INSERT INTO audit_entries (kind, what, subject) SELECT 'read', 'summary', 's' FROM generate_series(1, {})"
    await forced(engine, fill.format(many))
    other = AuditChain(engine=engine, service="intake")
    await asyncio.gather(*(one.extend() for one in (chain, other) for _ in range(3)))
    await chain.extend()
    found = await examined(database)
    assert (found.chained, found.unchained, named(found)) == (many, 0, [])


async def test_whatever_is_done_to_the_rows_is_named(
    database: str, engine: AsyncEngine, chain: AuditChain, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.ndjson"
    await note(engine, 6)
    await chain.extend()
    await chain.sign(AT_ONCE)
    assert (await examined(database, heads)).trusted_until == 6
    with pytest.raises(Exception, match="neither changed nor removed"):
        await asked(engine, "DELETE FROM audit_entries RETURNING id")
    await forced(engine, "UPDATE audit_entries SET subject = 'another' WHERE id = 2")
    await forced(engine, "DELETE FROM audit_entries WHERE id = 4")
    await forced(engine, "INSERT INTO audit_entries (xid, kind, what, subject) VALUES (5, 'read', 'summary', 's')")
    assert named(await examined(database, heads)) == [("altered", 2, 2), ("removed", 4, 4), ("inserted", 0, 7)]


async def test_a_cut_tail_is_told_by_the_heads_alone(
    database: str, engine: AsyncEngine, chain: AuditChain, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.ndjson"
    await note(engine, 5)
    await chain.extend()
    await chain.sign(AT_ONCE)
    await forced(
        engine,
        "DELETE FROM audit_links WHERE position > 3",
        "DELETE FROM audit_entries WHERE id > 3",
        "UPDATE audit_chain SET position = 3, hash = l.hash, entry_id = e.id, xid = e.xid"
        " FROM audit_links AS l JOIN audit_entries AS e ON e.id = l.entry_id WHERE l.position = 3",
    )
    assert named(await examined(database)) == []
    assert named(await examined(database, heads)) == [("cut", 5, 0)]
    said = await asked(engine, "SELECT topic, key, convert_from(value, 'UTF8') FROM journal")
    assert [(row[0], row[1]) for row in said] == [("audit.heads.v1", "intake")]
    assert of_files([heads])[0][0].signature in said[0][2]
    assert isinstance(of_files([heads])[0][0], AuditHeadSigned)


async def test_an_event_that_was_changed_in_the_journal_is_named(
    database: str, engine: AsyncEngine, chain: AuditChain, a_message: Callable[..., Outgoing]
) -> None:
    async with transaction(engine) as conn:
        await journal.add(conn, "intake", [a_message(CASE)])
    await chain.extend()
    await forced(engine, "UPDATE journal SET value = '{}'")
    assert named(await examined(database)) == [("event_altered", 0, 1)]


async def test_after_a_restore_into_a_younger_cluster_the_chain_goes_on(
    database: str, engine: AsyncEngine, chain: AuditChain
) -> None:
    await note(engine, 3)
    await chain.extend()
    await note(engine, 2)
    ahead = "UPDATE audit_entries SET xid = xid + 4000000000 WHERE id > 3"
    await forced(engine, ahead, "UPDATE audit_chain SET xid = xid + 4000000000")
    async with transaction(engine) as conn:
        assert await adopt_restored(conn, "intake")
        assert not await adopt_restored(conn, "intake")
    await note(engine, 2)
    await chain.extend()
    found = await examined(database)
    assert (found.chained, found.unchained, named(found)) == (7, 0, [])


async def test_somebody_else_counts_the_hashes_again_from_an_export(
    database: str, engine: AsyncEngine, chain: AuditChain, tmp_path: Path
) -> None:
    await note(engine, 3)
    await chain.extend()
    await note(engine, 1)

    async def yimen(*arguments: str) -> str:
        keys = {"YIMEN_TOKEN_KEY": "t" * 32, "YIMEN_SEALING_KEY": b64encode(b"k" * 32).decode()}
        where = {"YIMEN_DATABASE_URL": database, "YIMEN_KAFKA_SERVERS": "127.0.0.1:9", **keys}
        ended = await asyncio.to_thread(CliRunner().invoke, main, ["audit", *arguments], env=where)
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    out = tmp_path / "audit.ndjson"
    assert "4 rows written" in await yimen("export", "--service", "intake", "--out", str(out))
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    before = sha256(b"yimen/audit/1/intake").digest()
    names = [
        "id",
        "xid",
        "at",
        "kind",
        "what",
        "subject",
        "role",
        "office",
        "case_id",
        "about",
        "purpose",
        "event_id",
        "digest",
    ]
    for row in rows[:3]:
        moment = datetime.fromisoformat(row["at"]).astimezone(UTC).isoformat(timespec="microseconds")
        told = [moment if name == "at" else row[name] for name in names]
        before = sha256(before + json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()).digest()
        assert row["hash"] == before.hex()
    assert (rows[3]["position"], rows[3]["hash"]) == (None, None), "not chained yet, and told so"
    await yimen("export", "--service", "intake", "--format", "csv", "--out", str(out))
    lines = out.read_text("utf-8-sig").splitlines()
    assert [len(row) for row in csv.reader(lines)] == [len(names) + 3] * 5
    shown = json.loads(await yimen("show", "--service", "intake", "--case", str(CASE), "--limit", "2", "--json"))
    assert [(row["id"], row["what"]) for row in shown] == [(4, "summary"), (3, "summary")]
