"""Counts open clocks again when the calendar changes: what moved is said and saved in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import DateTime, Integer, String, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.codes import LEAD_WORK
from libraries.clocks.clock import LegalClock
from libraries.clocks.packing import PackedClock, pack, unpack
from libraries.clocks.recounting import calendar_version, recalculated
from libraries.ids import derived_id
from libraries.policies import Policy
from libraries.runtime.database.engine import transaction
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from services.routing.domain.lead_limit import INSIDE, recounted
from services.routing.feedback import SERVICE
from services.routing.handlers import Router
from services.routing.translate import copies_of

PORTION: Final = 2000

# Whoever changes a clock holds its case. One that is held is passed over: another turn, or its holder, counts it.
_CLAIM: Final = text(
    """
    SELECT c.clock_id, c.case_id FROM clocks AS c JOIN routed_cases AS r ON r.case_id = c.case_id
    WHERE c.calendar_version = :carried AND c.clock_id > :after
    ORDER BY c.clock_id
    LIMIT :portion
    FOR UPDATE OF r SKIP LOCKED
    """
)
# A statement of its own sees what was committed before the cases were ours.
_READ: Final = text(
    """
    SELECT c.case_id, c.clock::text AS clock FROM clocks AS c
    WHERE c.clock_id = ANY(:clock_ids) AND c.calendar_version = :carried
    ORDER BY c.clock_id
    """
).bindparams(bindparam("clock_ids", type_=ARRAY(Uuid)))
_LEADS: Final = text(
    """
    SELECT case_id, clock::text AS clock FROM clocks
    WHERE case_id = ANY(:case_ids) AND kind = ANY(:kinds) AND stopped_at IS NULL
    """
).bindparams(bindparam("case_ids", type_=ARRAY(Uuid)), bindparam("kinds", type_=ARRAY(String)))
_MARK: Final = text(
    "UPDATE clocks SET calendar_version = CASE WHEN stopped_at IS NULL THEN :running END WHERE clock_id = ANY(:ids)"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_SAVE: Final = text(
    """
    UPDATE clocks AS c
    SET version = k.version, due_at = k.due_at, clock = k.clock::jsonb, calendar_version = :running
    FROM unnest(:ids, :before, :versions, :dues, :clocks) AS k (clock_id, before, version, due_at, clock)
    WHERE c.clock_id = k.clock_id AND c.version = k.before
    """
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("before", type_=ARRAY(Integer)),
    bindparam("versions", type_=ARRAY(Integer)),
    bindparam("dues", type_=ARRAY(DateTime(timezone=True))),
    bindparam("clocks", type_=ARRAY(String)),
)
_decode = msgspec.json.Decoder(PackedClock).decode
_encode = msgspec.json.Encoder().encode


class ClockMovedAway(RuntimeError):
    """A clock changed while its case was held: a promise of every writer was broken, and nothing is saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A clock before and after it was counted again."""

    case_id: UUID
    before: LegalClock
    after: LegalClock

    @property
    def moved(self) -> bool:
        return self.after.version != self.before.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounter:
    """Works through clocks that another calendar counted."""

    engine: AsyncEngine
    router: Router

    def running(self) -> str:
        return calendar_version(self.router.policy.policy)

    async def portion(self, carried: str, after: UUID) -> UUID | None:
        policy, at = self.router.policy.policy, self.router.clock.now()
        async with transaction(self.engine) as conn:
            claimed = (await conn.execute(_CLAIM, {"carried": carried, "after": after, "portion": PORTION})).all()
            if not claimed:
                return None
            found = await conn.execute(_READ, {"clock_ids": [row.clock_id for row in claimed], "carried": carried})
            clocks = [(row.case_id, unpack(_decode(row.clock))) for row in found]
            leads = await _leads(conn, {case_id for case_id, clock in clocks if clock.kind in INSIDE})
            counted = [
                Counted(case_id=case_id, before=clock, after=recounted(clock, leads[case_id], policy))
                for case_id, clock in clocks
            ]
            await _save(conn, counted, calendar_version(policy))
            await journal.add(conn, SERVICE, list(_said(counted, policy, at)))
        return UUID(str(claimed[-1].clock_id))


async def _leads(conn: AsyncConnection, case_ids: AbstractSet[UUID]) -> defaultdict[UUID, list[LegalClock]]:
    """The open clocks of the leads beside whom others work."""
    leads: defaultdict[UUID, list[LegalClock]] = defaultdict(list)
    if case_ids:
        found = await conn.execute(_LEADS, {"case_ids": list(case_ids), "kinds": sorted(LEAD_WORK)})
        for row in found:
            leads[row.case_id].append(unpack(_decode(row.clock)))
    return leads


async def _save(conn: AsyncConnection, counted: Sequence[Counted], running: str) -> None:
    """Clocks of which nothing changed are only marked."""
    changed = [one for one in counted if one.after is not one.before and one.after.open]
    same = [one.before.id for one in counted if one.after is one.before or not one.after.open]
    if same:
        await conn.execute(_MARK, {"ids": same, "running": running})
    if not changed:
        return
    saved = await conn.execute(
        _SAVE,
        {
            "running": running,
            "ids": [one.after.id for one in changed],
            "before": [one.before.version for one in changed],
            "versions": [one.after.version for one in changed],
            "dues": [one.after.told.due_at if one.after.told is not None else None for one in changed],
            "clocks": [_encode(pack(one.after)).decode() for one in changed],
        },
    )
    if saved.rowcount != len(changed):
        raise ClockMovedAway(f"{len(changed) - saved.rowcount} of {len(changed)}")


def _said(counted: Iterable[Counted], policy: Policy, at: datetime) -> Iterator[Outgoing]:
    """One event for each case and office: the office gets a copy of what is about itself alone."""
    groups: defaultdict[tuple[UUID, str], list[Counted]] = defaultdict(list)
    for one in counted:
        if one.moved:
            groups[one.case_id, one.after.office].append(one)
    for (case_id, _), moved in groups.items():
        said = recalculated(case_id, [(one.before, one.after) for one in moved], policy, at)
        # The same for the same versions of the same clocks, whoever counts and however often it is tried.
        parts = [f"{one.after.id}/{one.after.version}" for one in moved]
        yield Outgoing(event=said, at=at, copies=copies_of(said, policy), event_id=derived_id("recount", *parts))
