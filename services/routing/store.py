"""Routing's SQL: the open connection first, domain values out. Callers own the transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import LargeBinary, RowMapping, String, Uuid, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import RETURN_RIGHTS, ClockKind, FeedbackAction, FeedbackOutcome, ReferralState
from libraries.clocks.clock import LegalClock
from libraries.clocks.rows import CLOCK_COLUMNS, clock_of, clock_row
from libraries.policies import Policy
from libraries.runtime.audit.writing import note_read
from libraries.runtime.database.bulk import among, insert_rows, update_rows
from libraries.runtime.database.held import Held
from libraries.runtime.web.auth import Principal
from services.routing import rows
from services.routing.domain.dispatching import RULES
from services.routing.domain.referral import Change, Referral, Routing
from services.routing.tables import acts, answers, clocks, corrections, decisions, referrals, routed_cases, text_reads

MOST_READS: Final = 1000

_CASES_OF: Final = text(
    """
    SELECT r.referral_id, r.case_id, r.office, c.area,
        jsonb_build_array(d.lead) || d.co_handlers || d.copies || d.checks AS sent_to
    FROM referrals AS r JOIN routed_cases AS c USING (case_id) LEFT JOIN decisions AS d USING (decision_id)
    WHERE r.referral_id = ANY(:referral_ids)
    """
).bindparams(bindparam("referral_ids", type_=ARRAY(Uuid)))

_CLAIM_KEYS: Final = text(
    """
    UPDATE routed_cases AS c SET wrapped_key = k.key
    FROM unnest(:case_ids, :keys) AS k (case_id, key)
    WHERE c.case_id = k.case_id AND c.wrapped_key IS NULL
    """
).bindparams(bindparam("case_ids", type_=ARRAY(Uuid)), bindparam("keys", type_=ARRAY(LargeBinary)))
# What is due is found by its index alone, before anything is asked of it: most clocks have passed and were stopped, and
# the planner, which does not know that the two go together, would otherwise read them all for the few that it expects.
_DUE: Final = """
    WITH due AS MATERIALIZED (
        SELECT case_id, referral_id, kind FROM clocks
        WHERE kind = ANY(:kinds) AND stopped_at IS NULL AND due_at < :before
    )
    """
_SILENT: Final = text(
    f"""
    {_DUE}
    SELECT DISTINCT c.case_id, c.referral_id FROM due AS c
    CROSS JOIN LATERAL (
        SELECT FROM referrals AS r
        WHERE r.referral_id = c.referral_id
          AND (r.state IN ('dispatched', 'signed') OR (r.deemed AND c.kind = ANY(:rights)))
        OFFSET 0
    ) AS r
    LIMIT :limit
    """
).bindparams(bindparam("kinds", type_=ARRAY(String)), bindparam("rights", type_=ARRAY(String)))
_UNDECIDED: Final = text(f"{_DUE} SELECT case_id, referral_id FROM due LIMIT :limit").bindparams(
    bindparam("kinds", type_=ARRAY(String))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFeedback:
    """One answer of an office, with its text sealed."""

    case_id: UUID
    referral_id: UUID
    feedback_id: str
    sender: str
    action: str
    reason: str
    outcome: str
    code: str | None
    occurred_at: datetime | None
    received_at: datetime
    sealed_text: bytes | None
    door: str
    post: str
    subject: str
    """Of the token; empty on Kafka."""
    record_offset: int | None = None
    """Its place on the topic of its sender, if it came by Kafka."""


class TextPart(StrEnum):
    """Which text of a referral somebody opened."""

    ANSWERS = "answers"
    QUESTION = "question"


class Owned(NamedTuple):
    """Whose a referral is."""

    referral_id: UUID
    case_id: UUID
    office: str
    area: str
    sent_to: Sequence[str]
    """All offices of the decision by which it was sent."""


async def find_owned(conn: AsyncConnection, referral_ids: Iterable[UUID]) -> dict[UUID, Owned]:
    """Case and office of each referral that exists, and where it was sent."""
    found = await conn.execute(_CASES_OF, {"referral_ids": list(set(referral_ids))})
    return {
        row.referral_id: Owned(row.referral_id, row.case_id, row.office, row.area, row.sent_to or ()) for row in found
    }


async def find_cases_of(conn: AsyncConnection, referral_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The case of each referral that exists."""
    return {referral_id: owned.case_id for referral_id, owned in (await find_owned(conn, referral_ids)).items()}


async def lock_routings(
    conn: AsyncConnection, case_ids: Iterable[UUID], others: Held = Held.AWAITED
) -> dict[UUID, Routing]:
    """The routings of these cases, held until the commit. In the order of their ids, so that nobody waits in a ring."""
    wanted = sorted(set(case_ids))
    if not wanted:
        return {}
    held = select(routed_cases).where(among(routed_cases.c.case_id, wanted)).order_by(routed_cases.c.case_id)
    found = (await conn.execute(held.with_for_update(skip_locked=others is Held.LEFT))).mappings().all()
    return await _with_referrals(conn, found)


async def find_routing(conn: AsyncConnection, case_id: UUID) -> Routing | None:
    """To look at, not to change."""
    found = (await conn.execute(select(routed_cases).where(routed_cases.c.case_id == case_id))).mappings().all()
    return (await _with_referrals(conn, found)).get(case_id)


async def list_silent(
    conn: AsyncConnection, kinds: Iterable[ClockKind], *, before: datetime, limit: int
) -> list[tuple[UUID, UUID]]:
    """Case and referral where a clock of these kinds passed before that moment, and silence still means something."""
    values = {"kinds": sorted(kinds), "rights": sorted(RETURN_RIGHTS), "before": before, "limit": limit}
    found = await conn.execute(_SILENT, values)
    return [(row.case_id, row.referral_id) for row in found]


async def list_undecided(
    conn: AsyncConnection, kinds: Iterable[ClockKind], *, before: datetime, limit: int
) -> list[tuple[UUID, UUID]]:
    """Case and referral where a clock of these kinds passed before that moment, and nobody has decided."""
    values = {"kinds": sorted(kinds), "before": before, "limit": limit}
    return [(row.case_id, row.referral_id) for row in await conn.execute(_UNDECIDED, values)]


@dataclass(frozen=True, slots=True)
class _Kept:
    """Rows to write, new ones apart from those that are there."""

    new: list[list[Any]] = field(default_factory=list)
    old: list[list[Any]] = field(default_factory=list)

    def add(self, row: list[Any], *, known: bool) -> None:
        (self.old if known else self.new).append(row)


async def save_changes(
    conn: AsyncConnection, before: Mapping[UUID, Routing], changes: Sequence[Change], policy: Policy
) -> None:
    """Write what differs from `before`; a case that is not in it is new."""
    of_referrals, of_clocks = _Kept(), _Kept()
    for change in changes:
        known = before.get(change.case_id)
        was = {referral.id: referral for referral in known.referrals} if known is not None else {}
        for referral in change.routing.referrals:
            earlier = was.get(referral.id)
            if earlier is referral:
                continue
            of_referrals.add(rows.referral_row(referral, change.case_id), known=earlier is not None)
            clocks_before = {clock.id: clock for clock in earlier.clocks} if earlier is not None else {}
            for clock in referral.clocks:
                if clocks_before.get(clock.id) is not clock:
                    of_clocks.add(clock_row(clock, change.case_id, policy), known=clock.id in clocks_before)
    new = [rows.case_row(change.routing.request) for change in changes if change.case_id not in before]
    await insert_rows(conn, routed_cases, rows.CASE_COLUMNS, new)
    await _save_places(conn, before, changes)
    decided = [rows.decision_row(decision, change.case_id) for change in changes for decision in change.decisions]
    await insert_rows(conn, decisions, rows.DECISION_COLUMNS, decided)
    right = [rows.correction_row(one, change.case_id) for change in changes for one in change.corrections]
    await insert_rows(conn, corrections, rows.CORRECTION_COLUMNS, right)
    # Ended ones first: the next lead, or an office's one live referral, may only stand where the last one has gone.
    for ended in (True, False):
        part = [row for row in of_referrals.old if (row[rows.ENDED_AT] is not None) is ended]
        await update_rows(conn, referrals, rows.REFERRAL_COLUMNS, part)
    await insert_rows(conn, referrals, rows.REFERRAL_COLUMNS, of_referrals.new)
    await update_rows(conn, clocks, CLOCK_COLUMNS, of_clocks.old)
    await insert_rows(conn, clocks, CLOCK_COLUMNS, of_clocks.new)


async def _save_places(conn: AsyncConnection, before: Mapping[UUID, Routing], changes: Sequence[Change]) -> None:
    """What cases are now, where they lie, whose window has them; and all of one accepted after its window had asked."""
    requests = [change.routing.request for change in changes if change.case_id in before]
    moved = [request for request in requests if request is not before[request.case_id].request]
    await update_rows(conn, routed_cases, rows.CASE_COLUMNS, [rows.case_row(request) for request in moved])


async def save_feedback(conn: AsyncConnection, given: Sequence[SavedFeedback]) -> None:
    columns = tuple(SavedFeedback.__slots__)
    await insert_rows(conn, answers, columns, [[getattr(one, name) for name in columns] for one in given])


async def list_feedback(conn: AsyncConnection, referral_id: UUID) -> list[SavedFeedback]:
    found = await conn.execute(select(answers).where(answers.c.referral_id == referral_id).order_by(answers.c.id))
    return [_answer(row) for row in found.mappings()]


async def find_holds(conn: AsyncConnection, among_these: Iterable[Referral]) -> dict[UUID, SavedFeedback]:
    """Of the referrals that are on hold the answer by which they went there."""
    held = [referral.id for referral in among_these if referral.state is ReferralState.ON_HOLD]
    if not held:
        return {}
    applied = (answers.c.action == FeedbackAction.HOLD.value, answers.c.outcome == FeedbackOutcome.APPLIED.value)
    found = select(answers).where(among(answers.c.referral_id, held), *applied).order_by(answers.c.id)
    return {row["referral_id"]: _answer(row) for row in (await conn.execute(found)).mappings()}


def _answer(row: RowMapping) -> SavedFeedback:
    return SavedFeedback(**{name: row[name] for name in SavedFeedback.__slots__})


async def find_answer(conn: AsyncConnection, referral_id: UUID, sender: str, feedback_id: str) -> SavedFeedback | None:
    """By the id that its sender gave it."""
    a = answers.c
    found = await conn.execute(
        select(answers)
        .where(a.referral_id == referral_id, a.sender == sender, a.feedback_id == feedback_id)
        .order_by(a.id)
    )
    row = found.mappings().first()
    return _answer(row) if row is not None else None


async def save_act(conn: AsyncConnection, act: rows.Act) -> None:
    await insert_rows(conn, acts, rows.ACT_COLUMNS, [rows.act_row(act)])


async def list_acts(conn: AsyncConnection, referral_id: UUID) -> list[rows.Act]:
    """In the order in which they were done."""
    statement = select(acts).where(acts.c.referral_id == referral_id).order_by(acts.c.id)
    return [rows.act_of(row) for row in (await conn.execute(statement)).mappings()]


async def list_done_since(conn: AsyncConnection, referral_id: UUID, since: datetime) -> list[str]:
    """What its office answered and superiors decided after that moment, in order."""
    answered = select(answers.c.received_at.label("at"), answers.c.action.label("done")).where(
        answers.c.referral_id == referral_id,
        answers.c.received_at > since,
        answers.c.outcome == FeedbackOutcome.APPLIED.value,
    )
    decided = select(acts.c.at, acts.c.act.label("done")).where(acts.c.referral_id == referral_id, acts.c.at > since)
    found = answered.union_all(decided).order_by("at")
    return [row.done for row in await conn.execute(found)]


async def list_corrections(conn: AsyncConnection, referral_id: UUID) -> list[Mapping[str, Any]]:
    """In the order in which they were made."""
    statement = select(corrections).where(corrections.c.referral_id == referral_id).order_by(corrections.c.id)
    return [dict(row) for row in (await conn.execute(statement)).mappings()]


async def list_decisions(conn: AsyncConnection, case_id: UUID) -> list[Mapping[str, Any]]:
    statement = select(decisions).where(decisions.c.case_id == case_id).order_by(decisions.c.decided_at)
    return [dict(row) for row in (await conn.execute(statement)).mappings()]


async def find_decided_by_hand(conn: AsyncConnection, case_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Decisions of these cases that somebody took instead of the rules."""
    of_cases = select(decisions.c.decision_id).where(among(decisions.c.case_id, set(case_ids)))
    return frozenset(await conn.scalars(of_cases.where(decisions.c.decided_by != RULES)))


async def find_case_id(conn: AsyncConnection, id_or_number: str) -> UUID | None:
    """Of a case by its number; an id is itself."""
    try:
        return UUID(id_or_number)
    except ValueError:
        statement = select(routed_cases.c.case_id).where(routed_cases.c.number == id_or_number)
        return (await conn.execute(statement.limit(1))).scalar_one_or_none()


async def list_routings(conn: AsyncConnection, case_ids: Iterable[UUID]) -> dict[UUID, Routing]:
    """To look at, not to change."""
    statement = select(routed_cases).where(among(routed_cases.c.case_id, set(case_ids)))
    return await _with_referrals(conn, (await conn.execute(statement)).mappings().all())


async def claim_keys(conn: AsyncConnection, fresh: Mapping[UUID, bytes]) -> dict[UUID, bytes]:
    """The wrapped data key of each of these cases; the fresh one becomes it where there is none. Cases are locked."""
    if not fresh:
        return {}
    await conn.execute(_CLAIM_KEYS, {"case_ids": list(fresh), "keys": list(fresh.values())})
    statement = select(routed_cases.c.case_id, routed_cases.c.wrapped_key)
    found = await conn.execute(statement.where(among(routed_cases.c.case_id, fresh)))
    return {row.case_id: bytes(row.wrapped_key) for row in found}


async def get_key(conn: AsyncConnection, case_id: UUID) -> bytes:
    found = await conn.scalar(select(routed_cases.c.wrapped_key).where(routed_cases.c.case_id == case_id))
    return bytes(found or b"")


async def save_read(
    conn: AsyncConnection,
    case_id: UUID,
    referral_id: UUID,
    *,
    at: datetime,
    user: Principal,
    part: TextPart = TextPart.ANSWERS,
) -> None:
    """Put on record who looked at an office's text."""
    who = {"subject": user.subject, "role": user.role.value, "office": user.office, "part": part.value}
    await note_read(conn, part.value, case_id=case_id, about=referral_id)
    await conn.execute(insert(text_reads).values(referral_id=referral_id, read_at=at, **who))


async def list_reads(conn: AsyncConnection, referral_id: UUID) -> Sequence[RowMapping]:
    """The latest first."""
    statement = select(text_reads).where(text_reads.c.referral_id == referral_id)
    return (await conn.execute(statement.order_by(text_reads.c.id.desc()).limit(MOST_READS))).mappings().all()


async def _with_referrals(conn: AsyncConnection, found: Sequence[RowMapping]) -> dict[UUID, Routing]:
    case_ids = [row["case_id"] for row in found]
    if not case_ids:
        return {}
    of_referral: dict[UUID, list[LegalClock]] = defaultdict(list)
    clock_rows = await conn.execute(select(clocks).where(among(clocks.c.case_id, case_ids)).order_by(clocks.c.clock_id))
    for row in clock_rows.mappings():
        of_referral[row["referral_id"]].append(clock_of(row["clock"]))
    of_case: dict[UUID, list[Referral]] = defaultdict(list)
    referral_rows = await conn.execute(
        select(referrals).where(among(referrals.c.case_id, case_ids)).order_by(referrals.c.referral_id)
    )
    for row in referral_rows.mappings():
        of_case[row["case_id"]].append(rows.referral_of(row, tuple(of_referral[row["referral_id"]])))
    return {
        row["case_id"]: Routing(request=rows.request_of(row), referrals=tuple(of_case[row["case_id"]])) for row in found
    }
