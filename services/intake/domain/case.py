"""The case as intake keeps it, without its applicant."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from contracts.clocks import ClockFacts, LimitBasis
from contracts.codes import LEAD_WORK, CaseState, ClockKind, Field, ReferralRole, SubmissionChannel
from contracts.reviews import ReviewResult
from libraries.clocks.clock import LegalClock, basis_of, terms_of
from libraries.deadlines import due
from libraries.ids import derived_id
from libraries.policies import Policy
from libraries.policies.clock_rules import Trigger
from libraries.policies.decision import Matter, coordinator, decide


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAnswer:
    """Who owes the next answer, until when, and which law says so."""

    office: str
    kind: ClockKind
    limit: str
    due_at: datetime | None
    provisional: bool
    basis: LimitBasis
    announced: bool = True
    """Said by whoever owns the clock; until then it is what the policy lets expect."""

    @classmethod
    def of(cls, clock: ClockFacts) -> "ExpectedAnswer":
        """As the owner of the clock said it."""
        return cls(
            office=clock.office,
            kind=clock.kind,
            limit="+".join((clock.limit, *clock.extensions)),
            due_at=clock.due_at,
            provisional=clock.provisional,
            basis=clock.basis,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclassified:
    """What the case was before it became what it is, and until when its lead had time by the law of that."""

    at: datetime
    reason: str
    category: str
    area: str
    due_at: datetime | None
    limit: str
    basis: LimitBasis | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRound:
    """A round that has ended with a result, and another followed."""

    round: int
    category: str
    office: str
    """Whose result it was."""
    resolved_at: datetime
    result: ReviewResult | None = None
    """Of a review."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A registered matter."""

    id: UUID
    number: str
    source: str
    submission_id: str
    fingerprint: bytes
    state: CaseState
    category: str
    field: Field
    area: str
    channel: SubmissionChannel
    attributes: dict[str, str | int | bool]
    required: tuple[str, ...]
    """Codes of the material that has to be handed in: what the policy asked for when the case was registered, and what
    a notice added. What a newer policy asks for is asked of newer cases."""
    materials: tuple[str, ...]
    """What was handed in, also what nobody asked for."""
    first_contact_office: str
    """The window that was asked first stays responsible for informing the applicant (首问首办)."""
    first_contact_post: str
    """The post of who was asked first (首问责任人); without one the desk answers for it."""
    received_at: datetime
    registered_at: datetime
    round: int = 1
    notices: int = 0
    """How often the applicant was told what is missing."""
    accepted_at: datetime | None = None
    resolved_at: datetime | None = None
    called_back_at: datetime | None = None
    """When a call-back of this round first reached the applicant."""
    lead: UUID | None = None
    """The referral that solves it; it moves when routing sends the case elsewhere."""
    lead_office: str | None = None
    handling: ExpectedAnswer | None = None
    """The lead's time: what routing last said of it, or what is expected until it does."""
    merged_into: UUID | None = None
    """The case in which the matter goes on, of one that is merged."""
    pending_notices: tuple[str, ...] = ()
    """What the applicant has still to be told of."""
    reclassified: Reclassified | None = None
    """What it was before, of a case that became another matter while offices had it."""
    judged: tuple[JudgedRound, ...] = ()
    """The rounds before this one."""
    result: ReviewResult | None = None
    """Of this round, if it is a review that has ended."""
    clocks: tuple[LegalClock, ...] = ()
    """Intake's own clocks that are open."""

    @property
    def missing(self) -> tuple[str, ...]:
        """What is still to be handed in."""
        return tuple(code for code in self.required if code not in self.materials)

    @property
    def judges(self) -> tuple[str, ...]:
        """The offices of the rounds before, in order, and of this one if it has ended: the last gave the result."""
        ended = self.lead_office if self.resolved_at is not None else None
        return (*(one.office for one in self.judged), *([ended] if ended else []))

    @property
    def erased(self) -> bool:
        """Whether what is personal of it was destroyed; its content cannot be compared with anything any more."""
        return not self.fingerprint

    @property
    def first_contact_area(self) -> str:
        """Where the window stands; an office's code ends with it."""
        return self.first_contact_office.rpartition("-")[2]


def first_contact(policy: Policy, area: str) -> str | None:
    """The window that is nearest to an area: the township's, else civil affairs."""
    office = policy.office_near("township", area) or policy.office_near("civil_affairs", area)
    return office.code if office is not None else None


def lead_of(case: Case, accepted_at: datetime, policy: Policy) -> str:
    """The office to which routing will send it: asked of the one decision that routing asks."""
    matter = Matter(
        category=case.category, field=case.field, area=case.area, attributes=case.attributes, accepted_at=accepted_at
    )
    return decide(matter, policy).lead


def expected(what: Trigger, office: str, started_at: datetime, category: str, policy: Policy) -> ExpectedAnswer | None:
    """What the policy says of the lead's answer before its clock is announced; none where it starts no such clock."""
    schedule = policy.schedule(category)
    kinds = [rule.clock for rule in schedule.starting(what, ReferralRole.LEAD) if rule.clock in LEAD_WORK]
    row = policy.find_limit(kinds[0], category) if kinds else None
    if row is None:
        return None
    end = due(started_at, row.limit, calendar=policy.calendar_of(office), rules=policy.rules_of(row, office))
    return ExpectedAnswer(
        office=office,
        kind=kinds[0],
        limit=str(row.limit),
        due_at=end.due_at,
        provisional=end.provisional,
        basis=basis_of(row, policy),
        announced=False,
    )


def new_clock(case: Case, kind: ClockKind, started_at: datetime, policy: Policy) -> LegalClock:
    """One of intake's own. No two of a kind start at the same moment, and the id says so."""
    office = holder_of(case, kind, policy)
    return LegalClock(
        id=derived_id("case", str(case.id), kind.value, str(case.round), started_at.astimezone(UTC).isoformat()),
        kind=kind,
        office=office,
        area=case.area,
        terms=terms_of(policy.limit(kind, case.category), policy, office),
        started_at=started_at,
        round=case.round,
    )


def holder_of(case: Case, kind: ClockKind, policy: Policy) -> str:
    """Whose time it is: the window's, but for what only routing can do, which is the coordinator's.

    It sends by hand where the rules find nobody; nobody is called late for a step that it cannot take.
    """
    rule = policy.schedule(case.category).rules.get(kind)
    sends = rule is not None and bool(rule.meets) and not any(what.of_a_case for what in rule.meets)
    return coordinator(policy, case.area) if sends else case.first_contact_office
