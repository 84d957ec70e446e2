"""The rules of a place as frozen values: areas, offices, matters, limits, reasons, routing rules."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

from contracts.codes import AreaLevel, ClockKind, Confidence, Field
from contracts.documents import DocumentKind
from libraries.deadlines import Calendar, CountingRules, Limit
from libraries.policies.approvers import Approver, Decides
from libraries.policies.clock_rules import ClockRule, ClockSchedule, schedule
from libraries.policies.document_templates import DocumentTemplate
from libraries.policies.escalation import EscalationRule
from libraries.policies.heading import Language
from libraries.policies.message_templates import MessageTemplate
from libraries.policies.messages import MessageRow
from libraries.policies.purposes import Purpose
from libraries.policies.reviews import ReviewRule
from libraries.policies.sign_in import GroupRow
from libraries.policies.spans import LateReports, Reopening
from libraries.policies.tree import Area, Tree, whole
from libraries.policies.warnings import DEFAULT_LEVELS


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
    successor: str | None = None
    """The role whose office has its work, where its own role has none there any more."""
    outside: bool = False
    """A charity or social organisation: no authority, and it learns of a matter only with consent."""
    email: str = ""
    phone: str = ""
    """Where the office itself is written to; empty where nobody is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Period:
    """Days in which nothing of the places changes, from `since` to the next one."""

    since: date
    tree: Tree
    offices: Mapping[str, Office]


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
    reason: str | None = None
    """Only where the clock starts for this reason."""
    where: str = ""
    """File and line."""

    def fits(self, category: "Category", reason: str = "") -> bool:
        of_the_matter = self.category in (None, category.code) and self.field in (None, category.field)
        return of_the_matter and self.reason in (None, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    code: str
    zh: str
    en: str
    reuse: Limit | None = None
    """How long after it was handed in it serves for another case of the person; not at all without it."""


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
    questions: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    """What people are asked for each of them, in Chinese and English."""


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
    statutory: bool = False
    where: str = ""
    """File and line."""


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
    tree: Tree
    """The areas of the day on which it is read."""
    offices: Mapping[str, Office]
    """Those of that day."""
    categories: Mapping[str, Category]
    limits: tuple[LimitRow, ...]
    reasons: Mapping[str, Reason]
    rules: tuple[Rule, ...]
    clocks: tuple[ClockRule, ...]
    calendar: Calendar
    language: Language = "zh"
    """Of pages and answers, where nobody asked for another."""
    escalation_rules: tuple[EscalationRule, ...] = ()
    late_reports: LateReports = dataclasses.field(default_factory=LateReports)
    reopening: Reopening = dataclasses.field(default_factory=Reopening)
    approvers: Mapping[str, Approver] = dataclasses.field(default_factory=dict)
    purposes: Mapping[str, Purpose] = dataclasses.field(default_factory=dict)
    reviews: Mapping[str, ReviewRule] = dataclasses.field(default_factory=dict)
    """By the category whose result may be reviewed."""
    documents: Mapping[DocumentKind, DocumentTemplate] = dataclasses.field(default_factory=dict)
    messages: Mapping[str, tuple[MessageRow, ...]] = dataclasses.field(default_factory=dict)
    """By event, who is told of it."""
    message_templates: Mapping[str, MessageTemplate] = dataclasses.field(default_factory=dict)
    groups: tuple[GroupRow, ...] = ()
    calendars: Mapping[str, Calendar] = dataclasses.field(default_factory=dict)
    """By office, where it is not the one of all."""
    periods: tuple[Period, ...] = ()
    """The places of other days, in order."""
    former: Mapping[str, Office] = dataclasses.field(default_factory=dict)
    """Offices that were there before, each as it was last."""
    coming: Mapping[str, Office] = dataclasses.field(default_factory=dict)
    """Offices that will be there."""

    @property
    def areas(self) -> Mapping[str, Area]:
        return self.tree.areas

    def on(self, day: date) -> "Policy":
        """As it is on a day; the same one while nothing of the places changes."""
        number = max((n for n, period in enumerate(self.periods) if period.since <= day), default=None)
        if number is None or self.periods[number].offices is self.offices:
            return self
        return self.in_period(number).with_strays(self.tree.strays)

    def with_strays(self, strays: frozenset[str]) -> "Policy":
        """Codes that no row knows and that are kept somewhere all the same are found where their digits say."""
        if strays == self.tree.strays:
            return self
        return dataclasses.replace(self, tree=dataclasses.replace(self.tree, strays=strays, _runs={}))

    def in_period(self, number: int) -> "Policy":
        period = self.periods[number]
        before = {code: office for one in self.periods[:number] for code, office in one.offices.items()}
        after = {code: office for one in reversed(self.periods[number:]) for code, office in one.offices.items()}
        return dataclasses.replace(
            self,
            tree=period.tree,
            offices=period.offices,
            former={code: office for code, office in before.items() if code not in period.offices},
            coming={code: office for code, office in after.items() if code not in period.offices},
        )

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

    def decides(self, approver: str) -> Decides:
        """To which office somebody belongs who has to agree; of whom nothing is known, to the superior."""
        known = self.approvers.get(approver)
        return known.decides if known is not None else Decides.SUPERIOR

    def names(self) -> dict[str, tuple[str, str]]:
        """What reasons, approvers and offices are called, by code."""
        return {
            **{code: (approver.zh, approver.en) for code, approver in self.approvers.items()},
            **{code: (reason.zh, reason.en) for code, reason in self.reasons.items()},
            **{code: (office.zh, office.en) for code, office in {**self.former, **self.offices}.items()},
        }

    def area(self, code: str) -> Area | None:
        """The area that has this code of 2, 4, 6, 9 or 12 digits today."""
        return self.areas.get(whole(code))

    def knows_area(self, code: str) -> bool:
        """Whether a row has this code, for whatever days."""
        asked = whole(code)
        return asked in self.areas or any(asked in period.tree.areas for period in self.periods)

    def knows_office(self, code: str) -> bool:
        """Whether it is, was or will be one."""
        return code in self.offices or code in self.former or code in self.coming

    def lost_in(self, other: "Policy") -> list[str]:
        """Areas and offices that this policy knows and another does not, not even as ended."""
        areas = {code for period in self.periods for code in period.tree.areas}
        offices = {*self.offices, *self.former}
        lost = [code for code in areas if not other.knows_area(code)]
        return sorted(lost) + sorted(code for code in offices if not other.knows_office(code))

    def area_for(self, code: str) -> Area | None:
        """The area that takes a new matter for a code: also for one that ended, if it is sure who has its ground."""
        row = ended = self.tree.ended.get(whole(code))
        while row is not None:
            if len(row.successors) > 1:
                return None
            row = self.tree.ended.get(row.successors[0]) if row.successors else None
        return self.tree.place(code) if ended is not None else self.area(code)

    def upwards(self, code: str) -> Iterator[Area]:
        """The area of today in which a code lies and those above it, nearest first."""
        return self.tree.upwards(code)

    def within(self, code: str, subtree: str) -> bool:
        """The one relation of areas: for rules, rights and figures alike."""
        return self.tree.within(code, subtree)

    def ranges_within(self, area: str | None) -> tuple[tuple[str, str], ...] | None:
        """The codes that lie in an area, for queries: first and last of each run; `None` for everywhere."""
        return self.tree.ranges_within(area) if area else None

    def office(self, code: str) -> Office | None:
        """An office of today, or as it was last."""
        return self.offices.get(code) or self.former.get(code)

    def office_now(self, code: str) -> Office | None:
        """The office itself, or whoever has its work since it ended; none for what never was one."""
        was = self.former.get(code)
        if was is None:
            return self.offices.get(code)
        return self._standing(was.role, was.area) or self.office_near(was.successor or was.role, was.area)

    def area_code_now(self, code: str) -> str:
        """The area that has the work of a code today; the code itself where nothing is known of it."""
        place = self.tree.place(code)
        return place.code if place is not None else code

    def office_code_now(self, code: str) -> str:
        """The office that has the work of another today; the code itself where nothing is known of it."""
        office = self.office_now(code)
        return office.code if office is not None else code

    def same_office(self, one: str, other: str) -> bool:
        """Whether both are one office today: an office may write before it learns of its successor."""
        if one == other:
            return True
        now = self.office_now(one)
        return now is not None and now is self.office_now(other)

    def _standing(self, role: str, area: str) -> Office | None:
        """The office of a role in an area, or of the role that succeeds it there."""
        asked: list[str] = []
        while role not in asked:
            code = f"{role}-{area}"
            if code in self.offices:
                return self.offices[code]
            asked.append(role)
            was = self.former.get(code)
            role = was.successor if was is not None and was.successor else role
        return None

    def codes_of_office(self, code: str | None) -> tuple[str, ...]:
        """Every code under which an office's work may stand, for queries: also those of offices that passed into it."""
        if code is None:
            return ()
        passed = (old for old in self.former if (now := self.office_now(old)) is not None and now.code == code)
        return (code, *(old for old in passed if old != code))

    def office_near(self, role: str, area: str) -> Office | None:
        """The office of the role that is nearest up the area tree."""
        for above in self.upwards(area):
            office = self._standing(role, above.code)
            if office is not None:
                return office
        return None

    def limit(self, clock: ClockKind, category: str) -> LimitRow:
        """The first row for the clock that fits; loading makes sure that there is one for what this policy starts."""
        row = self.find_limit(clock, category)
        if row is None:
            raise LookupError(f"no limit for the clock {clock.value} of category {category}")
        return row

    def find_limit(self, clock: ClockKind, category: str, reason: str = "") -> LimitRow | None:
        """The limit of a clock by its rule for such matters; none for what the policy does not know.

        `reason` is what the clock starts for, where somebody named one.
        """
        rule = self.schedule(category).rules.get(clock)
        return _find_limit(self, rule.limit_of if rule is not None else clock, category, reason)

    def unclassified(self, category: str) -> bool:
        """Whether nobody has said yet which matter it is: whoever gets it has time for that, and for nothing else."""
        started = self.schedule(category).started.values()
        return any(rule.clock is ClockKind.CLASSIFICATION for rules in started for rule in rules)

    def schedule(self, category: str) -> ClockSchedule:
        """The clocks that a matter has, and what starts and ends them."""
        return _schedule(self, category)


@lru_cache(maxsize=1024)
def _schedule(policy: Policy, category: str) -> ClockSchedule:
    matter = policy.categories.get(category)
    return schedule(policy.clocks, category, matter.field if matter is not None else None)


@lru_cache(maxsize=8192)
def _find_limit(policy: Policy, clock: ClockKind, category: str, reason: str) -> LimitRow | None:
    matter = policy.categories.get(category)
    rows = (
        row
        for row in policy.limits
        if row.clock is clock
        and row.category in (None, category)
        and row.reason in (None, reason)
        and (row.field is None or (matter is not None and row.field is matter.field))
    )
    return next(rows, None)
