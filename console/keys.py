"""`yimen keys`: a new sealing key takes the place of an old one while everything runs."""

import asyncio
import sys
from collections.abc import Iterator
from typing import Any, Final

import click
import msgspec
from sqlalchemy import Column, LargeBinary, Table, and_, bindparam, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from console.main import echo, quiet
from console.target import Target, of_installation
from libraries.runtime.audit.writing import note_change
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.encryption import CannotOpen, Sealer
from services.intake.tables import metadata as of_intake
from services.notify.tables import metadata as of_notify
from services.routing.tables import metadata as of_routing

METADATA: Final = {"intake": of_intake, "routing": of_routing, "notify": of_notify}
WRAPPED: Final = ("wrapped_key", "wrapped")
"""What a column is called in which data keys lie."""
PORTION: Final = 1000


class Rewrapped(msgspec.Struct, frozen=True, kw_only=True):
    """One table: how many data keys lie there, and under which key."""

    service: str
    table: str
    keys: int
    of_before: int
    """Under a key of before, when they were looked at."""
    unreadable: int = 0
    """Under a key that is not set here. They are left as they are."""


@click.group()
def keys() -> None:
    """The keys with which an installation seals what is personal."""


@keys.command()
@click.option("--check", is_flag=True, help="Change nothing: only count what lies under a key of before.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def rotate(*, target: Target, check: bool, as_json: bool) -> None:
    """Wrap every data key by YIMEN_SEALING_KEY that still lies under one of YIMEN_SEALING_KEYS_BEFORE.

    In portions, each a transaction, while the services run. Safe to repeat. What is sealed is not touched: only the
    key of each case is wrapped again. Exits 1 while something lies under another key.
    """
    quiet()
    if not target.has_keys:
        raise click.UsageError(
            "set YIMEN_TOKEN_KEY, YIMEN_SEALING_KEY and YIMEN_SEALING_KEYS_BEFORE as the services have them"
        )
    found = asyncio.run(_rotate(target, change=not check))
    if as_json:
        echo(msgspec.json.encode(found).decode())
    else:
        for one in found:
            said = f"{one.of_before} {'under a key of before' if check else 'wrapped again'}"
            lost = f", {one.unreadable} under a key that is not set here" if one.unreadable else ""
            echo(f"{one.service}.{one.table}: {one.keys} keys, {said}{lost}")
    left = sum(one.unreadable + (one.of_before if check else 0) for one in found)
    if left and not as_json:
        do = "run `yimen keys rotate`; for those that cannot be read, add their key to YIMEN_SEALING_KEYS_BEFORE first"
        echo(f"{left} data keys do not lie under YIMEN_SEALING_KEY: {do}")
    if left:
        sys.exit(1)


async def _rotate(target: Target, *, change: bool) -> list[Rewrapped]:
    sealer, found = Sealer.of(target.settings), []
    for service, metadata in METADATA.items():
        engine = open_engine(target.settings, service, pool_size=1)
        try:
            for table, column in _tables(metadata.sorted_tables):
                found.append(await _table(engine, service, table, column, sealer, change=change))
        finally:
            await engine.dispose()
    return found


def _tables(tables: list[Table]) -> Iterator[tuple[Table, Column[Any]]]:
    for table in tables:
        for name in WRAPPED:
            if name in table.c and isinstance(table.c[name].type, LargeBinary):
                yield table, table.c[name]


async def _table(
    engine: AsyncEngine, service: str, table: Table, column: Column[Any], sealer: Sealer, *, change: bool
) -> Rewrapped:
    last: tuple[Any, ...] | None = None
    counts = {"keys": 0, "of_before": 0, "unreadable": 0}
    while True:
        async with transaction(engine) as conn:
            rows = await _portion(conn, table, column, last, locked=change)
            fresh = []
            for *key, wrapped in rows:
                counts["keys"] += 1
                try:
                    again = sealer.rewrapped(bytes(wrapped))
                except CannotOpen:
                    counts["unreadable"] += 1
                    continue
                if again is not None:
                    counts["of_before"] += 1
                    fresh.append({f"pk_{n}": value for n, value in enumerate(key)} | {"fresh": again})
            if fresh and change:
                await conn.execute(_update(table, column), fresh)
                await note_change(conn, "keys.rewrapped", about=f"{table.name}: {len(fresh)}")
        if len(rows) < PORTION:
            return Rewrapped(service=service, table=str(table.name), **counts)
        last = tuple(rows[-1][:-1])


async def _portion(
    conn: AsyncConnection, table: Table, column: Column[Any], last: tuple[Any, ...] | None, *, locked: bool
) -> list[tuple[Any, ...]]:
    """The next rows with a data key; none of what was erased."""
    key = tuple_(*table.primary_key.columns)
    wanted = (
        select(*table.primary_key.columns, column).where(func.length(column) > 0).order_by(*table.primary_key.columns)
    ).limit(PORTION)
    if last is not None:
        wanted = wanted.where(key > tuple_(*last))
    if locked:
        wanted = wanted.with_for_update()
    return [tuple(row) for row in await conn.execute(wanted)]


def _update(table: Table, column: Column[Any]) -> Any:
    same = (one == bindparam(f"pk_{n}") for n, one in enumerate(table.primary_key.columns))
    return update(table).where(and_(*same)).values({column: bindparam("fresh")})
