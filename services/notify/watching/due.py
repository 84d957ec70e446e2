"""SQL of what is due: looked for, claimed, and written down as said. Callers own the transaction."""

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
from services.notify.domain.alerts import HOLDS, LAPSED, SETTLED, Candidate
from services.notify.watching import rows
from services.notify.watching.rows import WATCH

_MOMENT: Final = DateTime(timezone=True)
_IS_DUE: Final = text(
    "SELECT EXISTS (SELECT FROM watches WHERE next_fire_at >= :since AND next_fire_at <= :until)"
).bindparams(bindparam("since", type_=_MOMENT), bindparam("until", type_=_MOMENT))
# A breach is held while something that was received in time is unread by routing, or its effects are unread by us.
# Only the office of the clock can answer for it, and only for so long as its answer may be taken to be on its way.
_CLAIM: Final = text(
    f"""
    WITH reading AS (
        SELECT CASE count(DISTINCT reader) WHEN cardinality(:readers) THEN min(read_until) ELSE '-infinity' END
               AS until
        FROM readings WHERE seen_at >= :alive AND reader = ANY(:readers)
    )
    SELECT json_agg(json_build_array({WATCH}, w.next_alert = 'breached' AND w.due_at >= (SELECT until FROM reading), (
        SELECT max(CASE
            WHEN r.answered_at IS NULL AND r.holds_until <= :now THEN {LAPSED}
            WHEN r.answered_at IS NULL OR r.answered_at >= (SELECT until FROM reading) THEN {HOLDS}
            ELSE {SETTLED}
        END)
        FROM receipts AS r
        WHERE w.next_alert = 'breached' AND r.referral_id = w.referral_id AND r.office = w.office
          AND r.received_at <= w.due_at AND r.stops @> to_jsonb(w.kind)
    ), (
        SELECT json_object_agg(s.step, s.at) FROM lead_steps AS s
        WHERE w.next_alert = 'breached' AND w.referral_id IS NULL AND s.case_id = w.case_id
    )))::text
    FROM (
        SELECT * FROM watches
        WHERE next_fire_at >= :since AND next_fire_at <= :until
        ORDER BY next_fire_at
        LIMIT :portion
        FOR UPDATE SKIP LOCKED
    ) AS w
    """
).bindparams(
    *(bindparam(name, type_=_MOMENT) for name in ("since", "until", "alive", "now")),
    bindparam("readers", type_=ARRAY(String)),
)
_OLDEST: Final = text("SELECT min(next_fire_at) FROM watches WHERE next_fire_at <= :until").bindparams(
    bindparam("until", type_=_MOMENT)
)
_SAID: Final[Mapping[str, TypeEngine[Any]]] = MappingProxyType(
    {
        "clock_id": Uuid(),
        "event_id": Uuid(),
        "status": String(),
        "next_alert": String(),
        "next_fire_at": _MOMENT,
        "ahead": String(),
        "breached_at": _MOMENT,
        "ended_at": _MOMENT,
        "heard": String(),
        "type": String(),
        "fired_at": _MOMENT,
        "level": String(),
        "late_seconds": Integer(),
        "recipients": String(),
        "rung": String(),
        "rung_at": _MOMENT,
    }
)
"""What is written of a watch of which something was said, and of its alert; the rest of the alert is the watch's.

`heard` is NULL where it stays as it is: after a breach nothing was heard but the breach. `rung` is NULL where the alert
begins no supervision.
"""


# As `begun` decides it for who reads first: a version that was reminded keeps that, another begins at the foot.
_ON: Final = "s.version = excluded.version AND s.ended_at IS NULL"
_STANDS: Final = f"""
    ON CONFLICT (clock_id) DO UPDATE
    SET office = excluded.office, area = excluded.area, version = excluded.version, due_at = excluded.due_at,
        level = CASE WHEN {_ON} THEN s.level ELSE 'none' END, reached_at = CASE WHEN {_ON} THEN s.reached_at END,
        told = CASE WHEN {_ON} THEN s.told ELSE '[]' END, next_level = excluded.next_level, next_at = excluded.next_at,
        stood_seconds = 0, paused_at = NULL, ended_at = NULL
"""


async def is_due(conn: AsyncConnection, *, since: datetime, until: datetime) -> bool:
    """Whether the moment of any watch has come, be it in other hands or not."""
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
    portion: int,
) -> list[Candidate]:
    """Watches whose moment has come, each held by this transaction alone; another process takes others.

    `readers` have read as far as all of their processes that were seen since `alive` have.
    """
    wanted = {
        "since": since,
        "until": until,
        "now": now,
        "readers": list(readers),
        "alive": alive,
        "portion": portion,
    }
    return rows.candidates_of(await conn.scalar(_CLAIM, wanted))


async def save_said(conn: AsyncConnection, said: Sequence[Sequence[Any]]) -> None:
    """Watches of which something was said, as they are after it, and the alerts. The caller holds the watches."""
    if said:
        alike, values = arrays(tuple(_SAID), said)
        await conn.execute(_save(alike), values)


@cache
def _save(alike: frozenset[str]) -> TextClause:
    sent = [name for name in _SAID if name not in alike]
    value = {name: f":{name}" if name in alike else f"k.{name}" for name in _SAID}
    return text(
        f"""
        WITH moved AS (
            UPDATE watches AS w
            SET status = {value["status"]}, next_alert = {value["next_alert"]}, next_fire_at = {value["next_fire_at"]},
                ahead = CAST({value["ahead"]} AS jsonb),
                breached_at = {value["breached_at"]}, ended_at = {value["ended_at"]},
                heard = coalesce(CAST({value["heard"]} AS jsonb), w.heard)
            FROM unnest({", ".join(f":{name}" for name in sent)}) WITH ORDINALITY AS k ({", ".join(sent)}, place)
            WHERE w.clock_id = k.clock_id
            RETURNING k.*, w.case_id, w.referral_id, w.kind, w.version, w.office, w.area, w.due_at
        ), begun AS (
            INSERT INTO supervisions AS s (
                clock_id, case_id, referral_id, kind, office, area, version, due_at,
                level, told, next_level, next_at, stood_seconds
            )
            SELECT clock_id, case_id, referral_id, kind, office, area, version, due_at,
                   'none', '[]', {value["rung"]}, {value["rung_at"]}, 0
            FROM moved AS k WHERE {value["rung"]} IS NOT NULL
            {_STANDS}
        )
        INSERT INTO alerts (
            event_id, place, type, case_id, referral_id, clock_id, kind, version, office, area, due_at, fired_at,
            level, late_seconds, recipients
        )
        SELECT k.event_id, k.place - 1, {value["type"]}, case_id, referral_id, clock_id, kind, version, office, area,
               due_at, {value["fired_at"]}, {value["level"]}, {value["late_seconds"]},
               CAST({value["recipients"]} AS jsonb)
        FROM moved AS k
        """
    ).bindparams(*(bindparam(name, type_=kind if name in alike else ARRAY(kind)) for name, kind in _SAID.items()))
