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

MANY: Final = 100
"""From so many rows on it pays to look for what they have in common."""
_JSON: Final = "jsonb"


async def insert_rows(
    conn: AsyncConnection, table: Table, columns: tuple[str, ...], rows: Rows, *, then: str = ""
) -> list[Any]:
    """Values stand in the order of `columns`; those of JSONB columns are encoded JSON.

    `then` is the end of the statement, for conflicts; returned is the first column of what it returns.
    """
    if not rows:
        return []
    constant, values = arrays(columns, rows)
    found = await conn.execute(_insert(table, columns, constant, then), values)
    return list(found.scalars()) if found.returns_rows else []


async def update_rows(conn: AsyncConnection, table: Table, columns: tuple[str, ...], rows: Rows) -> None:
    """Set all columns but the first, by which rows are found."""
    if rows:
        constant, values = arrays(columns, rows)
        await conn.execute(_update(table, columns, constant), values)


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


def arrays(columns: tuple[str, ...], rows: Rows) -> tuple[frozenset[str], dict[str, Any]]:
    """The columns that hold one value in all rows, and what is sent: that value of each, arrays of the others.

    Encoding an array costs more than anything else here. The first column is always an array.
    """
    found = dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))
    if len(rows) < MANY:
        return frozenset(), found
    constant = frozenset(name for name in columns[1:] if _is_constant(found[name]))
    return constant, {name: values[0] if name in constant else values for name, values in found.items()}


def _is_constant(values: list[Any]) -> bool:
    return bool(values[0] == values[-1] == values[len(values) // 2]) and values.count(values[0]) == len(values)


@cache
def _insert(table: Table, columns: tuple[str, ...], constant: frozenset[str], then: str) -> TextClause:
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(_value(table, name, constant) for name in columns)
    return _bound(
        table,
        columns,
        constant,
        f'INSERT INTO "{table.name}" ({names}) SELECT {values} FROM {source(columns, constant)} {then}',
    )


@cache
def _update(table: Table, columns: tuple[str, ...], constant: frozenset[str]) -> TextClause:
    key = columns[0]
    changes = ", ".join(f'"{name}" = {_value(table, name, constant)}' for name in columns[1:])
    rows = source(columns, constant)
    return _bound(
        table, columns, constant, f'UPDATE "{table.name}" AS t SET {changes} FROM {rows} WHERE t."{key}" = k."{key}"'
    )


def _value(table: Table, name: str, constant: frozenset[str]) -> str:
    value = f":{name}" if name in constant else f'k."{name}"'
    return f"CAST({value} AS {_JSON})" if isinstance(table.c[name].type, JSONB) else value


def source(columns: tuple[str, ...], constant: frozenset[str]) -> str:
    """What follows FROM: the arrays that are sent, as rows called `k`."""
    sent = [name for name in columns if name not in constant]
    given = ", ".join(f":{name}" for name in sent)
    names = ", ".join(f'"{name}"' for name in sent)
    return f"unnest({given}) AS k ({names})"


def _bound(table: Table, columns: tuple[str, ...], constant: frozenset[str], statement: str) -> TextClause:
    kinds = {name: _element(table, name) for name in columns}
    return text(statement).bindparams(
        *(bindparam(name, type_=kind if name in constant else ARRAY(kind)) for name, kind in kinds.items())
    )


def _element(table: Table, name: str) -> TypeEngine[Any]:
    kind = table.c[name].type
    if isinstance(kind, JSONB):
        return String()
    return LargeBinary() if isinstance(kind, LargeBinary) else kind
