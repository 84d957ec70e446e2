"""SQL of the answers that have reached our edge: the open connection first. Callers own the transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import DateTime, String, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import ClockKind
from libraries.runtime.database.bulk import insert_rows
from services.notify.tables import received_feedback

COLUMNS: Final = ("office", "feedback_id", "referral_id", "received_at", "stops", "defers_until")
_MOMENT: Final = DateTime(timezone=True)
_SETTLED: Final = text(
    """
    INSERT INTO received_feedback AS r (office, feedback_id, referral_id, received_at, stops, defers_until, settled_at)
    SELECT DISTINCT ON (k.office, k.feedback_id)
           k.office, k.feedback_id, k.referral_id, k.received_at, k.stops, :now, :now
    FROM unnest(:offices, :feedback_ids, :referral_ids, :received, CAST(:stops AS jsonb[]))
         AS k (office, feedback_id, referral_id, received_at, stops)
    ORDER BY k.office, k.feedback_id
    ON CONFLICT (office, feedback_id) DO UPDATE SET settled_at = coalesce(r.settled_at, excluded.settled_at)
    """
).bindparams(
    *(bindparam(name, type_=ARRAY(String)) for name in ("offices", "feedback_ids", "stops")),
    bindparam("referral_ids", type_=ARRAY(Uuid)),
    bindparam("received", type_=ARRAY(_MOMENT)),
    bindparam("now", type_=_MOMENT),
)
# Whatever a person makes of it, nobody waits for it: it may be days.
_PARKED: Final = text(
    """
    INSERT INTO received_feedback AS r (office, feedback_id, referral_id, received_at, stops, defers_until)
    SELECT DISTINCT ON (k.office, k.feedback_id)
           k.office, k.feedback_id, k.referral_id, k.received_at, '[]'::jsonb, '-infinity'::timestamptz
    FROM unnest(:offices, :feedback_ids, :referral_ids, :received) AS k (office, feedback_id, referral_id, received_at)
    ORDER BY k.office, k.feedback_id
    ON CONFLICT (office, feedback_id) DO UPDATE SET defers_until = excluded.defers_until
    """
).bindparams(
    *(bindparam(name, type_=ARRAY(String)) for name in ("offices", "feedback_ids")),
    bindparam("referral_ids", type_=ARRAY(Uuid)),
    bindparam("received", type_=ARRAY(_MOMENT)),
)
_UNSETTLED: Final = text(
    """
    SELECT count(*) AS number, min(r.received_at) AS oldest
    FROM received_feedback AS r JOIN referral_status AS s ON s.referral_id = r.referral_id AND s.office = r.office
    WHERE r.settled_at IS NULL AND r.defers_until <= :now
    """
).bindparams(bindparam("now", type_=_MOMENT))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFeedback:
    """An answer of an office has reached our edge; whether it is taken is not known here."""

    office: str
    feedback_id: str
    referral_id: UUID
    received_at: datetime
    stops: frozenset[ClockKind] = frozenset()
    """Clocks of the office that it would end, halt or lengthen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsettledFeedback:
    """Answers to referrals of their own office of which routing has said nothing in all the time that it had."""

    number: int
    oldest: datetime | None


async def save_received(conn: AsyncConnection, received: Sequence[ReceivedFeedback], *, defers_until: datetime) -> None:
    """What came before is kept: the first time counts."""
    values = [
        [one.office, one.feedback_id, one.referral_id, one.received_at, _json(one.stops), defers_until]
        for one in sorted(received, key=lambda one: (one.office, one.feedback_id))
    ]
    await insert_rows(conn, received_feedback, COLUMNS, values, then="ON CONFLICT (office, feedback_id) DO NOTHING")


async def save_settled(conn: AsyncConnection, settled: Sequence[ReceivedFeedback], now: datetime) -> None:
    """Routing has settled these; one that we have not seen yet is written down as settled at once."""
    if settled:
        await conn.execute(_SETTLED, _columns(settled) | {"stops": [_json(r.stops) for r in settled], "now": now})


async def save_parked(conn: AsyncConnection, parked: Sequence[ReceivedFeedback]) -> None:
    """Routing has set these aside: they defer nothing, and stay unsettled until somebody settles them."""
    if parked:
        await conn.execute(_PARKED, _columns(parked))


async def count_unsettled(conn: AsyncConnection, *, now: datetime) -> UnsettledFeedback:
    row = (await conn.execute(_UNSETTLED, {"now": now})).one()
    return UnsettledFeedback(number=row.number, oldest=row.oldest)


async def drop_settled(conn: AsyncConnection, *, before: datetime) -> None:
    """What was settled, or stopped to defer anything, so long ago decides nothing any more."""
    await conn.execute(
        text(
            """
            DELETE FROM received_feedback
            WHERE settled_at < :before
               OR settled_at IS NULL AND received_at < :before AND defers_until < :before
            """
        ),
        {"before": before},
    )


def _columns(received: Sequence[ReceivedFeedback]) -> dict[str, list[object]]:
    return {
        "offices": [one.office for one in received],
        "feedback_ids": [one.feedback_id for one in received],
        "referral_ids": [one.referral_id for one in received],
        "received": [one.received_at for one in received],
    }


def _json(kinds: frozenset[ClockKind]) -> str:
    return msgspec.json.encode(sorted(kinds)).decode()
