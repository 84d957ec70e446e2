"""Many rows in one statement: arrays in, `unnest` in the database, inside the caller's transaction.

About as fast as COPY, which with this driver would run outside the transaction until its first statement.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    String,
    Table,
    TextClause,
    any_,
    bindparam,
    func,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

Rows = Sequence[Sequence[Any]]

_JSON: Final = "jsonb"


async def insert_rows(
    conn: AsyncConnection, table: Table, columns: tuple[str, ...], rows: Rows, *, then: str = ""
) -> list[Any]:
    """Values stand in the order of `columns`; those of JSONB columns are encoded JSON.

    `then` is the end of the statement, for conflicts; returned is the first column of what it returns.
    """
    if not rows:
        return []
    found = await conn.execute(_insert(table, columns, then), _arrays(columns, rows))
    return list(found.scalars()) if found.returns_rows else []


async def update_rows(conn: AsyncConnection, table: Table, columns: tuple[str, ...], rows: Rows) -> None:
    """Set all columns but the first, by which rows are found."""
    if rows:
        await conn.execute(_update(table, columns), _arrays(columns, rows))


def among(column: Column[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """One statement however many values there are: `IN` would be another for each number, and prepared anew."""
    return column == any_(bindparam(None, list(values), type_=ARRAY(column.type)))


def among_pairs(first: Column[Any], second: Column[Any], pairs: Iterable[tuple[Any, Any]]) -> ColumnElement[bool]:
    """As `among`, for two columns together."""
    wanted = list(pairs)
    sides = [
        bindparam(None, [pair[place] for pair in wanted], type_=ARRAY(column.type))
        for place, column in enumerate((first, second))
    ]
    known = func.unnest(*sides).table_valued("a", "b").render_derived()
    return tuple_(first, second).in_(select(known.c.a, known.c.b))


def _arrays(columns: tuple[str, ...], rows: Rows) -> dict[str, list[Any]]:
    return dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))


@cache
def _insert(table: Table, columns: tuple[str, ...], then: str) -> TextClause:
    names = ", ".join(f'"{name}"' for name in columns)
    statement = f'INSERT INTO "{table.name}" ({names}) SELECT {_values(table, columns)} FROM {_source(columns)} {then}'
    return _bound(table, columns, statement)


@cache
def _update(table: Table, columns: tuple[str, ...]) -> TextClause:
    key = columns[0]
    values = _values(table, columns).split(", ")
    changes = ", ".join(f'"{name}" = {value}' for name, value in zip(columns[1:], values[1:], strict=True))
    return _bound(
        table,
        columns,
        f'UPDATE "{table.name}" AS t SET {changes} FROM {_source(columns)} WHERE t."{key}" = k."{key}"',
    )


def _values(table: Table, columns: tuple[str, ...]) -> str:
    return ", ".join(
        f'k."{name}"::{_JSON}' if isinstance(table.c[name].type, JSONB) else f'k."{name}"' for name in columns
    )


def _source(columns: tuple[str, ...]) -> str:
    arrays = ", ".join(f":{name}" for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    return f"unnest({arrays}) AS k ({names})"


def _bound(table: Table, columns: tuple[str, ...], statement: str) -> TextClause:
    return text(statement).bindparams(*(bindparam(name, type_=ARRAY(_element(table, name))) for name in columns))


def _element(table: Table, name: str) -> TypeEngine[Any]:
    kind = table.c[name].type
    if isinstance(kind, JSONB):
        return String()
    return LargeBinary() if isinstance(kind, LargeBinary) else kind
