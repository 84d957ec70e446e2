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
from services.notify.tables import receipts

COLUMNS: Final = ("office", "feedback_id", "referral_id", "received_at", "stops", "holds_until")
_MOMENT: Final = DateTime(timezone=True)
_ANSWERED: Final = text(
    """
    INSERT INTO receipts AS r (office, feedback_id, referral_id, received_at, stops, holds_until, answered_at)
    SELECT DISTINCT ON (k.office, k.feedback_id)
           k.office, k.feedback_id, k.referral_id, k.received_at, k.stops, :now, :now
    FROM unnest(:offices, :feedback_ids, :referral_ids, :received, CAST(:stops AS jsonb[]))
         AS k (office, feedback_id, referral_id, received_at, stops)
    ORDER BY k.office, k.feedback_id
    ON CONFLICT (office, feedback_id) DO UPDATE SET answered_at = coalesce(r.answered_at, excluded.answered_at)
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
    INSERT INTO receipts AS r (office, feedback_id, referral_id, received_at, stops, holds_until)
    SELECT DISTINCT ON (k.office, k.feedback_id)
           k.office, k.feedback_id, k.referral_id, k.received_at, '[]'::jsonb, '-infinity'::timestamptz
    FROM unnest(:offices, :feedback_ids, :referral_ids, :received) AS k (office, feedback_id, referral_id, received_at)
    ORDER BY k.office, k.feedback_id
    ON CONFLICT (office, feedback_id) DO UPDATE SET holds_until = excluded.holds_until
    """
).bindparams(
    *(bindparam(name, type_=ARRAY(String)) for name in ("offices", "feedback_ids")),
    bindparam("referral_ids", type_=ARRAY(Uuid)),
    bindparam("received", type_=ARRAY(_MOMENT)),
)
_UNANSWERED: Final = text(
    """
    SELECT count(*) AS number, min(r.received_at) AS oldest
    FROM receipts AS r JOIN legs AS l ON l.referral_id = r.referral_id AND l.office = r.office
    WHERE r.answered_at IS NULL AND r.holds_until <= :now
    """
).bindparams(bindparam("now", type_=_MOMENT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """An answer of an office has reached our edge; whether it is taken is not known here."""

    office: str
    feedback_id: str
    referral_id: UUID
    received_at: datetime
    stops: frozenset[ClockKind] = frozenset()
    """Clocks of the office that it would end, halt or lengthen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Answers to referrals of their own office of which routing has said nothing in all the time that it had."""

    number: int
    oldest: datetime | None


async def save_receipts(conn: AsyncConnection, received: Sequence[Receipt], *, holds_until: datetime) -> None:
    """What came before is kept: the first time counts."""
    values = [
        [one.office, one.feedback_id, one.referral_id, one.received_at, _json(one.stops), holds_until]
        for one in sorted(received, key=lambda one: (one.office, one.feedback_id))
    ]
    await insert_rows(conn, receipts, COLUMNS, values, then="ON CONFLICT (office, feedback_id) DO NOTHING")


async def save_answered(conn: AsyncConnection, answered: Sequence[Receipt], now: datetime) -> None:
    """Routing has settled these; one that we have not seen yet is written down as answered at once."""
    if answered:
        await conn.execute(_ANSWERED, _columns(answered) | {"stops": [_json(r.stops) for r in answered], "now": now})


async def save_parked(conn: AsyncConnection, parked: Sequence[Receipt]) -> None:
    """Routing has set these aside: they hold nothing, and stay unanswered until somebody settles them."""
    if parked:
        await conn.execute(_PARKED, _columns(parked))


async def count_unanswered(conn: AsyncConnection, *, now: datetime) -> Unanswered:
    row = (await conn.execute(_UNANSWERED, {"now": now})).one()
    return Unanswered(number=row.number, oldest=row.oldest)


async def drop_receipts(conn: AsyncConnection, *, before: datetime) -> None:
    """What was answered, or stopped to hold anything, so long ago decides nothing any more."""
    await conn.execute(
        text(
            """
            DELETE FROM receipts
            WHERE answered_at < :before
               OR answered_at IS NULL AND received_at < :before AND holds_until < :before
            """
        ),
        {"before": before},
    )


def _columns(received: Sequence[Receipt]) -> dict[str, list[object]]:
    return {
        "offices": [one.office for one in received],
        "feedback_ids": [one.feedback_id for one in received],
        "referral_ids": [one.referral_id for one in received],
        "received": [one.received_at for one in received],
    }


def _json(kinds: frozenset[ClockKind]) -> str:
    return msgspec.json.encode(sorted(kinds)).decode()
