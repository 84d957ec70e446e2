"""Kinds of clocks as a policy writes them: what starts and ends each, for which matters, and what silence means."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts.codes import WAITS, WINDOWS, WORK, ClockKind, Confidence, Field, ReferralRole
from libraries.policies.rows import Fault, Row, code_of, file_of

FILE: Final = "clocks.yaml"
DEFAULT_ROLES: Final = frozenset({ReferralRole.LEAD, ReferralRole.CO})
ACCEPTED: Final = "accepted"
REFUSED: Final = "refused"
LEFT_OUT: Final = frozenset({ClockKind.CLASSIFICATION})
"""Of which a pack may say nothing: where every window knows which matter it is."""
SILENCE: Final = ("", ACCEPTED, REFUSED)
"""What silence can mean."""


class Trigger(StrEnum):
    """What clocks hang on: the events of the same names."""

    CASE_REGISTERED = "case.registered"
    CASE_SUPPLEMENT_REQUESTED = "case.supplement_requested"
    CASE_SUPPLEMENTED = "case.supplemented"
    CASE_ACCEPTED = "case.accepted"
    CASE_NOT_ACCEPTED = "case.not_accepted"
    CASE_WITHDRAWN = "case.withdrawn"
    CASE_MERGED = "case.merged"
    CASE_UNMERGED = "case.unmerged"
    CASE_RESOLVED = "case.resolved"
    CASE_TERMINATED = "case.terminated"
    CASE_CLOSED = "case.closed"
    CASE_REOPENED = "case.reopened"
    CASE_REVIEW_REQUESTED = "case.review_requested"
    REFERRAL_DISPATCHED = "referral.dispatched"
    REFERRAL_SIGNED = "referral.signed"
    REFERRAL_ACCEPTED = "referral.accepted"
    REFERRAL_DEEMED_ACCEPTED = "referral.deemed_accepted"
    REFERRAL_RETURN_REQUESTED = "referral.return_requested"
    REFERRAL_RETURNED = "referral.returned"
    REFERRAL_RETURN_REFUSED = "referral.return_refused"
    REFERRAL_EXTENSION_REQUESTED = "referral.extension_requested"
    REFERRAL_EXTENDED = "referral.extended"
    REFERRAL_EXTENSION_REFUSED = "referral.extension_refused"
    REFERRAL_ON_HOLD = "referral.on_hold"
    REFERRAL_RESUMED = "referral.resumed"
    REFERRAL_PROGRESS_REPORTED = "referral.progress_reported"
    REFERRAL_COMPLETED = "referral.completed"
    REFERRAL_FAILED = "referral.failed"
    REFERRAL_CANCELLED = "referral.cancelled"
    REFERRAL_CLASSIFIED = "referral.classified"
    REFERRAL_REWORK_REQUESTED = "referral.rework_requested"
    ROUTING_UNMATCHED = "routing.unmatched"

    @property
    def of_a_case(self) -> bool:
        return self.value.startswith("case.")


class OnlyIf(StrEnum):
    """What must hold where a clock starts."""

    MATERIAL_MISSING = "material_missing"
    """The case was registered without all that has to be handed in."""
    RETURNABLE = "returnable"
    """No return of the referral was refused or arbitrated before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRule:
    """One row; `where` is file and line."""

    clock: ClockKind
    starts: frozenset[Trigger]
    meets: frozenset[Trigger]
    """What it waited for."""
    cancels: frozenset[Trigger]
    """What leaves it nothing to wait for. The end of its case or referral does so anyway."""
    roles: frozenset[ReferralRole] = DEFAULT_ROLES
    only_if: OnlyIf | None = None
    categories: frozenset[str] = frozenset()
    field: Field | None = None
    instead_of: ClockKind | None = None
    limit_of: ClockKind
    """Whose limit it has: its own, or that of the work which it is a part of."""
    silence_accepts: bool = False
    silence_refuses: bool = False
    extends: bool = False
    passes_on: bool = False
    source: str
    article: str
    statutory: bool
    confidence: Confidence
    where: str

    @property
    def id(self) -> str:
        matters = [*sorted(self.categories), *([self.field.value] if self.field else [])]
        return ".".join([self.clock.value, *matters])

    @property
    def at_the_window(self) -> bool:
        """Whether the case's window keeps it, and not the office of a referral."""
        return any(what.of_a_case for what in self.starts)

    def concerns(self, category: str, field: Field | None) -> bool:
        return (not self.categories or category in self.categories) and self.field in (None, field)


@dataclass(frozen=True, slots=True, eq=False)
class ClockSchedule:
    """The clocks of a matter. Rules that stand in each other's place are sorted out."""

    rules: Mapping[ClockKind, ClockRule]
    """Of every kind, also of those that no such matter starts any more and an older one still has."""
    started: Mapping[Trigger, tuple[ClockRule, ...]]
    met: Mapping[Trigger, tuple[ClockKind, ...]]
    cancelled: Mapping[Trigger, tuple[ClockKind, ...]]
    accepting: frozenset[ClockKind]
    """Whose silent end means acceptance."""

    def starting(self, what: Trigger, role: ReferralRole | None = None) -> Iterator[ClockRule]:
        """Of a referral in that role; without a role those of the case's window."""
        for rule in self.started.get(what, ()):
            if rule.at_the_window if role is None else (role in rule.roles and not rule.at_the_window):
                yield rule

    def meeting(self, what: Trigger) -> tuple[ClockKind, ...]:
        return self.met.get(what, ())

    def cancelling(self, what: Trigger) -> tuple[ClockKind, ...]:
        return self.cancelled.get(what, ())


def schedule(rules: Sequence[ClockRule], category: str, field: Field | None) -> ClockSchedule:
    """Of each kind the first rule that fits the matter; of a kind that no such matter starts, what ends older ones."""
    fitting: dict[ClockKind, ClockRule] = {}
    for rule in rules:
        if rule.concerns(category, field):
            fitting.setdefault(rule.clock, rule)
    runs = {kind: rule for kind, rule in fitting.items() if rule.starts}
    replaced = {rule.instead_of for rule in runs.values()}
    of_each = {rule.clock: rule for rule in rules} | {rule.clock: rule for rule in rules if rule.starts} | runs
    ordered = [of_each[kind] for kind in dict.fromkeys(rule.clock for rule in rules)]
    starting = [rule for rule in ordered if rule.clock in runs and rule.clock not in replaced]
    return ClockSchedule(
        rules=of_each,
        started={what: tuple(rule for rule in starting if what in rule.starts) for what in Trigger},
        met={what: tuple(rule.clock for rule in ordered if what in rule.meets) for what in Trigger},
        cancelled={what: tuple(rule.clock for rule in ordered if what in rule.cancels) for what in Trigger},
        accepting=frozenset(rule.clock for rule in ordered if rule.silence_accepts),
    )


def clock_rules(rows: Sequence[Row]) -> tuple[ClockRule, ...]:
    """Rows of clocks.yaml in order."""
    found: list[ClockRule] = []
    for row in rows:
        rule = _rule(row)
        row.done()
        if rule is None:
            continue
        for wrong in _faults(rule):
            row.refuse(wrong)
        if any(rule.id == one.id and file_of(one.where) == row.file for one in found):
            row.refuse(f"clock {rule.id} stands here twice")
        found.append(rule)
    return tuple(found)


def _rule(row: Row) -> ClockRule | None:
    clock = code_of(row, "clock", ClockKind, row.text("clock"))
    confidence = code_of(row, "confidence", Confidence, row.text("confidence"))
    roles = [code_of(row, "of", ReferralRole, name) for name in row.texts("of")]
    only_if = code_of(row, "if", OnlyIf, row.text("if")) if "if" in row.values else None
    field = code_of(row, "field", Field, row.text("field")) if "field" in row.values else None
    instead_of = code_of(row, "instead_of", ClockKind, row.text("instead_of")) if "instead_of" in row.values else None
    limit_of = code_of(row, "limit_of", ClockKind, row.text("limit_of")) if "limit_of" in row.values else clock
    silence = row.text("silence", "")
    if silence not in SILENCE:
        row.refuse(f"silence can only mean {ACCEPTED} or {REFUSED}")
    starts, meets, cancels = (_triggers(row, name) for name in ("starts", "meets", "cancels"))
    if "starts" not in row.values:
        row.refuse("starts is missing; an empty list says that the clock never starts")
    categories, source, article = frozenset(row.texts("categories")), row.text("source"), row.text("article", "")
    statutory, extends, passes_on = (row.flag(name) for name in ("statutory", "extends", "passes_on"))
    if clock is None or limit_of is None or confidence is None:
        return None
    return ClockRule(
        clock=clock,
        starts=starts,
        meets=meets,
        cancels=cancels,
        roles=frozenset(role for role in roles if role is not None) or DEFAULT_ROLES,
        only_if=only_if,
        categories=categories,
        field=field,
        instead_of=instead_of,
        limit_of=limit_of,
        silence_accepts=silence == ACCEPTED,
        silence_refuses=silence == REFUSED,
        extends=extends,
        passes_on=passes_on,
        source=source,
        article=article,
        statutory=statutory,
        confidence=confidence,
        where=f"{row.file}:{row.line}",
    )


def _triggers(row: Row, name: str) -> frozenset[Trigger]:
    found = [code_of(row, name, Trigger, value) for value in row.texts(name)]
    return frozenset(what for what in found if what is not None)


def _faults(rule: ClockRule) -> Iterator[str]:
    """What a single row cannot mean."""
    kind = rule.clock.value
    both = rule.starts | rule.meets | rule.cancels
    if rule.at_the_window and not all(what.of_a_case for what in rule.starts):
        yield "starts must name events of the case, or of its referrals, but not both"
    if rule.starts and not rule.at_the_window and any(what.of_a_case for what in both):
        yield "a clock of a referral hears only of its referral: a case that ends ends it anyway"
    if rule.starts and not rule.meets and rule.clock not in WINDOWS:
        yield "meets is missing: only a right or a duty to keep ends by itself"
    if overlap := sorted(rule.starts & (rule.meets | rule.cancels)):
        yield f"{overlap[0]} cannot both start and end a clock"
    if ReferralRole.INFO in rule.roles:
        yield "a copy has no clocks"
    if (ReferralRole.CHECK in rule.roles) != (rule.clock is ClockKind.CHECK):
        yield f"of: [{ReferralRole.CHECK.value}] is said of the clock {ClockKind.CHECK.value}, and of nothing else"
    if rule.only_if is OnlyIf.MATERIAL_MISSING and rule.starts != {Trigger.CASE_REGISTERED}:
        yield f"{rule.only_if} goes with starts: [{Trigger.CASE_REGISTERED}]"
    if rule.only_if is OnlyIf.RETURNABLE and rule.at_the_window:
        yield f"{rule.only_if} is said of referrals"
    if rule.instead_of is not None and (rule.instead_of is rule.clock or not (rule.categories or rule.field)):
        yield "instead_of names another clock, and the matters for which it does not run"
    if rule.silence_accepts and rule.clock in WORK:
        yield f"no silence finishes the work: {kind} cannot say silence"
    if rule.silence_accepts and rule.clock in WAITS:
        yield f"who waits accepts nothing: {kind} cannot say silence"
    if rule.silence_refuses != (rule.clock is ClockKind.EXTENSION_DECISION):
        yield f"silence: {REFUSED} is said of {ClockKind.EXTENSION_DECISION.value}, always, and of nothing else"
    for name, given in (("extends", rule.extends), ("passes_on", rule.passes_on)):
        if given and rule.clock not in WORK:
            yield f"only clocks of the work can say {name}"


def kind_faults(rules: Sequence[ClockRule], file: str) -> Iterator[Fault]:
    """What single rows cannot show: kinds of which nothing is said."""
    given = {rule.clock for rule in rules}
    for kind in ClockKind:
        if kind not in given and kind not in LEFT_OUT:
            yield Fault(file=file, line=1, reason=f"{FILE} says nothing of the clock {kind.value}")
