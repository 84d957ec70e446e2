"""The figures that people look at: what is open, late, silent, returned; who works how fast; which alerts were sent."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, String, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import codes
from contracts.codes import WIDE, AreaLevel, ClockKind, ClockStatus
from libraries.policies import Policy
from libraries.runtime.database.ranges import Ranges, bounds, text_inside

# One pass over the referrals of the area. Of clocks and answers only those are read that press, broke or are waited
# for: a small part of all, each with an index of its own.
_OVERVIEW: Final = """
    WITH pressing AS MATERIALIZED (
        SELECT t.referral_id,
               bool_or(t.status = 'due_soon' AND t.kind = ANY(:work)) AS soon,
               bool_or(t.status = 'breached' AND t.kind = ANY(:work)) AS late,
               bool_or(t.status = 'breached' AND t.kind = 'signing') AS silent
        FROM timers AS t
        WHERE t.status IN ('due_soon', 'breached') AND t.ended_at IS NULL AND t.referral_id IS NOT NULL
        GROUP BY t.referral_id
    ), broken AS MATERIALIZED (
        SELECT DISTINCT t.referral_id FROM timers AS t
        WHERE t.status = 'breached' AND t.kind = ANY(:work) AND t.referral_id IS NOT NULL
    ), waiting AS MATERIALIZED (
        -- What reached our edge so long ago and was neither taken nor refused: it is parked, or routing stands still.
        SELECT f.referral_id, f.office, count(*) AS parked FROM received_feedback AS f
        WHERE f.settled_at IS NULL AND f.received_at < :settled
        GROUP BY f.referral_id, f.office
    ), supervised AS MATERIALIZED (
        SELECT DISTINCT referral_id FROM escalations
        WHERE ended_at IS NULL AND level IN ('urged', 'supervised', 'listed') AND referral_id IS NOT NULL
    )
    SELECT r.field, r.office, r.area,
           count(*) AS dispatched,
           count(*) FILTER (WHERE r.ended_at IS NULL) AS open,
           count(*) FILTER (WHERE r.ended_at IS NULL AND p.soon) AS due_soon,
           count(*) FILTER (WHERE r.ended_at IS NULL AND p.late) AS late,
           count(*) FILTER (WHERE r.ended_at IS NULL AND p.silent) AS silent,
           count(*) FILTER (WHERE r.ended_at IS NULL AND s.referral_id IS NOT NULL) AS supervised,
           count(*) FILTER (WHERE r.returns > 0) AS returned,
           count(*) FILTER (WHERE r.state = 'on_hold') AS on_hold,
           count(*) FILTER (WHERE r.state = 'completed') AS completed,
           count(*) FILTER (WHERE r.state = 'completed' AND b.referral_id IS NULL) AS on_time,
           coalesce(sum(w.parked), 0)::int AS parked
    FROM referral_status AS r
    LEFT JOIN pressing AS p USING (referral_id)
    LEFT JOIN broken AS b USING (referral_id)
    LEFT JOIN supervised AS s USING (referral_id)
    LEFT JOIN waiting AS w ON w.referral_id = r.referral_id AND w.office = r.office
    WHERE r.role <> 'info' AND {inside} AND (:office = '' OR r.office = :office)
    GROUP BY GROUPING SETS ((), (r.field), (r.office), (r.area))
    ORDER BY late DESC, silent DESC, open DESC, 1, 2, 3
    """
_CASES: Final = """
    SELECT state, count(*) AS number FROM cases
    WHERE {inside}
      AND (:office = '' OR case_id IN (SELECT r.case_id FROM referral_status AS r WHERE r.office = :office))
    GROUP BY state
    """
_PARKED: Final = text("SELECT count(*) FROM parked_records WHERE state = 'parked'")
_PERFORMANCE: Final = text(
    """
    SELECT count(*) AS dispatched,
           count(*) FILTER (WHERE r.ended_at IS NULL) AS open,
           count(*) FILTER (WHERE r.returns > 0) AS returned,
           count(*) FILTER (WHERE r.state = 'completed') AS completed,
           count(*) FILTER (WHERE r.state = 'completed' AND NOT t.came_late) AS judged,
           count(*) FILTER (WHERE r.state = 'completed' AND NOT t.late AND NOT t.came_late) AS on_time,
           count(*) FILTER (
               WHERE t.late AND NOT t.came_late AND r.state NOT IN ('returned', 'return_requested')
           ) AS late,
           count(*) FILTER (WHERE t.came_late) AS came_late,
           count(*) FILTER (WHERE t.unsigned) AS signed_late,
           count(*) FILTER (WHERE t.again) AS reworked,
           count(*) FILTER (WHERE r.role = 'lead' AND r.state = 'completed' AND c.satisfied IS NOT NULL) AS asked,
           count(*) FILTER (WHERE r.role = 'lead' AND r.state = 'completed' AND c.satisfied) AS satisfied,
           count(s.referral_id) AS supervised,
           percentile_cont(0.5) WITHIN GROUP (
               ORDER BY extract(epoch FROM r.ended_at - r.dispatched_at) / 86400
           ) FILTER (WHERE r.state = 'completed') AS median_days
    FROM referral_status AS r
    CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(t.status = 'breached' AND t.kind = ANY(:work)), false) AS late,
               -- The limit had broken elsewhere before the office got the case: it is not judged by that.
               coalesce(
                   bool_or(t.status = 'breached' AND t.kind = ANY(:work) AND t.due_at < r.dispatched_at), false
               ) AS came_late,
               coalesce(bool_or(t.status = 'breached' AND t.kind = 'signing'), false) AS unsigned,
               -- The office had to do it again; a review (复查、复核) is a later round too, and another office's first.
               coalesce(bool_or(t.kind = 'rework'), false) AS again
        FROM timers AS t WHERE t.referral_id = r.referral_id
    ) AS t
    LEFT JOIN (
        SELECT DISTINCT referral_id FROM escalations
        WHERE office = :office AND level IN ('urged', 'supervised', 'listed') AND referral_id IS NOT NULL
    ) AS s USING (referral_id)
    LEFT JOIN cases AS c USING (case_id)
    WHERE r.role NOT IN ('info', 'check') AND r.office = :office
    """
)
_UNSETTLED: Final = """EXISTS (
    SELECT FROM timers AS t
    WHERE t.clock_id = a.clock_id AND t.provisional AND t.due_at = a.due_at AND t.ended_at IS NULL
)"""
# Below the oldest running transaction nothing can still appear: a late commit is never passed over.
_ALERTS: Final = f"""
    SELECT a.*, c.number, {_UNSETTLED} AS provisional FROM (
        SELECT * FROM alerts
        WHERE (xid, place) > (:xid, :place) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
          AND (:office = '' OR office = :office) AND {{inside}}
        ORDER BY xid, place LIMIT :limit
    ) AS a LEFT JOIN cases AS c USING (case_id) ORDER BY a.xid, a.place
    """
_LATEST_ALERTS: Final = f"""
    SELECT a.*, c.number, {_UNSETTLED} AS provisional FROM (
        SELECT * FROM alerts
        WHERE xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
          AND (:office = '' OR office = :office) AND {{inside}}
        ORDER BY xid DESC, place DESC LIMIT :limit
    ) AS a LEFT JOIN cases AS c USING (case_id) ORDER BY a.xid, a.place
    """
_TIMERS: Final = """
    SELECT t.*, c.number FROM timers AS t LEFT JOIN cases AS c USING (case_id)
    WHERE t.ended_at IS NULL AND t.due_at IS NOT NULL AND (t.due_at, t.clock_id) > (:after_due, :after_id)
      AND (:office = '' OR t.office = :office) AND {inside}
      AND (:kind = '' OR t.kind = :kind) AND (:status = '' OR t.status = :status) AND t.due_at < :due_before
      AND (:figure = '' OR t.referral_id IS NOT NULL AND t.kind = ANY(:kinds) AND t.status = :figure_status)
    ORDER BY t.due_at, t.clock_id LIMIT :limit
    """
KINDS: Final = bindparam("kinds", type_=ARRAY(String))
WORK: Final = sorted(kind.value for kind in codes.WORK)
COUNTED: Final = MappingProxyType(
    {
        "due_soon": (WORK, ClockStatus.DUE_SOON),
        "late": (WORK, ClockStatus.BREACHED),
        "silent": ([ClockKind.SIGNING.value], ClockStatus.BREACHED),
    }
)
"""The open clocks that stand behind a figure of the overview."""
RATES: Final = {
    "on_time": "judged",
    "returned": "dispatched",
    "reworked": "dispatched",
    "satisfied": "asked",
    "supervised": "dispatched",
}
"""What is counted, and of what it is a share."""
PRESSING: Final = ("late", "silent", "open")
"""What comes first in a list."""
FIGURES: Final = (
    "dispatched",
    "open",
    "due_soon",
    "late",
    "silent",
    "supervised",
    "returned",
    "on_hold",
    "completed",
    "on_time",
    "parked",
)


Names = Mapping[str, tuple[str, str]]
"""Of offices, by code: Chinese and English."""


def name_of(office: str, names: Names, language: Literal["zh", "en"]) -> str:
    """The code of an office that the policy does not know; of nobody, nothing."""
    zh, en = names.get(office, (office, office))
    return en if language == "en" else zh


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """`cursor` is where reading goes on after it."""

    cursor: str
    event_id: UUID
    type: str
    case_id: UUID
    number: str | None
    """Of the case; `null` if its registration was not read yet."""
    referral_id: UUID | None
    clock_id: UUID
    kind: str
    kind_zh: str
    kind_en: str
    version: int
    office: str
    office_zh: str
    office_en: str
    area: str
    due_at: datetime
    fired_at: datetime
    level: str
    """Which of several warnings, or `last_day`."""
    late_seconds: int
    """From the moment that it belongs to until it was sent."""
    recipients: list[str]
    provisional: bool
    """The clock runs, and a notice of holidays may still move `due_at`."""


class TimerView(msgspec.Struct, frozen=True, kw_only=True):
    clock_id: UUID
    case_id: UUID
    number: str | None
    referral_id: UUID | None
    kind: str
    kind_zh: str
    kind_en: str
    office: str
    office_zh: str
    office_en: str
    area: str
    version: int
    status: str
    status_zh: str
    status_en: str
    started_at: datetime
    due_soon_at: datetime | None
    due_at: datetime
    provisional: bool


async def get_overview(
    conn: AsyncConnection, *, area: str, office: str, settled: datetime, policy: Policy
) -> dict[str, list[dict[str, Any]]]:
    """Totals, and the same by field, office and part of the area.

    Answers that came before `settled` and of which routing has said nothing count as parked.
    """
    areas = policy.ranges_within(area)
    values = {**bounds(areas), "office": office, "work": WORK, "settled": settled}
    found: dict[str, list[dict[str, Any]]] = {"total": [], "by_field": [], "by_office": []}
    parts: dict[str, Counter[str]] = {}
    for row in (await conn.execute(text_inside(_OVERVIEW, "r.area", areas), values)).mappings():
        figures = {name: row[name] for name in FIGURES}
        if row["field"] is not None:
            found["by_field"].append({"field": row["field"], **figures})
        elif row["office"] is not None:
            found["by_office"].append({"office": row["office"], **figures})
        elif row["area"] is not None:
            parts.setdefault(_part(row["area"], area, policy), Counter()).update(figures)
        else:
            found["total"].append(figures)
    ordered = sorted(parts.items(), key=lambda part: (*(-part[1][name] for name in PRESSING), part[0]))
    found["by_area"] = [{"area": part, **{name: figures[name] for name in FIGURES}} for part, figures in ordered]
    cases = await conn.execute(text_inside(_CASES, "area", areas), {**bounds(areas), "office": office})
    found["cases"] = [dict(row) for row in cases.mappings()]
    return found


def _part(code: str, area: str, policy: Policy) -> str:
    """Where a code is counted: in a part of the area; in its county for what is larger than that."""
    whole = policy.tree.place(area) if area else None
    if whole is not None and whole.level not in WIDE:
        return policy.tree.part_of(code, whole.code)
    lines = list(policy.upwards(code))
    county = next((above.code for above in lines if above.level is AreaLevel.COUNTY), None)
    return county or (lines[0].code if lines else code)


async def count_dead_letters(conn: AsyncConnection) -> int:
    """Notify's own dead letters that wait."""
    return int(await conn.scalar(_PARKED) or 0)


async def get_performance(conn: AsyncConnection, office: str) -> dict[str, Any]:
    """Counts, and the shares by which an office is judged; a share of nothing is `None`."""
    row = (await conn.execute(_PERFORMANCE, {"office": office, "work": WORK})).mappings().one()
    rates = {name: round(row[name] / row[whole], 4) if row[whole] else None for name, whole in RATES.items()}
    median = float(row["median_days"]) if row["median_days"] is not None else None
    return {**row, "median_days": median, "rates": rates}


async def list_alerts(
    conn: AsyncConnection,
    *,
    after: str | None,
    office: str,
    areas: Ranges | None,
    limit: int,
    names: Names,
) -> Sequence[AlertView]:
    """In the order in which they were sent; without a cursor the latest."""
    values: dict[str, Any] = {"office": office, **bounds(areas), "limit": limit}
    if after is None:
        found = await conn.execute(text_inside(_LATEST_ALERTS, "area", areas), values)
    else:
        xid, place = read_cursor(after)
        found = await conn.execute(text_inside(_ALERTS, "area", areas), values | {"xid": xid, "place": place})
    return [_alert(row, names) for row in found.mappings()]


def read_cursor(cursor: str) -> tuple[int, int]:
    """Raises `ValueError` for what is none of ours."""
    xid, _, place = cursor.partition("-")
    found = int(xid), int(place)
    if not (0 <= found[0] < 2**63 and 0 <= found[1] < 2**31):
        raise ValueError("out of range")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFilter:
    """Which open clocks are asked for; what is empty is not asked for."""

    office: str = ""
    areas: Ranges | None = None
    kind: str = ""
    status: str = ""
    figure: str = ""
    due_before: datetime


async def list_timers(
    conn: AsyncConnection, wanted: ClockFilter, *, after: tuple[datetime, UUID], limit: int, names: Names
) -> list[TimerView]:
    """Open clocks, the most pressing first."""
    kinds, status = COUNTED.get(wanted.figure, ([], ""))
    values = {
        "figure": wanted.figure,
        "kinds": kinds,
        "figure_status": str(status),
        "office": wanted.office,
        **bounds(wanted.areas),
        "kind": wanted.kind,
        "status": wanted.status,
        "due_before": wanted.due_before,
        "after_due": after[0],
        "after_id": after[1],
        "limit": limit,
    }
    found = await conn.execute(text_inside(_TIMERS, "t.area", wanted.areas).bindparams(KINDS), values)
    return [_timer(row, names) for row in found.mappings()]


def _alert(row: RowMapping, names: Names) -> AlertView:
    return AlertView(
        cursor=f"{row['xid']}-{row['place']}",
        event_id=row["event_id"],
        type=row["type"],
        case_id=row["case_id"],
        number=row["number"],
        referral_id=row["referral_id"],
        clock_id=row["clock_id"],
        kind=row["kind"],
        kind_zh=ClockKind(row["kind"]).zh,
        kind_en=ClockKind(row["kind"]).en,
        version=row["version"],
        office=row["office"],
        office_zh=name_of(row["office"], names, "zh"),
        office_en=name_of(row["office"], names, "en"),
        area=row["area"],
        due_at=row["due_at"],
        fired_at=row["fired_at"],
        level=row["level"],
        late_seconds=row["late_seconds"],
        recipients=row["recipients"],
        provisional=row["provisional"],
    )


def _timer(row: RowMapping, names: Names) -> TimerView:
    return TimerView(
        clock_id=row["clock_id"],
        case_id=row["case_id"],
        number=row["number"],
        referral_id=row["referral_id"],
        kind=row["kind"],
        kind_zh=ClockKind(row["kind"]).zh,
        kind_en=ClockKind(row["kind"]).en,
        office=row["office"],
        office_zh=name_of(row["office"], names, "zh"),
        office_en=name_of(row["office"], names, "en"),
        area=row["area"],
        version=row["version"],
        status=row["status"],
        status_zh=ClockStatus(row["status"]).zh,
        status_en=ClockStatus(row["status"]).en,
        started_at=row["started_at"],
        due_soon_at=row["due_soon_at"],
        due_at=row["due_at"],
        provisional=row["provisional"],
    )
