"""`yimen doctor`: whether an installation stands on firm ground, and what to do where it does not."""

import asyncio
import importlib
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import httpx
import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from console import endpoints, topics
from console import places as where
from console.in_force import policy_in_force
from console.main import echo, quiet
from console.preparing import PROCESSES, SERVICES
from console.target import Target, of_installation
from console.terminal import console
from libraries.policies import Policy, PolicyRefused, load_policy
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import async_url
from libraries.runtime.database.migrate import ENVIRONMENT, VERSION_TABLE, drift
from libraries.runtime.database.migrate import SERVICES as ROOMS
from libraries.runtime.encryption import CannotOpen, Sealer
from libraries.runtime.failures import sqlstate
from libraries.runtime.web.auth import SCOPED, read_unverified

OLDEST_POSTGRES: Final = 16
SKEW_SECONDS: Final = 2.0
FREE_BYTES: Final = 1024**3
NO_TABLE: Final = ("42P01", "3F000", "42501")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `ok` is `None` where it could not be judged."""

    what: str
    ok: bool | None
    detail: str
    do: str = ""


Check = Callable[[Target], Awaitable[list[Finding]]]


async def policy(target: Target) -> list[Finding]:
    try:
        found, known = await _in_force_or_folder(target)
    except PolicyRefused as error:
        return [Finding(what="policy", ok=False, detail=str(error), do=f"yimen policy check {target.policy}")]
    runs = Finding(what="policy", ok=True, detail=f"{found.version}, {len(found.offices)} offices{known}")
    folder = _of_folder(target.policy, found.version)
    return [runs, Finding(what="policy folder", ok=None, detail=folder[0], do=folder[1])] if folder else [runs]


async def _in_force_or_folder(target: Target) -> tuple[Policy, str]:
    """What stands in the folder is looked at where the database cannot be asked, and that is said."""
    try:
        return await policy_in_force(target.settings), ""
    except (SQLAlchemyError, OSError, TimeoutError):
        return load_policy(target.policy), ", in the folder; which one is in force cannot be asked"


def _of_folder(folder: Path, version: str) -> tuple[str, str] | None:
    """What stands in the folder changes nothing by itself; whoever has changed it may think that it does."""
    try:
        there = load_policy(folder).version
    except (PolicyRefused, OSError) as error:
        return f"cannot be used, which changes nothing: {error}", f"yimen policy check {folder}"
    if there == version:
        return None
    do = f"yimen policy activate {folder} --author NAME --reason WHY, if that is wanted"
    return f"{folder} holds {there}, which is not in force", do


async def database(target: Target) -> list[Finding]:
    async with _connection(target) as conn:
        version = int(await conn.scalar(text("SHOW server_version_num")) or 0) // 10_000
        before = datetime.now(UTC)
        there = await conn.scalar(text("SELECT clock_timestamp()"))
        here = before + (datetime.now(UTC) - before) / 2
        skew = abs((there - here).total_seconds()) if there is not None else 0.0
    return [
        Finding(
            what="database",
            ok=version >= OLDEST_POSTGRES,
            detail=f"PostgreSQL {version}",
            do="" if version >= OLDEST_POSTGRES else f"upgrade to PostgreSQL {OLDEST_POSTGRES} or newer",
        ),
        Finding(
            what="clocks",
            ok=skew < SKEW_SECONDS,
            detail=f"database and this machine differ by {skew:.3f} s",
            do="" if skew < SKEW_SECONDS else "synchronise both with the same time source",
        ),
    ]


async def schemas(target: Target) -> list[Finding]:
    return [await _schema(target, process) for process in PROCESSES]


async def _schema(target: Target, service: str) -> Finding:
    folder = ScriptDirectory(str(ENVIRONMENT), version_locations=[str(ROOMS / service / "migrations" / "versions")])
    newest = folder.get_current_head()
    async with _connection(target) as conn:
        try:
            there = await conn.scalar(text(f"SELECT version_num FROM {service}.{VERSION_TABLE}"))
        except SQLAlchemyError as error:
            if sqlstate(error) not in NO_TABLE:
                raise
            there = None
    name = f"schema {service}"
    if there != newest:
        return Finding(what=name, ok=False, detail=f"stands at {there}, the newest is {newest}", do="yimen migrate")
    tables = importlib.import_module(f"services.{service}.tables")
    differences = await drift(target.database_url, service, tables.metadata)
    if differences:
        detail = ", ".join(str(difference)[:120] for difference in differences[:3])
        return Finding(
            what=name, ok=False, detail=f"differs from the tables in the code: {detail}", do="undo changes made by hand"
        )
    return Finding(what=name, ok=True, detail=f"at {there}, as in the code")


async def kafka(target: Target) -> list[Finding]:
    admin = AIOKafkaAdminClient(**target.kafka, request_timeout_ms=10_000)
    try:
        await admin.start()
        there = await admin.list_topics()
        wanted = topics.needed(await policy_in_force(target.settings))
        described = await admin.describe_topics(sorted(set(wanted) & set(there)))
    finally:
        await admin.close()
    missing = sorted(set(wanted) - set(there))
    narrow = [one["topic"] for one in described if len(one["partitions"]) < wanted[one["topic"]][0]]
    found = [Finding(what="kafka", ok=True, detail=target.settings.kafka_servers)]
    if missing:
        detail = f"{len(missing)} of {len(wanted)} missing, for example {missing[0]}"
        found.append(Finding(what="topics", ok=False, detail=detail, do="yimen topics apply"))
    else:
        found.append(Finding(what="topics", ok=True, detail=f"all {len(wanted)} there"))
    if narrow:
        detail = f"fewer partitions than the registry says: {', '.join(narrow[:3])}"
        found.append(
            Finding(what="partitions", ok=None, detail=detail, do="fine while it keeps up; keys keep their place")
        )
    return found


async def places(target: Target) -> list[Finding]:
    """Open work of an area or office that is no more, and matters that nobody would get."""
    at = Clock.of(target.settings).now()
    try:
        found = await policy_in_force(target.settings, at)
    except PolicyRefused:
        return []
    async with _connection(target) as conn:
        try:
            there = await where.read_open(conn)
        except SQLAlchemyError as error:
            if sqlstate(error) not in NO_TABLE:
                raise
            there = {}
    wrong = list(where.gone(there, found))
    wrong += [(detail, "add an office of its lead role") for detail in where.without_owner(found, at)]
    if not wrong:
        detail = f"what is open at {len(there)} areas and offices has its owner"
        return [Finding(what="places", ok=True, detail=detail)]
    return [Finding(what="places", ok=False, detail=detail, do=do) for detail, do in wrong]


async def keys(target: Target) -> list[Finding]:
    if not target.has_keys:
        detail = "YIMEN_TOKEN_KEY and YIMEN_SEALING_KEY are not set here"
        return [Finding(what="sealing key", ok=None, detail=detail, do="set them to have them checked")]
    sealer = Sealer.of(target.settings)
    found: list[Finding] = []
    for service in SERVICES:
        async with _connection(target) as conn:
            rows = await conn.execute(text(f"SELECT name, wrapped, sealed FROM {service}.sealing_check"))
            found += keys_of(service, sealer, {row.name: row for row in rows})
    return found or [
        Finding(what="sealing key", ok=True, detail="opens what is there"),
        Finding(what="index key", ok=True, detail="finds what is there"),
    ]


def keys_of(service: str, sealer: Sealer, rows: Mapping[str, Any]) -> Iterator[Finding]:
    if "canary" in rows:
        try:
            sealer.open(rows["canary"].wrapped, rows["canary"].sealed, "canary")
        except CannotOpen:
            do = "set the key of before in YIMEN_SEALING_KEYS_BEFORE; without it personal data cannot be read"
            yield Finding(what="sealing key", ok=False, detail=f"does not open {service}'s data", do=do)
    if "index" in rows and not sealer.is_index_of(rows["index"].sealed):
        detail = f"is another than the one by which {service} finds receipts and applicants; it does not start"
        do = "set YIMEN_INDEX_KEY to the index key of before, or to the first sealing key where none was set"
        yield Finding(what="index key", ok=False, detail=detail, do=do)


async def audit(target: Target) -> list[Finding]:
    """Whether heads are signed, and where they go."""
    if not target.settings.audit_key.get_secret_value():
        detail = "no heads are signed: whoever may do everything could write the chain anew, and nobody would know"
        return [Finding(what="audit", ok=None, detail=detail, do="set YIMEN_AUDIT_KEY for every process")]
    if target.settings.audit_heads_file is None:
        detail = "heads are on audit.heads.v1 alone, and those of the portal nowhere but in its log"
        return [Finding(what="audit", ok=None, detail=detail, do="set YIMEN_AUDIT_HEADS_FILE, on another disk")]
    return [Finding(what="audit", ok=True, detail=f"heads go to {target.settings.audit_heads_file}")]


async def services(target: Target) -> list[Finding]:
    running = endpoints.find(target.folder) if target.folder is not None else None
    if running is None:
        return []
    found = []
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        for service in PROCESSES:
            url = getattr(running, service)
            try:
                parts = (await client.get(f"{url}/health/ready")).json()
                faults = [f"{part}: {state}" for part, state in parts.items() if state != "ok"]
            except (httpx.HTTPError, ValueError) as error:
                faults = [f"no answer: {type(error).__name__}"]
            do = f"read {target.folder}/logs/{service}.log" if faults else ""
            found.append(Finding(what=service, ok=not faults, detail="; ".join(faults) or f"ready at {url}", do=do))
    return found


async def tokens(target: Target) -> list[Finding]:
    """The ready-made ones, and the one of the environment."""
    running = endpoints.find(target.folder) if target.folder is not None else None
    given = dict(running.tokens) if running is not None else {}
    if "YIMEN_TOKEN" in os.environ:
        given["YIMEN_TOKEN"] = os.environ["YIMEN_TOKEN"]
    return scopes(given)


def scopes(given: Mapping[str, str]) -> list[Finding]:
    """Warns of tokens that nothing limits although their role needs an office or an area."""
    if not given:
        return []
    found = {name: read_unverified(token) for name, token in given.items()}
    wide = sorted(name for name, who in found.items() if who is not None and who.area is None and who.role in SCOPED)
    if wide:
        detail = f"nothing limits {', '.join(wide)}: they see every area and every applicant"
        do = "keep them on this machine, and give people tokens of their own: yimen token --role ROLE --area AREA"
        return [Finding(what="tokens", ok=None, detail=detail, do=do)]
    return [Finding(what="tokens", ok=True, detail="each names an office or an area where its role needs one")]


async def disk(target: Target) -> list[Finding]:
    if target.folder is None:
        return []
    free = shutil.disk_usage(target.folder).free
    do = "" if free >= FREE_BYTES else "make room: the database stops when the disk is full"
    return [Finding(what="disk", ok=free >= FREE_BYTES, detail=f"{free / 1024**3:.1f} GiB free", do=do)]


CHECKS: Final[dict[str, Check]] = {
    "policy": policy,
    "database": database,
    "schemas": schemas,
    "kafka": kafka,
    "places": places,
    "sealing key": keys,
    "audit": audit,
    "services": services,
    "tokens": tokens,
    "disk": disk,
}
AWAY: Final = "start it, and check address, user and password"


async def examine(target: Target) -> list[Finding]:
    """Every check has its turn, whatever the others found."""
    found: list[Finding] = []
    for what, check in CHECKS.items():
        try:
            found += await check(target)
        except (SQLAlchemyError, KafkaError, OSError, TimeoutError) as error:
            detail = f"cannot be asked: {type(error).__name__}: {str(error).splitlines()[0][:200]}"
            found.append(Finding(what=what, ok=False, detail=detail, do=AWAY))
    return found


@click.command()
@click.option("--json", "as_json", is_flag=True)
@of_installation
def doctor(*, target: Target, as_json: bool) -> None:
    """Check engines, schemas, topics, keys, policy, places and clocks; say what to do. Changes nothing."""
    quiet()
    found = asyncio.run(examine(target))
    healthy = all(finding.ok is not False for finding in found)
    if as_json:
        echo(msgspec.json.encode({"ok": healthy, "where": target.where, "findings": found}).decode())
    else:
        _show(found)
    sys.exit(0 if healthy else 1)


def _show(found: list[Finding]) -> None:
    from rich.table import Table  # noqa: PLC0415 -- not there in an installation without the extra `local`

    table = Table(box=None, show_header=False)
    for finding in found:
        mark = {True: "[green]好 ok[/green]", False: "[red]错 wrong[/red]", None: "[yellow]不明 unknown[/yellow]"}
        table.add_row(mark[finding.ok], finding.what, finding.detail + (f"\n→ {finding.do}" if finding.do else ""))
    console().print(table)


@asynccontextmanager
async def _connection(target: Target) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(async_url(target.database_url), poolclass=NullPool, connect_args={"timeout": 10})
    try:
        async with engine.connect() as conn:
            yield conn
    finally:
        await engine.dispose()
