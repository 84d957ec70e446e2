"""Intake's SQL: the open connection first, domain values out. Callers own the transaction."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Date, Integer, Select, String, bindparam, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Relation
from contracts.events import EVENTS, CaseBound
from contracts.events.base import VERSION
from libraries.clocks.clock import LegalClock
from libraries.clocks.rows import CLOCK_COLUMNS, clock_of, clock_row, in_order
from libraries.compact import whole
from libraries.policies import Policy
from libraries.runtime.database.bulk import among, among_pairs, insert_rows, update_rows
from libraries.runtime.database.held import Held
from libraries.runtime.database.ranges import Ranges, inside
from services.intake import rows
from services.intake.domain.case import Case
from services.intake.domain.numbers import id_or_number
from services.intake.tables import cases, clocks, office_relations, timeline

Line = tuple[UUID, datetime, str, str, bytes]
"""Case, moment, type, who, and the event of an entry in the timeline in its stored form."""

_CLOCKS: Final = (
    select(func.jsonb_agg(clocks.c.clock)).where(clocks.c.case_id == cases.c.case_id).scalar_subquery().label("ticking")
)
_OVER_EARLIER: Final = "ON CONFLICT (clock_id) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in CLOCK_COLUMNS[1:]
)
_SERIALS = text(
    """
    INSERT INTO case_serials AS s (county, day, last)
    SELECT k.county, k.day, k.count FROM unnest(:counties, :days, :counts) AS k (county, day, count)
    ORDER BY k.county, k.day
    ON CONFLICT (county, day) DO UPDATE SET last = s.last + excluded.last
    RETURNING county, day, last
    """
).bindparams(
    bindparam("counties", type_=ARRAY(String)),
    bindparam("days", type_=ARRAY(Date)),
    bindparam("counts", type_=ARRAY(Integer)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What is stored of a person: nothing readable."""

    wrapped_key: bytes
    applicant: bytes
    summary: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases a list holds."""

    scope: Ranges | None
    """The caller's own area: cases there, and those that a window there took. `None` for everywhere."""
    offices: Sequence[str]
    """Codes of the caller's office: cases that it took, has or had."""
    offices_alone: bool
    """Of an officer, whose area gives nothing."""
    areas: Ranges | None
    """The area that is asked for."""
    equals: Mapping[str, str]
    """Columns with the value that they must have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    at: datetime
    type: str
    by: str
    data: dict[str, Any]

    @property
    def event(self) -> CaseBound | None:
        """As it was said; `None` for a type that this version does not know."""
        kind = EVENTS.get(f"yimen.{self.type}.v{VERSION}")
        return msgspec.convert(self.data, kind) if kind is not None and issubclass(kind, CaseBound) else None


async def find_submitted(conn: AsyncConnection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Case]:
    """Cases by (source, submission id)."""
    if not keys:
        return {}
    statement = select(cases).where(among_pairs(cases.c.source, cases.c.submission_id, keys))
    return {(case.source, case.submission_id): case for case in await _seen(conn, statement)}


async def take_serials(conn: AsyncConnection, wanted: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Reserve so many numbers per county and day; returns the last of each. The rows stay locked until the commit."""
    if not wanted:
        return {}
    days = {key: datetime.strptime(key[1], "%Y%m%d").date() for key in wanted}  # noqa: DTZ007 -- a civil day
    found = await conn.execute(
        _SERIALS,
        {
            "counties": [county for county, _ in wanted],
            "days": [days[key] for key in wanted],
            "counts": list(wanted.values()),
        },
    )
    return {(row.county, row.day.strftime("%Y%m%d")): row.last for row in found}


async def save_new(conn: AsyncConnection, new: Sequence[tuple[Case, Sealed]], policy: Policy) -> set[UUID]:
    """Insert; returns the cases that are new. One whose submission another transaction has just saved is left out."""
    if not new:
        return set()
    made = [
        [*rows.mutable(case), *rows.immutable(case, sealed.wrapped_key, sealed.applicant, sealed.summary)]
        for case, sealed in new
    ]
    conflict = "ON CONFLICT ON CONSTRAINT submission_makes_one_case DO NOTHING RETURNING case_id"
    saved = set(await insert_rows(conn, cases, (*rows.MUTABLE, *rows.IMMUTABLE), made, then=conflict))
    started = [clock_row(clock, case.id, policy) for case, _ in new if case.id in saved for clock in case.clocks]
    await insert_rows(conn, clocks, CLOCK_COLUMNS, started)
    return saved


async def find_ids(conn: AsyncConnection, keys: Iterable[str]) -> dict[str, UUID]:
    """Of the cases that these ids and numbers name, as far as they exist."""
    wanted = {key: id_or_number(key) for key in keys}
    by_id = [one for one in wanted.values() if isinstance(one, UUID)]
    by_number = [one for one in wanted.values() if isinstance(one, str)]
    columns = (cases.c.case_id, cases.c.number)
    found: dict[UUID | str, UUID] = {}
    for column, values in ((cases.c.case_id, by_id), (cases.c.number, by_number)):
        if values:
            for row in await conn.execute(select(*columns).where(among(column, values))):
                found |= {row.case_id: row.case_id, row.number: row.case_id}
    return {key: found[one] for key, one in wanted.items() if one is not None and one in found}


async def lock_cases(conn: AsyncConnection, ids: Iterable[UUID], held: Held = Held.AWAITED) -> dict[UUID, Case]:
    """The cases that exist, held until the commit. In the order of their ids, so that nobody waits in a ring."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    statement = select(cases).where(among(cases.c.case_id, wanted)).order_by(cases.c.case_id)
    statement = statement.with_for_update(skip_locked=held is Held.LEFT)
    return {case.id: case for case in await _held(conn, statement)}


async def save_changes(
    conn: AsyncConnection, before: Mapping[UUID, Case], after: Iterable[Case], policy: Policy
) -> None:
    """Write what differs from `before`. Clocks that have ended are kept by the timeline alone."""
    changed, moved, kept, ended = [], [], [], list[UUID]()
    for case in after:
        was = before[case.id]
        if case is was:
            continue
        changed.append(rows.mutable(case))
        if rows.place(case) != rows.place(was):
            moved.append(rows.place(case))
        known = {clock.id: clock for clock in was.clocks}
        kept += [clock_row(clock, case.id, policy) for clock in case.clocks if known.get(clock.id) is not clock]
        ended += known.keys() - {clock.id for clock in case.clocks}
    await update_rows(conn, cases, rows.MUTABLE, changed)
    await update_rows(conn, cases, rows.PLACE, moved)
    await insert_rows(conn, clocks, CLOCK_COLUMNS, kept, then=_OVER_EARLIER)
    if ended:
        await conn.execute(delete(clocks).where(among(clocks.c.clock_id, ended)))


async def find_case(conn: AsyncConnection, id_or_number: UUID | str) -> Case | None:
    column = cases.c.case_id if isinstance(id_or_number, UUID) else cases.c.number
    return next(iter(await _seen(conn, select(cases).where(column == id_or_number))), None)


async def find_cases(conn: AsyncConnection, ids: Iterable[UUID]) -> list[Case]:
    """To look at; the latest first."""
    wanted = list(ids)
    if not wanted:
        return []
    return await _seen(conn, select(cases).where(among(cases.c.case_id, wanted)).order_by(cases.c.case_id.desc()))


async def _held(conn: AsyncConnection, statement: Select[Any]) -> list[Case]:
    """Clocks are read by a statement of its own: it sees what was committed before the cases were ours."""
    found = (await conn.execute(statement)).mappings().all()
    if not found:
        return []
    ticking: dict[UUID, list[LegalClock]] = defaultdict(list)
    wanted = select(clocks.c.case_id, clocks.c.clock).where(among(clocks.c.case_id, [row["case_id"] for row in found]))
    for clock in (await conn.execute(wanted)).mappings():
        ticking[clock["case_id"]].append(clock_of(clock["clock"]))
    return [rows.case_of(row, in_order(ticking[row["case_id"]])) for row in found]


async def _seen(conn: AsyncConnection, statement: Select[Any]) -> list[Case]:
    """To look at, not to change: all at one moment."""
    found = (await conn.execute(statement.add_columns(_CLOCKS))).mappings()
    return [rows.case_of(row, in_order(map(clock_of, row["ticking"] or ()))) for row in found]


async def list_cases(conn: AsyncConnection, wanted: CaseFilter, *, after: UUID | None, limit: int) -> list[Case]:
    """Oldest first; ids are ordered by time."""
    statement = select(cases).order_by(cases.c.case_id).limit(limit)
    if wanted.scope is not None or wanted.offices_alone:
        statement = statement.where(or_(*_visible(wanted)))
    if wanted.areas is not None:
        statement = statement.where(inside(cases.c.area, wanted.areas))
    for name, value in wanted.equals.items():
        statement = statement.where(cases.c[name] == value)
    if after is not None:
        statement = statement.where(cases.c.case_id > after)
    return await _seen(conn, statement)


def _visible(wanted: CaseFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.scope is not None and not wanted.offices_alone:
        yield inside(cases.c.area, wanted.scope)
        yield inside(cases.c.first_contact_area, wanted.scope)
    if wanted.offices or wanted.offices_alone:
        had = select(office_relations.c.case_id).where(
            among(office_relations.c.office, wanted.offices), office_relations.c.relation != Relation.CHECKER.value
        )
        yield or_(among(cases.c.first_contact_office, wanted.offices), cases.c.case_id.in_(had))


async def get_sealed(conn: AsyncConnection, case_id: UUID) -> Sealed:
    columns = (cases.c.wrapped_key, cases.c.sealed_applicant, cases.c.sealed_summary)
    row = (await conn.execute(select(*columns).where(cases.c.case_id == case_id))).one()
    return Sealed(wrapped_key=row.wrapped_key, applicant=row.sealed_applicant, summary=row.sealed_summary)


async def get_wrapped_keys(conn: AsyncConnection, case_ids: Collection[UUID]) -> dict[UUID, bytes]:
    """Empty of a case that was erased."""
    wanted = select(cases.c.case_id, cases.c.wrapped_key).where(among(cases.c.case_id, sorted(case_ids)))
    return {row.case_id: row.wrapped_key for row in await conn.execute(wanted)}


async def save_timeline(conn: AsyncConnection, lines: Sequence[Line]) -> None:
    await insert_rows(conn, timeline, ("case_id", "at", "type", "by", "event"), lines)


async def get_versions(conn: AsyncConnection, case_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Of each case the last thing that stands in its story."""
    if not (wanted := sorted(set(case_ids))):
        return {}
    last = select(timeline.c.case_id, func.max(timeline.c.id)).where(among(timeline.c.case_id, wanted))
    return {row[0]: row[1] for row in await conn.execute(last.group_by(timeline.c.case_id))}


async def get_version(conn: AsyncConnection, case_id: UUID) -> int:
    return (await get_versions(conn, [case_id])).get(case_id, 0)


async def get_version_of(conn: AsyncConnection, key: str) -> int:
    """The same by the number or the id of a case."""
    try:
        case_id: UUID | None = UUID(key)
    except ValueError:
        case_id = await conn.scalar(select(cases.c.case_id).where(cases.c.number == key))
    return await get_version(conn, case_id) if case_id is not None else 0


async def list_types_since(conn: AsyncConnection, case_id: UUID, version: int) -> list[str]:
    """What stands in its story after that version, in order."""
    after = select(timeline.c.type).where(timeline.c.case_id == case_id, timeline.c.id > version)
    return list(await conn.scalars(after.order_by(timeline.c.id)))


async def list_timeline(conn: AsyncConnection, case_id: UUID) -> list[TimelineEntry]:
    found = await conn.execute(select(timeline).where(timeline.c.case_id == case_id).order_by(timeline.c.id))
    return [TimelineEntry(at=row.at, type=row.type, by=row.by, data=_said(row)) for row in found]


def _said(row: Any) -> dict[str, Any]:
    """Entries of before stand in a column of their own."""
    found: dict[str, Any] = row.data if row.event is None else msgspec.json.decode(whole(row.event))
    return found
