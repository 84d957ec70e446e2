"""What a coordinator sees of escalations: what is urged, supervised or listed, who holds it, and who was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import String

from contracts.codes import ClockKind, SupervisionLevel
from libraries.deadlines import Calendar
from libraries.runtime.database.ranges import Ranges, bounds, text_inside
from services.notify.domain.escalation import BREACH_LEVELS
from services.notify.figures.queries import Names, name_of

OPEN: Final = "s.ended_at IS NULL AND s.level <> 'none'"
_LIST: Final = f"""
    SELECT s.*, c.number, coalesce(w.provisional AND w.due_at = s.due_at, false) AS provisional
    FROM escalations AS s LEFT JOIN cases AS c USING (case_id) LEFT JOIN timers AS w USING (clock_id)
    WHERE {OPEN} AND (s.due_at, s.clock_id) > (:after_due, :after_id)
      AND s.level = ANY(:levels) AND {{inside}} AND (:office = '' OR s.office = :office)
    ORDER BY s.due_at, s.clock_id LIMIT :limit
    """
_COUNT: Final = f"""
    SELECT s.level, count(*) AS number FROM escalations AS s
    WHERE {OPEN} AND {{inside}} AND (:office = '' OR s.office = :office) GROUP BY s.level
    """


class EscalationView(msgspec.Struct, frozen=True, kw_only=True):
    clock_id: UUID
    case_id: UUID
    number: str | None
    referral_id: UUID | None
    kind: str
    kind_zh: str
    kind_en: str
    office: str
    """Who holds it; empty if nobody does."""
    office_zh: str
    office_en: str
    area: str
    level: str
    level_zh: str
    level_en: str
    version: int
    reached_at: datetime
    told: list[str]
    """Offices that heard of this level, by code."""
    told_zh: list[str]
    told_en: list[str]
    due_at: datetime
    late_seconds: int
    """Behind the limit; zero while it is only the last day."""
    paused: bool
    next_level: str | None
    next_level_zh: str | None
    next_level_en: str | None
    next_at: datetime | None
    provisional: bool
    """A notice of holidays may still move `due_at`."""
    next_provisional: bool
    """A notice of holidays may still move `next_at`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewContext:
    """What a row is shown with."""

    now: datetime
    names: Names
    calendar: Calendar


async def list_escalations(
    conn: AsyncConnection,
    *,
    areas: Ranges | None,
    office: str,
    level: SupervisionLevel | None,
    after: tuple[datetime, UUID],
    limit: int,
    context: ViewContext,
) -> Sequence[EscalationView]:
    """The longest late first. Without a level those above the breach."""
    values = {
        **bounds(areas),
        "office": office,
        "levels": [level.value] if level is not None else [one.value for one in BREACH_LEVELS],
        "after_due": after[0],
        "after_id": after[1],
        "limit": limit,
    }
    listed = text_inside(_LIST, "s.area", areas).bindparams(bindparam("levels", type_=ARRAY(String)))
    return [_view(row, context) for row in (await conn.execute(listed, values)).mappings()]


async def count_escalations(conn: AsyncConnection, *, areas: Ranges | None, office: str) -> dict[str, int]:
    """How many open ones stand on each level, also of clocks that no referral has."""
    counted = dict.fromkeys(("reminded", *(level.value for level in BREACH_LEVELS)), 0)
    found = await conn.execute(text_inside(_COUNT, "s.area", areas), {**bounds(areas), "office": office})
    return counted | {row["level"]: row["number"] for row in found.mappings()}


def _view(row: RowMapping, context: ViewContext) -> EscalationView:
    notified: list[str] = row["notified"]
    following: Any = row["next_level"]
    return EscalationView(
        clock_id=row["clock_id"],
        case_id=row["case_id"],
        number=row["number"],
        referral_id=row["referral_id"],
        kind=row["kind"],
        kind_zh=ClockKind(row["kind"]).zh,
        kind_en=ClockKind(row["kind"]).en,
        office=row["office"],
        office_zh=name_of(row["office"], context.names, "zh"),
        office_en=name_of(row["office"], context.names, "en"),
        area=row["area"],
        level=row["level"],
        level_zh=SupervisionLevel(row["level"]).zh,
        level_en=SupervisionLevel(row["level"]).en,
        version=row["version"],
        reached_at=row["reached_at"],
        told=notified,
        told_zh=[name_of(code, context.names, "zh") for code in notified],
        told_en=[name_of(code, context.names, "en") for code in notified],
        due_at=row["due_at"],
        late_seconds=max(0, int((context.now - row["due_at"]).total_seconds())),
        paused=row["paused_at"] is not None,
        next_level=following,
        next_level_zh=SupervisionLevel(following).zh if following is not None else None,
        next_level_en=SupervisionLevel(following).en if following is not None else None,
        next_at=row["next_at"],
        provisional=row["provisional"],
        # People are told on working days, whatever the unit of the level.
        next_provisional=row["next_at"] is not None
        and context.calendar.date_of(row["next_at"]) > context.calendar.settled_through,
    )
