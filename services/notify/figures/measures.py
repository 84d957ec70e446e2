"""The figures of the trade, counted from the facts: which line is in which figure, and why another is not.

Each line has one verdict of each figure: the number that it adds to the numerator, or the code of why it is excluded.
Verdicts are counted in the database in one pass, and added up here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import DateTime, RowMapping, TextClause, bindparam
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import Exclusion, Figure
from libraries.runtime.database.ranges import Ranges, bounds, text_inside
from services.notify.domain.figures import DEFINITIONS, Definition, Moment, Subject

By = Literal["office", "field", "area", "category"]

_ENDED: Final = "coalesce(completed_at, failed_at)"
_MOMENTS: Final[Mapping[Subject, Mapping[Moment, str]]] = {
    Subject.REFERRAL: {
        Moment.SENT: "dispatched_at",
        Moment.ENDED_OR_DUE: f"coalesce({_ENDED}, returned_at, cancelled_at, work_due_at, dispatched_at)",
        Moment.ENDED: _ENDED,
    },
    Subject.CASE: {
        Moment.SETTLED: "coalesce(merged_at, withdrawn_at, terminated_at, reopened_at, closed_at, resolved_at)",
    },
}
_OPEN: Final = "num_nonnulls(completed_at, failed_at, returned_at, cancelled_at) = 0"
_MOVED_ON: Final = "(returned_at IS NOT NULL OR reassigned_at IS NOT NULL)"
_REFERRALS: Final[Mapping[Exclusion, str]] = {
    Exclusion.COPY: "role = 'info'",
    Exclusion.CHECK: "role = 'check'",
    Exclusion.CHOSEN_BY_LEAD: "sent_as <> 'dispatch'",
    Exclusion.LATER_ROUND: "round > 1",
    Exclusion.WITHDRAWN: "cancelled_because = 'case_withdrawn'",
    Exclusion.MERGED: "cancelled_because = 'case_merged'",
    Exclusion.WRONG_OFFICE: _MOVED_ON,
    Exclusion.TAKEN_BACK: "cancelled_at IS NOT NULL AND reassigned_at IS NULL",
    Exclusion.RETURN_PENDING: "return_pending",
    Exclusion.NOT_TAKEN_YET: f"NOT taken AND {_OPEN}",
    Exclusion.NO_LIMIT: "NOT has_limit",
    Exclusion.CAME_LATE: "came_late",
    Exclusion.ON_HOLD: f"work_due_at IS NULL AND {_OPEN}",
    Exclusion.OPEN_IN_TIME: f"work_due_at >= :now AND {_OPEN}",
    Exclusion.FAILED: "failed_at IS NOT NULL AND completed_at IS NULL",
    Exclusion.CONSULTATION: "category LIKE '%.consultation'",
}
_CASES: Final[Mapping[Exclusion, str]] = {
    Exclusion.WITHDRAWN: "withdrawn_at IS NOT NULL",
    Exclusion.MERGED: "merged_at IS NOT NULL",
    Exclusion.CALLBACK_OPEN: "num_nonnulls(closed_at, reopened_at, terminated_at) = 0",
    Exclusion.NEVER_SENT: "sendings = 0",
    Exclusion.LATER_ROUND: "round > 1",
    Exclusion.NOT_ASKED: "satisfied IS NULL AND reopened_at IS NULL",
}
_REASONS: Final = {Subject.REFERRAL: _REFERRALS, Subject.CASE: _CASES}
_OF_ONE: Final[Mapping[Figure, Mapping[Exclusion, str]]] = {
    Figure.SIGNED_IN_TIME: {
        Exclusion.NO_LIMIT: "sign_due_at IS NULL",
        Exclusion.OPEN_IN_TIME: f"signed_at IS NULL AND sign_due_at >= :now AND {_OPEN}",
    },
    Figure.RESPONSE_RATE: {
        Exclusion.ON_HOLD: f"responded_at IS NULL AND work_due_at IS NULL AND {_OPEN}",
        Exclusion.OPEN_IN_TIME: f"responded_at IS NULL AND work_due_at >= :now AND {_OPEN}",
    },
}
"""Where a reason means something else in one figure."""
_NUMERATORS: Final[Mapping[Figure, str]] = {
    Figure.DISPATCH_ACCURACY: f"(NOT {_MOVED_ON})::int",
    Figure.RETURN_RATE: "(return_requested_at IS NOT NULL)::int",
    Figure.SENDINGS: "sendings",
    Figure.SIGNED_IN_TIME: "coalesce(signed_at <= sign_due_at, false)::int",
    Figure.ENDED_IN_TIME: "(completed_at IS NOT NULL AND (work_due_at IS NULL OR completed_at <= work_due_at))::int",
    Figure.DONE_AT_ONCE: "(closed_at IS NOT NULL AND reopened_at IS NULL AND sendings = 1 AND returns = 0)::int",
    Figure.EXTENSION_RATE: "(extensions > 0)::int",
    Figure.REWORK_RATE: "(reopened_at IS NOT NULL)::int",
    Figure.RESPONSE_RATE: "(responded_at IS NOT NULL AND (work_due_at IS NULL OR responded_at <= work_due_at))::int",
    Figure.RESOLUTION_RATE: "(closed_at IS NOT NULL AND reopened_at IS NULL)::int",
    Figure.SATISFACTION_RATE: "(reopened_at IS NULL AND satisfied)::int",
}
TABLES: Final[Mapping[Subject, str]] = {Subject.REFERRAL: "referral_outcomes", Subject.CASE: "case_outcomes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is counted; what is empty is not asked for. `since` belongs to the period, `until` does not."""

    now: datetime
    since: datetime | None = None
    until: datetime | None = None
    office: str = ""
    areas: Ranges | None = None
    field: str = ""
    category: str = ""


@dataclass(slots=True)
class Measured:
    """One figure of one group; the ratio of nothing is nothing."""

    numerator: int = 0
    denominator: int = 0
    excluded: dict[Exclusion, int] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return round(self.numerator / self.denominator, 4) if self.denominator else None

    def add(self, verdict: str, number: int) -> None:
        if verdict.isdigit():
            self.numerator += int(verdict) * number
            self.denominator += number
        else:
            self.excluded[Exclusion(verdict)] = self.excluded.get(Exclusion(verdict), 0) + number


Group = Mapping[Figure, Measured]


def verdict(figure: Figure) -> str:
    """SQL: a number, a reason, or null of what does not belong to the period."""
    definition = DEFINITIONS[figure]
    moment = _MOMENTS[definition.subject][definition.moment]
    reasons = {**_REASONS[definition.subject], **_OF_ONE.get(figure, {})}
    cases = " ".join(f"WHEN {reasons[code]} THEN '{code}'" for code in definition.exclusions)
    outside = f"{moment} IS NULL OR {moment} < :since OR {moment} >= :until"
    return f"CASE WHEN {outside} THEN NULL {cases} ELSE ({_NUMERATORS[figure]})::text END"


def of_subject(subject: Subject) -> list[Definition]:
    return [one for one in DEFINITIONS.values() if one.subject is subject]


_WHERE: Final = """{inside} AND (:office = '' OR office = :office)
      AND (:field = '' OR field = :field) AND (:category = '' OR category = :category)"""


def _of_period(subject: Subject) -> str:
    """What none of the figures would count is left out before any of them is asked."""
    moments = sorted({_MOMENTS[subject][one.moment] for one in of_subject(subject)})
    return f"({' OR '.join(f'{moment} >= :since AND {moment} < :until' for moment in moments)})"


def _counting(subject: Subject, by: By | None) -> str:
    verdicts = ", ".join(f"{verdict(one.figure)} AS {one.figure}" for one in of_subject(subject))
    names = ", ".join(one.figure for one in of_subject(subject))
    group = by or "NULL::text"
    return f"""
    SELECT key, {names}, count(*) AS number
    FROM (SELECT {group} AS key, {verdicts} FROM {TABLES[subject]} WHERE {_WHERE} AND {_of_period(subject)}) AS v
    GROUP BY key, {names}
    """


FIRST: Final = datetime(1, 1, 2, tzinfo=UTC)
LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)
_TIMES: Final = tuple(bindparam(name, type_=DateTime(timezone=True)) for name in ("now", "since", "until"))


def _statement(sql: str, asked: Asked) -> tuple[TextClause, dict[str, Any]]:
    values: dict[str, Any] = {
        **bounds(asked.areas),
        "now": asked.now,
        "since": asked.since or FIRST,
        "until": asked.until or LAST,
        "office": asked.office,
        "field": asked.field,
        "category": asked.category,
    }
    statement = text_inside(sql, "area", asked.areas)
    known = [one for one in _TIMES if f":{one.key}" in sql]
    values = {name: value for name, value in values.items() if f":{name}" in statement.text}
    return statement.bindparams(*known), values


async def measure(conn: AsyncConnection, asked: Asked, by: By | None = None) -> dict[str, dict[Figure, Measured]]:
    """By office, field, area or category; without `by` one group whose key is empty."""
    found: dict[str, dict[Figure, Measured]] = {"": _nothing()} if by is None else {}
    for subject in Subject:
        statement, values = _statement(_counting(subject, by), asked)
        for row in (await conn.execute(statement, values)).mappings():
            if by is not None and row["key"] is None:
                continue  # a case that no office ever had
            group = found.setdefault(row["key"] or "", _nothing())
            for one in of_subject(subject):
                if row[one.figure] is not None:
                    group[one.figure].add(row[one.figure], row["number"])
    return {key: group for key, group in found.items() if by is None or any(map(_said, group.values()))}


def _nothing() -> dict[Figure, Measured]:
    return {figure: Measured() for figure in Figure}


def _said(one: Measured) -> bool:
    return bool(one.denominator or one.excluded)


async def list_excluded(
    conn: AsyncConnection, asked: Asked, figure: Figure, *, reason: Exclusion | None, after: tuple[str, int], limit: int
) -> Sequence[RowMapping]:
    """Which referral or case was left out of a figure, and why; in the order of their ids."""
    definition = DEFINITIONS[figure]
    referral = definition.subject is Subject.REFERRAL
    key = "referral_id" if referral else "case_id"
    sql = f"""
    SELECT v.*, c.number FROM (
        SELECT case_id, {"referral_id" if referral else "NULL::uuid AS referral_id"}, round, office, area,
               category, field, {_MOMENTS[definition.subject][definition.moment]} AS at, {verdict(figure)} AS verdict,
               {key} AS key
        FROM {TABLES[definition.subject]} WHERE {_WHERE}
    ) AS v LEFT JOIN cases AS c USING (case_id)
    WHERE verdict !~ '^[0-9]' AND (:reason = '' OR verdict = :reason)
      AND (key, round) > (CAST(:after_key AS uuid), :after_round)
    ORDER BY key, round LIMIT :limit
    """
    statement, values = _statement(sql, asked)
    more = {"reason": reason or "", "after_key": after[0], "after_round": after[1], "limit": limit}
    return (await conn.execute(statement, values | more)).mappings().all()


def ranked(groups: Mapping[str, Group], figure: Figure) -> Iterator[tuple[int | None, str]]:
    """The best first; who has nothing to be judged by comes last, without a place. Equal shares have one place."""
    sign = -1 if DEFINITIONS[figure].more_is_better else 1

    def order(key: str) -> tuple[bool, float, str]:
        ratio = groups[key][figure].ratio
        return ratio is None, sign * (ratio or 0), key

    place, before = 0, None
    for number, key in enumerate(sorted(groups, key=order), start=1):
        ratio = groups[key][figure].ratio
        if ratio is not None and ratio != before:
            place, before = number, ratio
        yield (place if ratio is not None else None), key
