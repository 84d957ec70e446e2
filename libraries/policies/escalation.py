"""The escalation policy (督办): who is told of a clock that runs out or has run out, on which level, and when."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from itertools import pairwise
from typing import Final

from contracts.codes import WINDOWS, AreaLevel, ClockKind, Confidence, SupervisionLevel
from libraries.deadlines import BadQuestion, Limit, Unit
from libraries.policies.rows import Fault, Row, code_of, file_of

HOLDER: Final = "office"
HOURS_OF: Final = {Unit.HOUR: 1.0, Unit.DAY: 24.0, Unit.WORKING_DAY: 24.0 * 7 / 5}
"""To tell only which of two levels comes first."""


class Anchor(StrEnum):
    """What a level follows."""

    WARNING = "warning"
    DUE = "due"
    BREACH = "breach"


ANCHOR_OF: Final = {
    SupervisionLevel.WARNED: Anchor.WARNING,
    SupervisionLevel.REMINDED: Anchor.DUE,
    SupervisionLevel.URGED: Anchor.BREACH,
    SupervisionLevel.SUPERVISED: Anchor.BREACH,
    SupervisionLevel.LISTED: Anchor.BREACH,
}
"""The levels in the order in which they are reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The office that holds the matter, or the one of a role at a level of the network."""

    role: str | None = None
    tier: AreaLevel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationRule:
    """`where` is file and line."""

    level: SupervisionLevel
    after: Limit | None
    """How long after the breach; `None` for the level that its cause itself brings."""
    clocks: frozenset[ClockKind]
    """Empty for every clock whose end breaks something."""
    recipients: tuple[Recipient, ...]
    opens: time | None
    closes: time | None
    """Hours of a working day in which people are told; without them it is said at once."""
    source: str
    article: str
    statutory: bool
    confidence: Confidence
    where: str

    def concerns(self, kind: ClockKind) -> bool:
        return kind not in WINDOWS and (not self.clocks or kind in self.clocks)


def rule_for(
    escalation_rules: Iterable[EscalationRule], level: SupervisionLevel, kind: ClockKind
) -> EscalationRule | None:
    """The first row that fits; a local pack's rows stand before its parent's."""
    return next((rule for rule in escalation_rules if rule.level is level and rule.concerns(kind)), None)


def escalation_rules(rows: Sequence[Row]) -> tuple[EscalationRule, ...]:
    """Rows of escalation.yaml in order."""
    found: list[EscalationRule] = []
    for row in rows:
        rule = _rule(row)
        row.done()
        if rule is None:
            continue
        here = [one for one in found if file_of(one.where) == row.file and one.level is rule.level]
        if any(not one.clocks or (rule.clocks and rule.clocks <= one.clocks) for one in here):
            row.refuse(f"a row above says {rule.level.value} of the same clocks")
        found.append(rule)
    return tuple(found)


def _rule(row: Row) -> EscalationRule | None:
    level = code_of(row, "level", SupervisionLevel, row.text("level"))
    confidence = code_of(row, "confidence", Confidence, row.text("confidence"))
    clocks = [code_of(row, "clock", ClockKind, name) for name in row.texts("clocks")]
    row.asked.discard("clock")
    recipients = tuple(filter(None, [_recipient(row, name) for name in row.texts("recipients")]))
    opens, closes = row.hour("from"), row.hour("to")
    source, article, statutory = row.text("source"), row.text("article", ""), row.flag("statutory")
    after = _after(row, level)
    for window in sorted(WINDOWS & set(clocks)):
        row.refuse(f"nobody is late when {window.value} ends")
    if not row.values.get("recipients"):
        row.refuse("recipients is missing")
    if level is SupervisionLevel.WARNED and opens is not None:
        row.refuse("a warning is said at its moment: from and to are for the levels above it")
    if (opens is None) != (closes is None) or (opens is not None and closes is not None and opens >= closes):
        row.refuse("from and to go together, from before to")
    if level is None or level not in ANCHOR_OF or confidence is None:
        return None
    return EscalationRule(
        level=level,
        after=after,
        clocks=frozenset(kind for kind in clocks if kind is not None),
        recipients=recipients,
        opens=opens,
        closes=closes,
        source=source,
        article=article,
        statutory=statutory,
        confidence=confidence,
        where=f"{row.file}:{row.line}",
    )


def _after(row: Row, level: SupervisionLevel | None) -> Limit | None:
    given = row.text("after")
    anchor, _, later = given.partition("+")
    if level is None or not given:
        return None
    if level not in ANCHOR_OF:
        row.refuse(f"level {level.value} is no level of the escalation policy")
    elif anchor != ANCHOR_OF[level]:
        row.refuse(f"{level.value} comes after {ANCHOR_OF[level].value}")
    elif later and anchor != Anchor.BREACH:
        row.refuse(f"{level.value} comes with {anchor} itself")
    elif "+" in given:
        try:
            limit = Limit.parse(later)
        except BadQuestion as error:
            row.refuse(f"after {error.detail}")
        else:
            if limit.unit in HOURS_OF:
                return limit
            row.refuse("after must be in h, d or wd")
    return None


def _recipient(row: Row, name: str) -> Recipient | None:
    if name == HOLDER:
        return Recipient()
    role, _, tier = name.partition("@")
    if role and tier in set(AreaLevel):
        return Recipient(role=role, tier=AreaLevel(tier))
    row.refuse(f"recipient {name} must be {HOLDER}, or a role and a level, for example civil_affairs@county")
    return None


def escalation_faults(rules: Sequence[EscalationRule], roles: AbstractSet[str]) -> Iterator[Fault]:
    """What single rows cannot show: roles that no office has, and levels in the wrong order."""
    for rule in rules:
        for recipient in rule.recipients:
            if roles and recipient.role is not None and recipient.role not in roles:
                yield Fault.at(rule.where, f"no office has the role {recipient.role}")
    for kind in ClockKind:
        applicable = [one for level in ANCHOR_OF if (one := rule_for(rules, level, kind)) is not None]
        late = [one for one in applicable if ANCHOR_OF[one.level] is Anchor.BREACH]
        for lower, upper in pairwise(late):
            if _hours(upper) <= _hours(lower):
                reason = f"{upper.level.value} does not come after {lower.level.value} for the clock {kind.value}"
                yield Fault.at(upper.where, reason)


def _hours(rule: EscalationRule) -> float:
    return rule.after.number * HOURS_OF[rule.after.unit] if rule.after is not None else 0.0
