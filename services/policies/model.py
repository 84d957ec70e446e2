"""The rules of a place as frozen values: areas, offices, matters, limits, reasons, routing rules."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

from contracts.codes import AreaLevel, ClockKind, Confidence, Field
from services.deadlines import Calendar, CountingRules, Limit, Unit
from services.policies.kinds import ClockRule, Course, course
from services.policies.ladder import Rung
from services.policies.warnings import DEFAULT_LEVELS

AREA_DIGITS = 12
THREE_DAYS = Limit(3, Unit.WORKING_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    code: str
    """Statistical division code, always 12 digits here."""
    name: str
    level: AreaLevel
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    code: str
    """`<role>-<area>`, for example `education-130722000000`."""
    role: str
    area: str
    zh: str
    en: str
    channels: frozenset[str]
    close_of_business: time | None = None
    """When the office closes; the last day of a limit ends then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who has to agree, as people call it."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    limit: Limit
    approver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """One time limit with the law behind it."""

    id: str
    clock: ClockKind
    limit: Limit
    rules: CountingRules
    extension: Extension | None = None
    source: str
    article: str = ""
    statutory: bool
    confidence: Confidence
    due_soon_share: float = 0.8
    warnings: tuple[str, ...] = DEFAULT_LEVELS
    """When it is said that time runs out, for example `80%` or `1wd`."""
    category: str | None = None
    field: Field | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LateReports:
    """How many working days of an office may lie between a hold or resumption and its report."""

    within: Limit = THREE_DAYS
    source: str = "product default"
    article: str = ""
    statutory: bool = False
    confidence: Confidence = Confidence.U


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    code: str
    field: Field
    zh: str
    en: str
    lead_role: str
    co_roles: tuple[str, ...]
    by_clerk: bool = False
    """A clerk decides on acceptance; otherwise the case is accepted when its material is complete."""
    materials: tuple[Material, ...] = ()
    attributes: Mapping[str, frozenset[str | int | bool]] = dataclasses.field(default_factory=dict)
    """Closed-value questions; only these may travel in events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    code: str
    uses: frozenset[str]
    zh: str
    en: str
    stops: frozenset[ClockKind] = frozenset()
    """The clocks that stand still for it."""
    source: str = ""
    article: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """All that is given must hold; what is empty always holds."""

    categories: frozenset[str] = frozenset()
    field: Field | None = None
    area: str | None = None
    """The area itself or one above it."""
    levels: frozenset[AreaLevel] = frozenset()
    """Of the area that the matter is about."""
    attributes: Mapping[str, str | int | bool] = dataclasses.field(default_factory=dict)
    since: date | None = None
    until: date | None = None
    """First and last day on which a case can be accepted under the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who handles what, by role; `where` is file and line."""

    id: str
    when: Condition
    lead: str
    co_handlers: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    where: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Policy:
    """One version of the rules of a place. `version` names the pack and its content."""

    pack: str
    version: str
    effective_from: date
    areas: Mapping[str, Area]
    offices: Mapping[str, Office]
    categories: Mapping[str, Category]
    limits: tuple[LimitRow, ...]
    reasons: Mapping[str, Reason]
    rules: tuple[Rule, ...]
    clocks: tuple[ClockRule, ...]
    calendar: Calendar
    ladder: tuple[Rung, ...] = ()
    late_reports: LateReports = LateReports()
    approvers: Mapping[str, Approver] = dataclasses.field(default_factory=dict)
    calendars: Mapping[str, Calendar] = dataclasses.field(default_factory=dict)
    """By office, where it is not the one of all."""

    def calendar_of(self, office_code: str) -> Calendar:
        """The days that an office works; of an office that is no more, the days of all."""
        return self.calendars.get(office_code, self.calendar)

    def closing_of(self, office_code: str) -> time | None:
        """When the office closes, if its hours end its last days."""
        office = self.offices.get(office_code)
        return office.close_of_business if office is not None else None

    def rules_of(self, row: LimitRow, office_code: str) -> CountingRules:
        """How a limit is counted at an office: the row's own hour of closing stands over the office's."""
        hour = self.closing_of(office_code)
        if row.rules.close_of_business is not None or hour is None:
            return row.rules
        return dataclasses.replace(row.rules, close_of_business=hour)

    def names(self) -> dict[str, tuple[str, str]]:
        """What reasons, approvers and offices are called, by code."""
        return {
            **{code: (approver.zh, approver.en) for code, approver in self.approvers.items()},
            **{code: (reason.zh, reason.en) for code, reason in self.reasons.items()},
            **{code: (office.zh, office.en) for code, office in self.offices.items()},
        }

    def area(self, code: str) -> Area | None:
        """The area of a code of 2, 4, 6, 9 or 12 digits."""
        return self.areas.get(code.ljust(AREA_DIGITS, "0"))

    def upwards(self, code: str) -> Iterator[Area]:
        """The area and those above it, nearest first."""
        area = self.area(code)
        while area is not None:
            yield area
            area = self.areas[area.parent] if area.parent else None

    def within(self, code: str, subtree: str) -> bool:
        return any(area.code == subtree.ljust(AREA_DIGITS, "0") for area in self.upwards(code))

    def office_near(self, role: str, area: str) -> Office | None:
        """The office of the role that is nearest up the area tree."""
        for above in self.upwards(area):
            office = self.offices.get(f"{role}-{above.code}")
            if office is not None:
                return office
        return None

    def limit(self, clock: ClockKind, category: str) -> LimitRow:
        """The first row for the clock that fits; loading makes sure that there is one for what this policy starts."""
        row = self.find_limit(clock, category)
        if row is None:
            raise LookupError(f"no limit for the clock {clock.value} of category {category}")
        return row

    def find_limit(self, clock: ClockKind, category: str) -> LimitRow | None:
        """The limit of a clock by its rule for such matters; none for what the policy does not know."""
        rule = self.course(category).rules.get(clock)
        return _find_limit(self, rule.limit_of if rule is not None else clock, category)

    def course(self, category: str) -> Course:
        """The clocks that a matter has, and what starts and ends them."""
        return _course(self, category)


@lru_cache(maxsize=1024)
def _course(policy: Policy, category: str) -> Course:
    matter = policy.categories.get(category)
    return course(policy.clocks, category, matter.field if matter is not None else None)


@lru_cache(maxsize=8192)
def _find_limit(policy: Policy, clock: ClockKind, category: str) -> LimitRow | None:
    matter = policy.categories.get(category)
    return next(
        (
            row
            for row in policy.limits
            if row.clock is clock
            and row.category in (None, category)
            and (row.field is None or (matter is not None and row.field is matter.field))
        ),
        None,
    )
