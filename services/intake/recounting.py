"""Counts the window's open clocks again when the calendar changes: what moved is said and saved in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import String, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.events.clocks import ClockRecalculated
from libraries.clocks.clock import LegalClock
from libraries.clocks.packing import PackedClock, pack, unpack
from libraries.clocks.recounting import calendar_version, recalculated, recount
from libraries.ids import derived_id
from libraries.policies import Policy, PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from services.intake import store
from services.intake.publishing import SERVICE

PORTION: Final = 2000

# Whoever acts on a case holds it. One that is held is passed over: another turn, or its holder, counts it.
_CLAIM: Final = text(
    """
    SELECT case_id, clocks::text AS clocks FROM cases
    WHERE calendar_version = :carried AND case_id > :after
    ORDER BY case_id
    LIMIT :portion
    FOR UPDATE SKIP LOCKED
    """
)
_MARK: Final = text(
    """
    UPDATE cases SET calendar_version = CASE WHEN jsonb_array_length(clocks) > 0 THEN :running END
    WHERE case_id = ANY(:ids)
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_SAVE: Final = text(
    """
    UPDATE cases AS c SET clocks = k.clocks::jsonb, calendar_version = :running
    FROM unnest(:ids, :clocks) AS k (case_id, clocks)
    WHERE c.case_id = k.case_id
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid)), bindparam("clocks", type_=ARRAY(String)))
_decode = msgspec.json.Decoder(tuple[PackedClock, ...]).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The clocks of a case before and after they were counted again."""

    case_id: UUID
    before: tuple[LegalClock, ...]
    after: tuple[LegalClock, ...]

    @property
    def changed(self) -> bool:
        return any(after is not before for before, after in zip(self.before, self.after, strict=True))

    @property
    def moved(self) -> list[tuple[LegalClock, LegalClock]]:
        both = zip(self.before, self.after, strict=True)
        return [(before, after) for before, after in both if after.version != before.version]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounter:
    """Works through cases whose clocks another calendar counted."""

    engine: AsyncEngine
    policy: PolicyWatch
    clock: Clock

    def running(self) -> str:
        return calendar_version(self.policy.policy)

    async def portion(self, carried: str, after: UUID) -> UUID | None:
        policy, at = self.policy.policy, self.clock.now()
        async with transaction(self.engine) as conn:
            claimed = (await conn.execute(_CLAIM, {"carried": carried, "after": after, "portion": PORTION})).all()
            if not claimed:
                return None
            counted = [_counted(row.case_id, row.clocks, policy) for row in claimed]
            await _save(conn, counted, calendar_version(policy))
            said = [event for one in counted if (event := _said(one, policy, at)) is not None]
            await journal.add(conn, SERVICE, [Outgoing(event=e, at=at, event_id=_event_id(e)) for e in said])
            lines = [(e.case_id, at, e.TYPE, SERVICE, _encode(e).decode()) for e in said]
            await store.save_timeline(conn, lines)
        return UUID(str(claimed[-1].case_id))


def _counted(case_id: UUID, packed: str, policy: Policy) -> Counted:
    before = tuple(map(unpack, _decode(packed)))
    return Counted(case_id=case_id, before=before, after=tuple(recount(clock, policy) for clock in before))


async def _save(conn: AsyncConnection, counted: Sequence[Counted], running: str) -> None:
    """Cases of whose clocks nothing changed are only marked. All are held: nobody else changes one meanwhile."""
    changed = [one for one in counted if one.changed]
    same = [one.case_id for one in counted if not one.changed]
    if same:
        await conn.execute(_MARK, {"ids": same, "running": running})
    if changed:
        clocks = [_encode([pack(clock) for clock in one.after]).decode() for one in changed]
        await conn.execute(_SAVE, {"running": running, "ids": [one.case_id for one in changed], "clocks": clocks})


def _said(counted: Counted, policy: Policy, at: datetime) -> ClockRecalculated | None:
    return recalculated(counted.case_id, counted.moved, policy, at) if counted.moved else None


def _event_id(event: ClockRecalculated) -> UUID:
    """The same for the same versions of the same clocks, whoever counts and however often it is tried."""
    return derived_id("recount", *(f"{clock.clock_id}/{clock.version}" for clock in event.clocks))
