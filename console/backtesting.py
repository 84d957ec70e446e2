"""What a draft would have made of past cases: another office, another date, late or no longer late."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import DateTime, bindparam, text

from console.target import Target
from contracts.codes import LEAD_WORK, Field
from libraries.clocks.clock import LegalClock, terms_of
from libraries.clocks.rows import clock_of
from libraries.policies import Policy
from libraries.policies.decision import Matter, decide
from libraries.runtime.database.engine import open_engine, transaction

EXAMPLES: Final = 5
"""Of each kind of difference."""
_PAST: Final = text(
    """
    SELECT c.case_id, c.number, c.category, c.field, c.area, c.attributes, c.accepted_at, d.lead, d.policy_version,
           k.clock
    FROM routed_cases AS c
    CROSS JOIN LATERAL (
        SELECT decision_id, lead, policy_version FROM decisions AS d
        WHERE d.case_id = c.case_id AND d.decided_by = 'rules'
        -- Of a case that became another matter the first decision on that.
        ORDER BY (coalesce(d.category, c.category), coalesce(d.area, c.area)) <> (c.category, c.area), d.decided_at
        LIMIT 1
    ) AS d
    LEFT JOIN LATERAL (
        SELECT k.clock FROM clocks AS k JOIN referrals AS r ON r.referral_id = k.referral_id
        WHERE k.case_id = c.case_id AND r.decision_id = d.decision_id AND r.role = 'lead' AND k.kind = ANY(:work)
        ORDER BY k.clock_id LIMIT 1
    ) AS k ON true
    WHERE c.accepted_at >= :since ORDER BY c.accepted_at, c.case_id
    """
).bindparams(bindparam("since", type_=DateTime(timezone=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One case as it was: what the rules saw, whom they chose, and the lead's clock as it stands."""

    case_id: UUID
    number: str
    matter: Matter
    lead: str
    clock: LegalClock | None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One case under both policies. Dates are those on which the lead's time ends."""

    number: str
    category: str
    area: str
    was: str
    now: str
    due_was: datetime | None
    due_now: datetime | None
    late_was: bool
    late_now: bool


class OfficeCost(msgspec.Struct, frozen=True, kw_only=True):
    """What an office gains and loses."""

    office: str
    had: int
    would_have: int
    late: int
    would_be_late: int


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    cases: int
    unknown: int
    """Of a matter or an area that the draft does not know."""
    other_office: int
    earlier: int
    later: int
    newly_late: int
    no_longer_late: int
    examples: Mapping[str, tuple[Compared, ...]]
    offices: tuple[OfficeCost, ...]


async def read_past(target: Target, since: datetime) -> list[Past]:
    engine = open_engine(target.settings, "routing", pool_size=1)
    try:
        async with transaction(engine) as conn:
            await conn.execute(text("SET LOCAL statement_timeout = 0"))
            rows = await conn.execute(_PAST, {"since": since, "work": sorted(kind.value for kind in LEAD_WORK)})
            return [_past(row) for row in rows]
    finally:
        await engine.dispose()


def _past(row: Any) -> Past:
    matter = Matter(
        category=row.category,
        field=Field(row.field),
        area=row.area,
        attributes=row.attributes,
        accepted_at=row.accepted_at,
    )
    clock = clock_of(row.clock) if row.clock is not None else None
    return Past(case_id=row.case_id, number=row.number, matter=matter, lead=row.lead, clock=clock)


def backtest(past: Iterable[Past], running: Policy, draft: Policy, now: datetime) -> Backtest:
    """Each case keeps what happened: its start, its pauses and its end. Extensions are left as they were given."""
    seen = list(past)
    found = [compared for one in seen if (compared := _compared(one, running, draft, now)) is not None]
    kinds = {
        "other_office": [one for one in found if one.was != one.now],
        "earlier": [one for one in found if _moved(one) < 0],
        "later": [one for one in found if _moved(one) > 0],
        "newly_late": [one for one in found if one.late_now and not one.late_was],
        "no_longer_late": [one for one in found if one.late_was and not one.late_now],
    }
    return Backtest(
        version=draft.version,
        cases=len(seen),
        unknown=len(seen) - len(found),
        **{kind: len(cases) for kind, cases in kinds.items()},
        examples={kind: tuple(cases[:EXAMPLES]) for kind, cases in kinds.items()},
        offices=tuple(_costs(found)),
    )


def _compared(past: Past, running: Policy, draft: Policy, now: datetime) -> Compared | None:
    category = draft.categories.get(past.matter.category)
    if category is None or not draft.knows_area(past.matter.area):
        return None
    lead = decide(dataclasses.replace(past.matter, field=category.field), draft).lead
    due_was = due_now = None
    late_was = late_now = False
    if past.clock is not None:
        ended = past.clock.stopped_at or now
        due_was = past.clock.due(running.calendar_of(past.clock.office)).due_at
        due_now = _due(past.clock, lead, past.matter.category, draft)
        late_was, late_now = (end is not None and ended > end for end in (due_was, due_now))
    return Compared(
        number=past.number,
        category=past.matter.category,
        area=past.matter.area,
        was=past.lead,
        now=lead,
        due_was=due_was,
        due_now=due_now,
        late_was=late_was,
        late_now=late_now,
    )


def _due(clock: LegalClock, lead: str, category: str, draft: Policy) -> datetime | None:
    row = draft.find_limit(clock.kind, category)
    terms = terms_of(row, draft, lead) if row is not None else clock.terms
    return dataclasses.replace(clock, terms=terms, office=lead).due(draft.calendar_of(lead)).due_at


def _moved(one: Compared) -> int:
    if one.due_was is None or one.due_now is None:
        return 0
    return (one.due_now > one.due_was) - (one.due_now < one.due_was)


def _costs(found: Iterable[Compared]) -> Iterator[OfficeCost]:
    """Of the offices for which anything is different, the most different first."""
    had, has, late, will = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for one in found:
        had[one.was] += 1
        has[one.now] += 1
        late[one.was] += one.late_was
        will[one.now] += one.late_now
    offices = [code for code in had | has if (had[code], late[code]) != (has[code], will[code])]
    for code in sorted(offices, key=lambda code: (-abs(has[code] - had[code]) - abs(will[code] - late[code]), code)):
        yield OfficeCost(office=code, had=had[code], would_have=has[code], late=late[code], would_be_late=will[code])


WORDS: Final = {
    "other_office": "另一主办单位 another office",
    "earlier": "到期提前 due earlier",
    "later": "到期推后 due later",
    "newly_late": "将会超期 late now",
    "no_longer_late": "不再超期 no longer late",
}


def lines(found: Backtest) -> Iterator[str]:
    yield f"{found.version}: {found.cases} cases, {found.unknown} of a matter or an area that it does not know"
    for kind, words in WORDS.items():
        yield f"{words}: {getattr(found, kind)}"
        for one in found.examples[kind]:
            yield f"  {one.number} {one.category}: {one.was} -> {one.now}, {_day(one.due_was)} -> {_day(one.due_now)}"
    for cost in found.offices:
        yield (
            f"{cost.office}: {cost.had} -> {cost.would_have} 件 cases, {cost.late} -> {cost.would_be_late} 超期 late"
        )


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment is not None else "-"
