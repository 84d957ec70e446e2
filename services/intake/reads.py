"""Who opened what of a case: SQL of the record, and how it is told to those who audit."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Subquery,
    Table,
    Uuid,
    and_,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Part
from libraries.clocks.check_wording import purpose_of
from libraries.clocks.wording import office_if_any
from libraries.deadlines import Calendar
from libraries.policies import Policy
from libraries.runtime.audit.writing import note_read
from libraries.runtime.database.ranges import Ranges, inside
from libraries.runtime.web.auth import Principal
from services.intake.tables import applicant_reads, attachment_reads, cases, summary_reads

TABLES: Final = (applicant_reads, summary_reads, attachment_reads)
MOST: Final = 1000
"""As many are told, the latest first."""


class ReadView(msgspec.Struct, frozen=True, kw_only=True):
    """One time that somebody opened a part of a case."""

    read_at: datetime
    part: Part
    part_zh: str
    part_en: str
    subject: str
    """Who, as the token names it."""
    role: str
    office: str | None
    office_zh: str | None
    office_en: str | None
    purpose: str
    """A code of the policy; empty for the summary and for attachments."""
    purpose_zh: str
    purpose_en: str
    attachment_id: UUID | None
    """Which one, if it was one."""


class ReadOfCase(ReadView, frozen=True, kw_only=True):
    """The same in a list of several cases."""

    number: str
    """Of the case."""


async def save_applicant_read(
    conn: AsyncConnection, case_id: UUID, *, at: datetime, user: Principal, purpose: str
) -> None:
    await note_read(conn, Part.APPLICANT.value, case_id=case_id, purpose=purpose)
    await conn.execute(insert(applicant_reads).values(case_id=case_id, read_at=at, purpose=purpose, **_who(user)))


async def save_question_read(
    conn: AsyncConnection, case_id: UUID, check_id: UUID, *, at: datetime, user: Principal
) -> None:
    """Of what a window asks another office about the applicant."""
    await note_read(conn, "question", case_id=case_id, about=check_id)
    read = {"case_id": case_id, "read_at": at, "part": Part.CHECK_ANSWERS.value, **_who(user)}
    await conn.execute(insert(applicant_reads).values(**read))


async def save_summary_read(
    conn: AsyncConnection, case_id: UUID, *, at: datetime, user: Principal, calendar: Calendar
) -> None:
    """Once a day for each reader: a page opens the summary whenever it is looked at. The audit has each time."""
    await note_read(conn, Part.SUMMARY.value, case_id=case_id)
    await _once_a_day(conn, summary_reads, {"case_id": case_id, **_who(user)}, at, calendar)


async def save_attachment_read(
    conn: AsyncConnection, case_id: UUID, attachment_id: UUID, *, at: datetime, user: Principal, calendar: Calendar
) -> None:
    """Once a day for each reader, too: a page shows thumbnails whenever it is looked at."""
    await note_read(conn, Part.ATTACHMENTS.value, case_id=case_id, about=attachment_id)
    read = {"case_id": case_id, "attachment_id": attachment_id, **_who(user)}
    await _once_a_day(conn, attachment_reads, read, at, calendar)


async def _once_a_day(
    conn: AsyncConnection, table: Table, read: Mapping[str, Any], at: datetime, calendar: Calendar
) -> None:
    s, values = table.c, {"read_at": at, **read}
    begins, ends = _bounds(calendar.date_of(at), calendar)
    same = [s[name].is_not_distinct_from(value) for name, value in read.items()]
    noted = select(s.id).where(*same, s.read_at >= begins, s.read_at < ends)
    row = select(*(literal(value, s[name].type) for name, value in values.items())).where(~noted.exists())
    await conn.execute(insert(table).from_select(list(values), row))


def _who(user: Principal) -> dict[str, str | None]:
    return {"subject": user.subject, "role": user.role.value, "office": user.office}


async def list_reads(conn: AsyncConnection, case_id: UUID, policy: Policy) -> list[ReadView]:
    """The latest first."""
    both = _all(*(table.c.case_id == case_id for table in TABLES))
    found = await conn.execute(select(both).order_by(both.c.read_at.desc()).limit(MOST))
    return [ReadView(**_told(row, policy)) for row in found]


async def list_reads_within(
    conn: AsyncConnection, ranges: Ranges | None, day: date | None, policy: Policy
) -> list[ReadOfCase]:
    """Of cases in the area and of those that a window there took; the latest first, of one day or of all."""
    bounds: list[ColumnElement[bool]] = []
    if day is not None:
        begins, ends = _bounds(day, policy.calendar)
        bounds = [and_(one.c.read_at >= begins, one.c.read_at < ends) for one in TABLES]
    both = _all(*bounds)
    there = or_(inside(cases.c.area, ranges), inside(cases.c.first_contact_area, ranges))
    wanted = select(both, cases.c.number).join(cases, cases.c.case_id == both.c.case_id).where(there)
    found = await conn.execute(wanted.order_by(both.c.read_at.desc()).limit(MOST))
    return [ReadOfCase(number=row.number, **_told(row, policy)) for row in found]


def _bounds(day: date, calendar: Calendar) -> tuple[datetime, datetime]:
    """From when to when it is that day; where clocks are put forward it is no 24 hours."""
    return calendar.midnight(day.toordinal()), calendar.midnight(day.toordinal() + 1)


def _all(*of: ColumnElement[bool]) -> Subquery:
    """Openings of all kinds; each may be bounded."""
    parts = zip(TABLES, (Part.APPLICANT, Part.SUMMARY, Part.ATTACHMENTS), of or (true(),) * len(TABLES), strict=True)
    return union_all(
        *(
            select(
                *(table.c[name] for name in ("case_id", "read_at", "subject", "role", "office")),
                table.c.purpose if "purpose" in table.c else literal("").label("purpose"),
                (table.c.part if "part" in table.c else literal(part.value)).label("part"),
                (table.c.attachment_id if "attachment_id" in table.c else null().cast(Uuid)).label("attachment_id"),
            ).where(bound)
            for table, part, bound in parts
        )
    ).subquery()


def _told(row: Any, policy: Policy) -> dict[str, Any]:
    part = Part(row.part)
    office_zh, office_en = office_if_any(policy, row.office)
    purpose_zh, purpose_en = purpose_of(policy, row.purpose)
    return {
        "read_at": row.read_at,
        "part": part,
        "part_zh": part.zh,
        "part_en": part.en,
        "subject": row.subject,
        "role": row.role,
        "office": row.office,
        "office_zh": office_zh,
        "office_en": office_en,
        "purpose": row.purpose,
        "purpose_zh": purpose_zh,
        "purpose_en": purpose_en,
        "attachment_id": row.attachment_id,
    }
