"""SQL of timers that are due: found, claimed, and written down as fired. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import DateTime, Integer, String, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from libraries.runtime.database.bulk import arrays
from services.notify.domain.alerts import FEEDBACK_EXPIRED, FEEDBACK_PENDING, FEEDBACK_SETTLED, Candidate
from services.notify.watching import rows
from services.notify.watching.rows import TIMER

_MOMENT: Final = DateTime(timezone=True)
_IS_DUE: Final = text(
    "SELECT EXISTS (SELECT FROM timers WHERE next_fire_at >= :since AND next_fire_at <= :until)"
).bindparams(bindparam("since", type_=_MOMENT), bindparam("until", type_=_MOMENT))
# A breach is deferred while something that was received in time is unread by routing, or its effects are unread by us.
# Only the office of the clock can answer for it, and only for so long as its answer may be taken to be on its way.
_CLAIM: Final = text(
    f"""
    WITH reading AS (
        SELECT CASE count(DISTINCT reader) WHEN cardinality(:readers) THEN min(read_until) ELSE '-infinity' END
               AS until
        FROM consumer_progress WHERE seen_at >= :alive AND reader = ANY(:readers)
    )
    SELECT json_agg(json_build_array({TIMER}, w.next_alert = 'breached' AND w.due_at >= (SELECT until FROM reading), (
        SELECT max(CASE
            WHEN r.settled_at IS NULL AND r.defers_until <= :now THEN {FEEDBACK_EXPIRED}
            WHEN r.settled_at IS NULL OR r.settled_at >= (SELECT until FROM reading) THEN {FEEDBACK_PENDING}
            ELSE {FEEDBACK_SETTLED}
        END)
        FROM received_feedback AS r
        WHERE w.next_alert = 'breached' AND r.referral_id = w.referral_id AND r.office = w.office
          AND r.received_at <= w.due_at AND r.stops @> to_jsonb(w.kind)
    ), (
        SELECT json_object_agg(s.step, s.at) FROM lead_steps AS s
        WHERE w.next_alert = 'breached' AND w.referral_id IS NULL AND s.case_id = w.case_id
    )))::text
    FROM (
        SELECT * FROM timers
        WHERE next_fire_at >= :since AND next_fire_at <= :until
        ORDER BY next_fire_at
        LIMIT :batch_size
        FOR UPDATE SKIP LOCKED
    ) AS w
    """
).bindparams(
    *(bindparam(name, type_=_MOMENT) for name in ("since", "until", "alive", "now")),
    bindparam("readers", type_=ARRAY(String)),
)
_OLDEST: Final = text("SELECT min(next_fire_at) FROM timers WHERE next_fire_at <= :until").bindparams(
    bindparam("until", type_=_MOMENT)
)
_FIRED: Final[Mapping[str, TypeEngine[Any]]] = MappingProxyType(
    {
        "clock_id": Uuid(),
        "event_id": Uuid(),
        "status": String(),
        "next_alert": String(),
        "next_fire_at": _MOMENT,
        "pending": String(),
        "breached_at": _MOMENT,
        "ended_at": _MOMENT,
        "sent": String(),
        "type": String(),
        "fired_at": _MOMENT,
        "level": String(),
        "late_seconds": Integer(),
        "recipients": String(),
        "next_level": String(),
        "next_at": _MOMENT,
    }
)
"""What is written of a timer that fired, and of its alert; the rest of the alert is the timer's.

`sent` is NULL where it stays as it is: after a breach nothing but the breach was sent. `next_level` is NULL where the
alert starts no escalation.
"""


# As `start_escalation` decides: a version that was reminded keeps that level, another starts from none.
_SAME_VERSION: Final = "s.version = excluded.version AND s.ended_at IS NULL"
_RESTART: Final = f"""
    ON CONFLICT (clock_id) DO UPDATE
    SET office = excluded.office, area = excluded.area, version = excluded.version, due_at = excluded.due_at,
        level = CASE WHEN {_SAME_VERSION} THEN s.level ELSE 'none' END,
        reached_at = CASE WHEN {_SAME_VERSION} THEN s.reached_at END,
        notified = CASE WHEN {_SAME_VERSION} THEN s.notified ELSE '[]' END,
        next_level = excluded.next_level, next_at = excluded.next_at,
        paused_seconds = 0, paused_at = NULL, ended_at = NULL
"""


async def is_due(conn: AsyncConnection, *, since: datetime, until: datetime) -> bool:
    """Whether the moment of any timer has come, whoever has claimed it."""
    return bool(await conn.scalar(_IS_DUE, {"since": since, "until": until}))


async def oldest_due(conn: AsyncConnection, *, until: datetime) -> datetime | None:
    """The moment of the alert that has been due for longest."""
    found: datetime | None = await conn.scalar(_OLDEST, {"until": until})
    return found


async def claim(
    conn: AsyncConnection,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    readers: Sequence[str],
    alive: datetime,
    batch_size: int,
) -> list[Candidate]:
    """Timers whose moment has come, each locked by this transaction alone; another process takes others.

    `readers` have read as far as all of their processes that were seen since `alive` have.
    """
    wanted = {
        "since": since,
        "until": until,
        "now": now,
        "readers": list(readers),
        "alive": alive,
        "batch_size": batch_size,
    }
    return rows.candidates_of(await conn.scalar(_CLAIM, wanted))


async def save_fired(conn: AsyncConnection, fired: Sequence[Sequence[Any]]) -> None:
    """Timers that fired, as they are afterwards, and their alerts. The caller has locked the timers."""
    if fired:
        alike, values = arrays(tuple(_FIRED), fired)
        await conn.execute(_save(alike), values)


@cache
def _save(alike: frozenset[str]) -> TextClause:
    columns = [name for name in _FIRED if name not in alike]
    value = {name: f":{name}" if name in alike else f"k.{name}" for name in _FIRED}
    return text(
        f"""
        WITH fired AS (
            UPDATE timers AS w
            SET status = {value["status"]}, next_alert = {value["next_alert"]}, next_fire_at = {value["next_fire_at"]},
                pending = CAST({value["pending"]} AS jsonb),
                breached_at = {value["breached_at"]}, ended_at = {value["ended_at"]},
                sent = coalesce(CAST({value["sent"]} AS jsonb), w.sent)
            FROM unnest({", ".join(f":{name}" for name in columns)}) WITH ORDINALITY AS k ({", ".join(columns)}, place)
            WHERE w.clock_id = k.clock_id
            RETURNING k.*, w.case_id, w.referral_id, w.kind, w.version, w.office, w.area, w.due_at
        ), started AS (
            INSERT INTO escalations AS s (
                clock_id, case_id, referral_id, kind, office, area, version, due_at,
                level, notified, next_level, next_at, paused_seconds
            )
            SELECT clock_id, case_id, referral_id, kind, office, area, version, due_at,
                   'none', '[]', {value["next_level"]}, {value["next_at"]}, 0
            FROM fired AS k WHERE {value["next_level"]} IS NOT NULL
            {_RESTART}
        )
        INSERT INTO alerts (
            event_id, place, type, case_id, referral_id, clock_id, kind, version, office, area, due_at, fired_at,
            level, late_seconds, recipients
        )
        SELECT k.event_id, k.place - 1, {value["type"]}, case_id, referral_id, clock_id, kind, version, office, area,
               due_at, {value["fired_at"]}, {value["level"]}, {value["late_seconds"]},
               CAST({value["recipients"]} AS jsonb)
        FROM fired AS k
        """
    ).bindparams(*(bindparam(name, type_=kind if name in alike else ARRAY(kind)) for name, kind in _FIRED.items()))
