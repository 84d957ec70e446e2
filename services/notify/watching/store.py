"""SQL of timers, referrals, cases and alerts: the open connection first, domain values out.

Callers own the transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Boolean, DateTime, String, Uuid, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import CaseState, Field
from contracts.events.cases import CaseReclassified, CaseReviewRequested
from contracts.events.referrals import RoutingReclassified
from libraries.runtime.database.bulk import among, insert_rows, update_rows
from services.notify.domain.referral_status import ReferralStatus
from services.notify.domain.timers import Timer
from services.notify.tables import alerts, cases, lead_steps, referral_status, refused_feedback, timers
from services.notify.watching import rows
from services.notify.watching.rows import TIMER

Reclassified = CaseReclassified | CaseReviewRequested | RoutingReclassified

_LOCK_TIMERS: Final = text(
    f"""
    SELECT json_agg({TIMER})::text FROM (
        SELECT * FROM timers
        WHERE clock_id = ANY(:ids) OR case_id = ANY(:cases) AND referral_id IS NULL AND ended_at IS NULL
        ORDER BY clock_id FOR UPDATE
    ) AS w
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid)), bindparam("cases", type_=ARRAY(Uuid)))
_STEPS: Final = text(
    "SELECT case_id, json_object_agg(step, at)::text AS steps FROM lead_steps WHERE case_id = ANY(:ids) GROUP BY 1"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_NOTE: Final = text(
    """
    INSERT INTO consumer_progress AS r (reader, process, read_until, seen_at)
    VALUES (:reader, :process, coalesce(:until, '-infinity'::timestamptz), :seen)
    ON CONFLICT (reader, process)
    DO UPDATE SET read_until = greatest(r.read_until, excluded.read_until), seen_at = excluded.seen_at
    """
).bindparams(bindparam("until", type_=DateTime(timezone=True)))
_NOTE_UNREAD: Final = text(
    """
    INSERT INTO consumer_progress AS r (reader, process, read_until, seen_at)
    VALUES (:reader, :process, '-infinity', :seen)
    ON CONFLICT (reader, process) DO UPDATE SET read_until = excluded.read_until, seen_at = excluded.seen_at
    """
)
# Cases and referrals are read from two topics, in any order between them: a dispatch moves a case however little is
# known yet of the way to its acceptance, and what is then read of that way does not take it back.
_STATES: Final = text(
    """
    UPDATE cases AS c
    SET state = k.state,
        changed_at = CASE WHEN c.state = k.state THEN c.changed_at ELSE k.at END,
        satisfied = coalesce(k.satisfied, c.satisfied)
    FROM unnest(:case_ids, :states, :moments, :dispatched, :satisfied) AS k (case_id, state, at, dispatched, satisfied)
    WHERE c.case_id = k.case_id
      AND (
          c.state IN ('registered', 'awaiting_supplement', 'accepted')
          OR NOT k.dispatched AND k.state NOT IN ('registered', 'awaiting_supplement', 'accepted')
      )
    """
).bindparams(
    bindparam("case_ids", type_=ARRAY(Uuid)),
    bindparam("states", type_=ARRAY(String)),
    bindparam("moments", type_=ARRAY(DateTime(timezone=True))),
    bindparam("dispatched", type_=ARRAY(Boolean)),
    bindparam("satisfied", type_=ARRAY(Boolean)),
)
CASE_COLUMNS: Final = (
    "case_id",
    "number",
    "area",
    "category",
    "field",
    "state",
    "registered_at",
    "changed_at",
    "source",
    "first_contact_office",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedFeedback:
    """Feedback that routing did not take."""

    office: str
    feedback_id: str
    case_id: UUID
    referral_id: UUID
    action: str
    code: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case that was registered."""

    case_id: UUID
    number: str
    area: str
    category: str
    field: Field
    registered_at: datetime
    source: str | None = None
    """The system that submitted it; its registration alone says which."""
    first_contact_office: str = ""
    """Its window when it was registered; the policy knows who has its work today."""


async def lock_timers(
    conn: AsyncConnection, ids: Iterable[UUID], *, windows_of: Iterable[UUID] = ()
) -> dict[UUID, Timer]:
    """And those of the windows of some cases that are open."""
    wanted, cases_ = list(set(ids)), list(set(windows_of))
    if not wanted and not cases_:
        return {}
    found = await conn.scalar(_LOCK_TIMERS, {"ids": wanted, "cases": cases_})
    return {timer.clock_id: timer for timer in rows.timers_of(found)}


async def list_steps(conn: AsyncConnection, case_ids: Iterable[UUID]) -> dict[UUID, dict[str, datetime]]:
    """What has happened to the lead of each case, as far as a clock of its window waits for it, and when."""
    wanted = list(set(case_ids))
    if not wanted:
        return {}
    return {row.case_id: rows.steps_of(row.steps) for row in await conn.execute(_STEPS, {"ids": wanted})}


async def save_steps(conn: AsyncConnection, steps: Mapping[tuple[UUID, str], datetime]) -> None:
    """The last of each kind: a clock that began after it waits for another."""
    values = [[case_id, step, at] for (case_id, step), at in sorted(steps.items())]
    latest = "ON CONFLICT (case_id, step) DO UPDATE SET at = greatest(lead_steps.at, excluded.at)"
    await insert_rows(conn, lead_steps, ("case_id", "step", "at"), values, then=latest)


async def lock_referrals(conn: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, ReferralStatus]:
    wanted = list(set(ids))
    if not wanted:
        return {}
    statement = (
        select(referral_status)
        .where(among(referral_status.c.referral_id, wanted))
        .order_by(referral_status.c.referral_id)
        .with_for_update()
    )
    return {
        referral.referral_id: referral for referral in map(rows.referral_of, (await conn.execute(statement)).mappings())
    }


async def save_timers(conn: AsyncConnection, new: Iterable[Timer], changed: Iterable[Timer]) -> None:
    await insert_rows(conn, timers, rows.TIMER_COLUMNS, [rows.timer_row(timer) for timer in new])
    await update_rows(conn, timers, rows.TIMER_COLUMNS, [rows.timer_row(timer) for timer in changed])


async def save_alerted(conn: AsyncConnection, fired: Iterable[Timer]) -> None:
    """Timers that fired or ended: what their owners say of them stays as it was."""
    await update_rows(conn, timers, rows.ALERT_COLUMNS, [rows.alerted_row(timer) for timer in fired])


async def save_referrals(
    conn: AsyncConnection, new: Iterable[ReferralStatus], changed: Iterable[ReferralStatus]
) -> None:
    await insert_rows(conn, referral_status, rows.REFERRAL_COLUMNS, [rows.referral_row(referral) for referral in new])
    await update_rows(
        conn, referral_status, rows.REFERRAL_COLUMNS, [rows.referral_row(referral) for referral in changed]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewState:
    """What a case has come to; `dispatched` if a referral says so and not the case itself."""

    state: CaseState
    at: datetime
    dispatched: bool = False
    satisfied: bool | None = None
    """What the applicant said when asked, if this is what brought the case there."""


async def save_cases(conn: AsyncConnection, seen: Mapping[UUID, NewCase], states: Mapping[UUID, NewState]) -> None:
    """Cases that were heard of, from intake or through their first referral, and what each has come to."""
    known = [
        [
            *(c.case_id, c.number, c.area, c.category, c.field.value, "registered", c.registered_at, c.registered_at),
            *(c.source, c.first_contact_office),
        ]
        for _, c in sorted(seen.items())
    ]
    more = (
        "SET registered_at = least(cases.registered_at, excluded.registered_at),"
        " source = coalesce(cases.source, excluded.source),"
        " first_contact_office = coalesce(nullif(cases.first_contact_office, ''), excluded.first_contact_office)"
    )
    await insert_rows(conn, cases, CASE_COLUMNS, known, then=f"ON CONFLICT (case_id) DO UPDATE {more}")
    moved = sorted(states.items())
    if moved:
        await conn.execute(
            _STATES,
            {
                "case_ids": [case_id for case_id, _ in moved],
                "states": [new.state.value for _, new in moved],
                "moments": [new.at for _, new in moved],
                "dispatched": [new.dispatched for _, new in moved],
                "satisfied": [new.satisfied for _, new in moved],
            },
        )


async def save_matters(conn: AsyncConnection, said: Iterable[Reclassified]) -> None:
    """What cases are now. A window's word counts only for what it has seen: offices may have said more since."""
    for event in said:
        if isinstance(event, CaseReviewRequested):
            statement = update(cases).where(cases.c.case_id == event.case_id)
            await conn.execute(statement.values(category=event.category, field=event.field.value))
            continue
        seen = (cases.c.category == event.category_before, cases.c.area == event.area_before)
        standing = seen if isinstance(event, CaseReclassified) else ()
        statement = update(cases).where(cases.c.case_id == event.case_id, *standing)
        await conn.execute(statement.values(category=event.category, field=event.field.value, area=event.area))


async def save_refused(conn: AsyncConnection, refused: Sequence[RefusedFeedback]) -> None:
    columns = tuple(RefusedFeedback.__slots__)
    values = [[getattr(one, name) for name in columns] for one in refused]
    await insert_rows(conn, refused_feedback, columns, values, then="ON CONFLICT DO NOTHING")


async def save_progress(
    conn: AsyncConnection, reader: str, process: str, *, until: datetime | None, seen: datetime
) -> None:
    """This process has read what had arrived by `until`; without one it lives, and has read as far as before."""
    await conn.execute(_NOTE, {"reader": reader, "process": process, "until": until, "seen": seen})


async def save_unknown_progress(conn: AsyncConnection, reader: str, process: str, *, seen: datetime) -> None:
    """This process has partitions of which it does not know yet what lies there."""
    await conn.execute(_NOTE_UNREAD, {"reader": reader, "process": process, "seen": seen})


async def save_alerts(conn: AsyncConnection, values: Sequence[Sequence[Any]]) -> None:
    columns = (
        "event_id",
        "place",
        "type",
        "case_id",
        "referral_id",
        "clock_id",
        "kind",
        "version",
        "office",
        "area",
        "due_at",
        "fired_at",
        "level",
        "late_seconds",
        "recipients",
    )
    await insert_rows(conn, alerts, columns, values)


async def known_alerts(conn: AsyncConnection, ids: Iterable[UUID]) -> list[UUID]:
    """Those of the alerts that were sent."""
    found = await conn.execute(select(alerts.c.event_id).where(among(alerts.c.event_id, ids)))
    return list(found.scalars())


async def drop_old(conn: AsyncConnection, *, before: datetime) -> None:
    """Processes that have said nothing for so long are no more."""
    await conn.execute(text("DELETE FROM consumer_progress WHERE seen_at < :before"), {"before": before})
