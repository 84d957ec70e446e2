"""What holds in each matter for each clock must not be looser than the law says, whichever rows bring it about."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import product
from typing import Final

from contracts.codes import WINDOWS, ClockKind
from libraries.deadlines import Limit, Unit
from libraries.deadlines.rendering import source_in
from libraries.policies.calendars import LocalDays
from libraries.policies.clock_rules import ClockRule, ClockSchedule, schedule
from libraries.policies.longer import Span, later
from libraries.policies.model import Category, LimitRow, Policy, Reason
from libraries.policies.rows import Fault

NAMED: Final = 4
"""Matters that a fault names; of more it says how many."""
RIGHTS: Final = WINDOWS - {ClockKind.RETENTION}
"""Time in which somebody may act: a longer one keeps others waiting, a shorter one takes the right away."""
AT_THE_WINDOW: Final = frozenset({"township", "civil_affairs"})
"""Roles of the offices that a case is asked of first."""
ONLY_CITE: Final = "cite the law that allows it (statutory: true, source, article)"
CITE: Final = f"or {ONLY_CITE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningClock:
    """A clock that a matter has, by which rule and with which limit, and what the law says of it."""

    kind: ClockKind
    rule: ClockRule
    row: LimitRow
    law: LimitRow | None
    """The most local row under a law that fits; the row itself, if it cites one."""


@dataclass(slots=True)
class Finding:
    """What is wrong with a row: for which clocks and matters, and by which laws."""

    kinds: dict[str, None] = field(default_factory=dict)
    matters: dict[str, None] = field(default_factory=dict)
    laws: dict[str, None] = field(default_factory=dict)

    def message(self, what: str) -> str:
        for name, found in (("clocks", self.kinds), ("matters", self.matters), ("laws", self.laws)):
            what = what.replace(f"{{{name}}}", _listed(list(found)))
        return what


@dataclass
class Guard:
    """Compares what holds with the law. `packs` are names, the most local first."""

    policy: Policy
    packs: Sequence[str]
    days: Sequence[LocalDays] = ()
    _found: dict[tuple[str, str, str], Finding] = field(default_factory=dict)

    def faults(self) -> Iterator[Fault]:
        courses = {code: self._schedule(one, 0) for code, one in self.policy.categories.items()}
        running = {code: tuple(self._running(one, courses[code])) for code, one in self.policy.categories.items()}
        for code, clocks in running.items():
            for clock in clocks:
                for what in _loosened(clock, self.policy.calendar.country):
                    self._note(clock.row.where, what, code, clock.kind, clock.law, apart=True)
        for level in range(len(self.packs) - 1):
            self._of_rules(level)
        self._of_pauses(running)
        self._of_days(running)
        for (where, what, _), found in self._found.items():
            yield Fault.at(where, found.message(what))

    def _note(
        self,
        where: str,
        what: str,
        code: str,
        kind: ClockKind,
        law: LimitRow | ClockRule | None,
        *,
        apart: bool = False,
    ) -> None:
        """Of one row the same is said once for all clocks and matters, and `apart` once for each law."""
        cited = _cited(law) if law is not None else ""
        found = self._found.setdefault((where, what, cited if apart else ""), Finding())
        found.kinds[kind.value] = found.matters[code] = found.laws[cited] = None

    def _depth(self, where: str) -> int:
        """How far above the most local pack a row stands."""
        return self.packs.index(where.partition("/")[0])

    def _schedule(self, matter: Category, level: int) -> ClockSchedule:
        """As it is by the packs from this level up."""
        rules = [rule for rule in self.policy.clocks if self._depth(rule.where) >= level]
        return schedule(rules, matter.code, matter.field)

    def _law(self, kind: ClockKind, matter: Category, level: int = 0, reason: str = "") -> LimitRow | None:
        """The most local limit that is a law's, in the packs from this level up."""
        fitting = (row for row in self.policy.limits if row.clock is kind and row.fits(matter, reason))
        rows = (row for row in fitting if self._is_law(row))
        return next((row for row in rows if self._depth(row.where) >= level), None)

    def _is_law(self, row: LimitRow | ClockRule) -> bool:
        """The uppermost pack knows laws of which the article is not known; who would depart from one has to name it."""
        return _cites(row) or (row.statutory and self._depth(row.where) == len(self.packs) - 1)

    def _running(self, matter: Category, held: ClockSchedule) -> Iterator[RunningClock]:
        for rule in _started(held):
            # A clock that stands in the place of another has its limit to keep, unless a law put it there.
            replaced = held.rules.get(rule.instead_of) if rule.instead_of and not _cites(rule) else None
            asked = (rule, replaced) if replaced is not None else (rule,)
            reasons = {row.reason or "" for row in self.policy.limits if row.clock is rule.limit_of} | {""}
            for reason, one in product(sorted(reasons), asked):
                row = self.policy.find_limit(rule.clock, matter.code, reason)
                if row is not None:
                    law = self._law(one.limit_of, matter, reason=reason)
                    yield RunningClock(kind=rule.clock, rule=rule, row=row, law=law)

    def _of_rules(self, level: int) -> None:
        """What the rows of one pack change of clocks that stand under a law above it."""
        if not any(self._depth(rule.where) == level for rule in self.policy.clocks):
            return
        for code, matter in self.policy.categories.items():
            above, here = self._schedule(matter, level + 1), self._schedule(matter, level)
            runs = {rule.clock: rule for rule in _started(here)}
            for law in _started(above):
                limit = self._law(law.limit_of, matter, level + 1)
                source = law if self._is_law(law) else limit
                if source is None:
                    continue
                rule = runs.get(law.clock) or next((one for one in runs.values() if one.instead_of is law.clock), None)
                row = rule or self._ended_by(law.clock, matter, level)
                if row is not law and not _cites(row):
                    for change in _changed(rule, law) if rule is not None else ("never starts",):
                        message = f"{{clocks}} {change}, and its time is set by {{laws}} for {{matters}}: {ONLY_CITE}"
                        self._note(row.where, message, code, law.clock, source)

    def _ended_by(self, kind: ClockKind, matter: Category, level: int) -> ClockRule:
        """The row of a pack by which a clock does not run any more."""
        rows = [rule for rule in self.policy.clocks if self._depth(rule.where) == level]
        fitting = (rule for rule in rows if rule.concerns(matter.code, matter.field))
        return next((rule for rule in fitting if kind in (rule.clock, rule.instead_of)), rows[0])

    def _of_pauses(self, running: dict[str, tuple[RunningClock, ...]]) -> None:
        for reason in self.policy.reasons.values():
            level = self._depth(reason.where)
            if _cites(reason) or level == len(self.packs) - 1:
                continue
            for code, clock, law in self._under_law(running, level + 1):
                if clock.kind in reason.stops:
                    message = f"reason {reason.code} stops {{clocks}}, whose time is set by {{laws}} for {{matters}}"
                    self._note(reason.where, f"{message}: take them out of stops, {CITE}", code, clock.kind, law)

    def _of_days(self, running: dict[str, tuple[RunningClock, ...]]) -> None:
        for local in self.days:
            level = self._depth(local.where)
            if local.works or local.cites or not local.days or level == len(self.packs) - 1:
                continue
            offices = [one for one in self.policy.offices.values() if local.scope.concerns(one, self.policy)]
            roles = {one.role for one in offices}
            for code, clock, law in self._under_law(running, level + 1):
                if _by_calendar(clock.row) and roles & self._holders(clock, code):
                    message = "a day off makes {clocks} longer, whose time is set by {laws} for {matters}"
                    self._note(local.where, f"{message}: name other roles, {CITE}", code, clock.kind, law)

    def _under_law(
        self, running: dict[str, tuple[RunningClock, ...]], level: int
    ) -> Iterator[tuple[str, RunningClock, LimitRow | ClockRule]]:
        """The clocks whose time a law sets that stands at this level or above."""
        for code, clocks in running.items():
            for clock in clocks:
                limit = self._law(clock.rule.limit_of, self.policy.categories[code], level)
                if limit is not None:
                    yield code, clock, limit
                elif self._is_law(clock.rule) and self._depth(clock.rule.where) >= level:
                    yield code, clock, clock.rule

    def _holders(self, clock: RunningClock, code: str) -> set[str]:
        """Roles whose offices may have the clock: the window's, or those that the rules name for such a matter."""
        if clock.rule.at_the_window:
            return set(AT_THE_WINDOW)
        return {role for role in self._roles[code] if role}

    @cached_property
    def _roles(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {code: set() for code in self.policy.categories}
        for rule in self.policy.rules:
            for code, matter in self.policy.categories.items():
                if (not rule.when.categories or code in rule.when.categories) and rule.when.field in (
                    None,
                    matter.field,
                ):
                    found[code] |= {rule.lead, *rule.co_handlers}
        return found


def _started(found: ClockSchedule) -> tuple[ClockRule, ...]:
    return tuple(dict.fromkeys(rule for rules in found.started.values() for rule in rules))


def _loosened(clock: RunningClock, country: str) -> Iterator[str]:
    """How the limit of a clock lets more time pass than the law does, or leaves less of a right."""
    row, law = clock.row, clock.law
    if law is None or row is law or _cites(row):
        return

    def message(what: str, do: str, example: object = "") -> str:
        shown = f" ({example})" if example else ""
        return f"{{clocks}}: {what} of {{laws}} for {{matters}}{shown}: {do}, {CITE}"

    mine, yours = (Span((one.limit,), one.rules.roll_last_day) for one in (row, law))
    full, by_law_full = _extended(row), _extended(law)
    longer = partial(later, country=country)
    if clock.kind is not ClockKind.RETENTION and (more := longer(mine, yours)) is not None:
        yield message(f"{row.limit} is longer than the {law.limit}", f"write {law.limit} or less", more)
    elif clock.kind in WINDOWS and (less := longer(yours, mine)) is not None:
        short = f"{row.limit} is shorter than the {law.limit}"
        yield message(short, f"write {law.limit}, for it is a right or a duty to keep", f"by law {less}")
    elif full != mine and (more := longer(full, by_law_full)) is not None:
        yield message(f"{full} is longer than the {by_law_full}", "shorten the extension", more)
    elif row.extension and law.extension and row.extension.approver != law.extension.approver and longer(full, yours):
        who = f"may be extended by {row.extension.approver}, and not by the {law.extension.approver}"
        yield message(who, f"write approver: {law.extension.approver}")
    hour, by_law = row.rules.close_of_business, law.rules.close_of_business
    if by_law is not None and (hour is None or hour > by_law):
        yield message(f"ends later in the day than the {by_law:%H:%M}", "write the same close_of_business")


def _extended(row: LimitRow) -> Span:
    parts: tuple[Limit, ...] = (row.limit, row.extension.limit) if row.extension else (row.limit,)
    return Span(parts, row.rules.roll_last_day)


def _changed(rule: ClockRule, law: ClockRule) -> Iterator[str]:
    """What a rule makes of a clock that the law's rule does not."""
    right = law.clock in RIGHTS
    if law.starts - rule.starts or (right and rule.starts != law.starts):
        yield f"starts with {_words(rule.starts)}, and not with {_words(law.starts)}"
    for name in ("meets", "cancels"):
        mine, yours = getattr(rule, name), getattr(law, name)
        if mine != yours:
            yield f"has {name} {_words(mine)}, and not {_words(yours)}"
    if lost := law.roles - rule.roles:
        yield f"does not run for {_words(lost)}"
    if rule.only_if is not law.only_if:
        yield f"has if {rule.only_if or 'nothing'}, and not {law.only_if or 'nothing'}"
    if rule.silence_accepts is not law.silence_accepts:
        yield f"has silence {'accepted' if rule.silence_accepts else 'without a meaning'}"
    if rule.extends and not law.extends:
        yield "can be extended"
    if law.passes_on and not rule.passes_on:
        yield "begins anew at the next office"
    if rule.clock is law.clock and rule.limit_of is not law.limit_of:
        yield f"has the limit of {rule.limit_of.value}, and not of {law.limit_of.value}"


def _by_calendar(row: LimitRow) -> bool:
    """Whether a day off can move its end."""
    units = {part.unit for part in _extended(row).parts}
    return Unit.WORKING_DAY in units or (row.rules.roll_last_day and units != {Unit.HOUR})


def _cites(row: LimitRow | ClockRule | Reason) -> bool:
    """Whether the row is itself a law's: only with its article can anybody look it up."""
    return bool(row.statutory and row.source and row.article)


def _cited(row: LimitRow | ClockRule) -> str:
    return f"{source_in(row.source, 'en')} {row.article}".strip() + f" ({row.where})"


def _words(values: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, values))) or "nothing"


def _listed(matters: Sequence[str]) -> str:
    more = f" and {len(matters) - NAMED} more" if len(matters) > NAMED else ""
    return ", ".join(matters[:NAMED]) + more
