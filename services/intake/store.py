"""Intake's SQL: the open connection first, domain values out. Callers own the transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Integer, RowMapping, String, bindparam, insert, select, text, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import CaseState, SubmissionChannel
from services.intake.domain.case import Case
from services.intake.tables import applicant_reads, cases, timeline

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
class TimelineEntry:
    at: datetime
    type: str
    data: dict[str, Any]


async def find_submitted(conn: AsyncConnection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Case]:
    """Cases by (source, submission id)."""
    if not keys:
        return {}
    found = await conn.execute(select(cases).where(tuple_(cases.c.source, cases.c.submission_id).in_(keys)))
    return {(case.source, case.submission_id): case for case in map(_case, found.mappings())}


async def take_serials(conn: AsyncConnection, wanted: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Reserve so many numbers per county and day; returns the last of each. The rows stay locked until the commit."""
    if not wanted:
        return {}
    days = {key: datetime.strptime(key[1], "%Y%m%d").date() for key in wanted}  # noqa: DTZ007 - a civil day
    rows = await conn.execute(
        _SERIALS,
        {
            "counties": [county for county, _ in wanted],
            "days": [days[key] for key in wanted],
            "counts": list(wanted.values()),
        },
    )
    return {(row.county, row.day.strftime("%Y%m%d")): row.last for row in rows}


async def save_new(conn: AsyncConnection, new: Sequence[tuple[Case, Sealed]]) -> set[UUID]:
    """Insert; returns the cases that are new. One whose submission another transaction has just saved is left out."""
    if not new:
        return set()
    rows = [_row(case, sealed) for case, sealed in new]
    statement = upsert(cases).on_conflict_do_nothing(constraint="submission_makes_one_case").returning(cases.c.case_id)
    return set((await conn.execute(statement, rows)).scalars())


async def find_case(conn: AsyncConnection, id_or_number: UUID | str) -> Case | None:
    column = cases.c.case_id if isinstance(id_or_number, UUID) else cases.c.number
    row = (await conn.execute(select(cases).where(column == id_or_number))).mappings().one_or_none()
    return _case(row) if row is not None else None


async def list_cases(conn: AsyncConnection, *, subtree: str, after: UUID | None, limit: int) -> list[Case]:
    """Cases of an area and below, oldest first; ids are ordered by time."""
    statement = select(cases).where(cases.c.area.startswith(subtree)).order_by(cases.c.case_id).limit(limit)
    if after is not None:
        statement = statement.where(cases.c.case_id > after)
    return [_case(row) for row in (await conn.execute(statement)).mappings()]


async def get_sealed(conn: AsyncConnection, case_id: UUID) -> Sealed:
    columns = (cases.c.wrapped_key, cases.c.sealed_applicant, cases.c.sealed_summary)
    row = (await conn.execute(select(*columns).where(cases.c.case_id == case_id))).one()
    return Sealed(wrapped_key=row.wrapped_key, applicant=row.sealed_applicant, summary=row.sealed_summary)


async def save_read(conn: AsyncConnection, case_id: UUID, *, at: datetime, subject: str, role: str) -> None:
    """Put on record who looked at the applicant."""
    await conn.execute(insert(applicant_reads).values(case_id=case_id, read_at=at, subject=subject, role=role))


async def save_timeline(conn: AsyncConnection, entries: Sequence[Mapping[str, Any]]) -> None:
    if entries:
        await conn.execute(insert(timeline), list(entries))


async def list_timeline(conn: AsyncConnection, case_id: UUID) -> list[TimelineEntry]:
    found = await conn.execute(select(timeline).where(timeline.c.case_id == case_id).order_by(timeline.c.id))
    return [TimelineEntry(at=row.at, type=row.type, data=row.data) for row in found]


def _row(case: Case, sealed: Sealed) -> dict[str, Any]:
    return {
        "case_id": case.id,
        "number": case.number,
        "source": case.source,
        "submission_id": case.submission_id,
        "fingerprint": case.fingerprint,
        "state": case.state.value,
        "category": case.category,
        "area": case.area,
        "channel": case.channel.value,
        "attributes": case.attributes,
        "missing": list(case.missing),
        "first_contact_office": case.first_contact_office,
        "first_contact_officer": case.first_contact_officer,
        "received_at": case.received_at,
        "registered_at": case.registered_at,
        "accepted_at": case.accepted_at,
        "wrapped_key": sealed.wrapped_key,
        "sealed_applicant": sealed.applicant,
        "sealed_summary": sealed.summary,
    }


def _case(row: RowMapping) -> Case:
    return Case(
        id=row["case_id"],
        number=row["number"],
        source=row["source"],
        submission_id=row["submission_id"],
        fingerprint=row["fingerprint"],
        state=CaseState(row["state"]),
        category=row["category"],
        area=row["area"],
        channel=SubmissionChannel(row["channel"]),
        attributes=row["attributes"],
        missing=tuple(row["missing"]),
        first_contact_office=row["first_contact_office"],
        first_contact_officer=row["first_contact_officer"],
        received_at=row["received_at"],
        registered_at=row["registered_at"],
        accepted_at=row["accepted_at"],
    )
