"""Good scenarios for the oracle: what three services and the topics hold of a case in which nothing went wrong."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from console.verify.actors import ACTS
from console.verify.snapshot import (
    AlertRow,
    AnswerRow,
    CaseRow,
    ClockRow,
    JournalRow,
    NotifyCaseRow,
    ReceivedFeedbackRow,
    ReferralRow,
    ReferralStatusRow,
    RoutedRow,
    TimerRow,
)
from contracts.clocks import (
    ClockCancelled,
    ClockExtended,
    ClockFacts,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    LimitBasis,
)
from contracts.codes import (
    CaseState,
    ClockKind,
    ClockStatus,
    Door,
    Field,
    ReferralRole,
    ReferralState,
    Role,
    SubmissionChannel,
    SupervisionLevel,
)
from contracts.events import CaseBound, Event, cases, clocks, referrals
from contracts.events.alerts import Supervision
from contracts.events.base import Actor
from contracts.events.rejections import FeedbackRejected
from contracts.topics import HOME, OFFICE_REFERRALS, REJECTIONS
from tests.events import AFTER, of_clocks

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
EDUCATION = "education-130722000000"
PENSIONS = "social_security-130722000000"
AREA = "130722100000"
BASIS = LimitBasis(policy_version="1", row="handling", source="test")


def known_as(what: int, number: int, place: int) -> UUID:
    """A readable id: what it names, of which case, and which one."""
    return UUID(f"01990000-{what:04x}-7000-8000-{number:06x}{place:06x}")


def _home(event: Event) -> str:
    """Where something is said that belongs to no case."""
    return OFFICE_REFERRALS.named(event.office) if isinstance(event, FeedbackRejected) else REJECTIONS.name


def _actor(service: str, event: CaseBound) -> Actor:
    """The window by HTTP, or the office that the event is about by its topic."""
    if service == "intake":
        return Actor(door=Door.HTTP, role=Role.CLERK, office=f"township-{AREA}", post="window-1")
    return Actor(door=Door.KAFKA, role=Role.OFFICER, office=getattr(event, "office", EDUCATION))


class Scenario:
    """One case, told act by act. Rows stand by their id, so that a later act replaces what it changes."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.case_id = known_as(1, 0, number)
        self.journal: list[JournalRow] = []
        self.last: Counter[tuple[str, UUID]] = Counter()
        self.clocks: dict[UUID, tuple[str, ClockFacts]] = {}
        self.rows: dict[type, dict[UUID, tuple]] = {}
        self.alerts: list[AlertRow] = []
        self.received_feedback: list[ReceivedFeedbackRow] = []
        self.kept_answers: list[AnswerRow] = []

    def keep(self, row: tuple) -> None:
        self.rows.setdefault(type(row), {})[row[0]] = row

    def change(self, kind: type, id_: UUID, **values: object) -> None:
        self.keep(self.rows[kind][id_]._replace(**values))

    def says(self, service: str, event: Event, *, copies: tuple[str, ...] = ()) -> JournalRow:
        case_id = event.case_id if isinstance(event, CaseBound) else None
        if isinstance(event, CaseBound) and event.by is None and event.TYPE in ACTS:
            event = msgspec.structs.replace(event, by=_actor(service, event))
        self.last[service, self.case_id] += case_id is not None
        sequence = self.last[service, self.case_id] if case_id is not None else None
        first = JournalRow(
            service=service,
            topic=HOME[service].name if case_id is not None else _home(event),
            case_id=case_id,
            event_id=known_as(2, self.number, len(self.journal)),
            type=event.wire_type(),
            sequence=sequence,
            value=msgspec.json.encode(event),
        )
        self.journal += [first, *(first._replace(topic=OFFICE_REFERRALS.named(office)) for office in copies)]
        return first

    def is_registered(self) -> None:
        number = f"130722-20260302-{self.number:05}-1"
        registered = cases.CaseRegistered(
            state=CaseState.REGISTERED,
            case_id=self.case_id,
            number=number,
            category="education.student_aid",
            field=Field.EDUCATION,
            area=AREA,
            channel=SubmissionChannel.WINDOW,
            source="window",
            submission_id=f"{self.number}",
            received_at=MONDAY,
            registered_at=MONDAY,
            first_contact_office=f"township-{AREA}",
        )
        self.says("intake", registered)
        self.keep(CaseRow(self.case_id, number, CaseState.REGISTERED, accepted=False, lead=None))
        self.keep(NotifyCaseRow(self.case_id, number, CaseState.REGISTERED))
        self.begins("intake", ClockKind.ACCEPTANCE, days=5)

    def is_in_state(self, state: CaseState, event: cases.CaseEvent) -> None:
        self.says("intake", event)
        accepted = self.rows[CaseRow][self.case_id].accepted or isinstance(event, cases.CaseAccepted)
        self.change(CaseRow, self.case_id, state=state, accepted=accepted)
        self.change(NotifyCaseRow, self.case_id, state=state)

    def is_accepted(self) -> None:
        row = self.rows[CaseRow][self.case_id]
        accepted = cases.CaseAccepted(
            state=CaseState.ACCEPTED,
            case_id=self.case_id,
            number=row.number,
            category="education.student_aid",
            field=Field.EDUCATION,
            area=AREA,
            channel=SubmissionChannel.WINDOW,
            accepted_at=MONDAY + DAY,
            first_contact_office=f"township-{AREA}",
        )
        self.is_in_state(CaseState.ACCEPTED, accepted)
        self.ends("intake", ClockKind.ACCEPTANCE, MONDAY + DAY)

    def is_dispatched(self, *, co: str | None = PENSIONS, days: int = 20) -> None:
        decided = referrals.RoutingDecided(
            case_id=self.case_id,
            decision_id=known_as(3, self.number, 1),
            policy_version="1",
            rule="category",
            lead=EDUCATION,
            decided_at=MONDAY + DAY,
        )
        self.says("routing", decided)
        self.keep(RoutedRow(self.case_id, self.rows[CaseRow][self.case_id].number, 1, AREA))
        self.sends(ReferralRole.LEAD, EDUCATION)
        if co is not None:
            self.sends(ReferralRole.CO, co)
        self.begins("routing", ClockKind.HANDLING, days=days)
        self.change(CaseRow, self.case_id, state=CaseState.IN_PROGRESS, lead=self.referral(ReferralRole.LEAD))
        self.change(NotifyCaseRow, self.case_id, state=CaseState.IN_PROGRESS)

    def referral(self, role: ReferralRole) -> UUID:
        return known_as(4, self.number, 1 if role is ReferralRole.LEAD else 2)

    def sends(self, role: ReferralRole, office: str, **more: object) -> None:
        id_ = self.referral(role)
        more |= {"number": "n", "category": "c", "field": Field.EDUCATION, "area": AREA, "decision_id": id_}
        self._acts(referrals.ReferralDispatched, role, office, MONDAY + DAY, **more)
        self.keep(
            ReferralRow(id_, self.case_id, office, role, ReferralState.DISPATCHED, MONDAY + DAY, ended=False),
        )
        self.keep(ReferralStatusRow(id_, self.case_id, office, ReferralState.DISPATCHED))

    def answers(self, kind: type[referrals.ReferralEvent], role: ReferralRole, state: ReferralState, **more) -> None:
        row = self.rows[ReferralRow][self.referral(role)]
        self._acts(kind, role, row.office, MONDAY + 9 * DAY, **more)
        ended = state in {"returned", "completed", "failed", "cancelled"}
        self.change(ReferralRow, row.referral_id, state=state, ended=ended)
        self.change(ReferralStatusRow, row.referral_id, state=state)

    def is_recorded(self, role: ReferralRole, at: datetime) -> None:
        """The office has signed, and routing says so."""
        row = self.rows[ReferralRow][self.referral(role)]
        self._acts(referrals.ReferralProgressReported, role, row.office, at, feedback_id=f"f{len(self.journal)}")
        place = self.number * 10 + len(self.kept_answers)
        self.kept_answers.append(AnswerRow(place, self.case_id, row.office, place, at))

    def _acts(
        self, kind: type[referrals.ReferralEvent], role: ReferralRole, office: str, at: datetime, **more: object
    ) -> None:
        id_ = self.referral(role)
        event = kind(state=AFTER[kind], case_id=self.case_id, referral_id=id_, office=office, role=role, at=at, **more)
        self.says("routing", event, copies=(office,))

    def clock(self, kind: ClockKind) -> UUID:
        return known_as(5, self.number, [*ClockKind].index(kind))

    def begins(
        self,
        service: str,
        kind: ClockKind,
        *,
        days: int,
        since: datetime = MONDAY,
        continues: UUID | None = None,
    ) -> None:
        office = EDUCATION if service == "routing" else f"township-{AREA}"
        clock = ClockStarted(
            clock_id=self.clock(kind),
            kind=kind,
            version=1,
            office=office,
            area=AREA,
            limit=f"{days}d",
            started_at=since,
            due_at=since + days * DAY,
            due_soon_at=since + (days - 2) * DAY,
            referral_id=self.referral(ReferralRole.LEAD) if service == "routing" else None,
            basis=BASIS,
            continues=continues,
        )
        self._stands(service, clock, of_clocks(self.case_id, since, clock))

    def _stands(self, service: str, clock: ClockFacts, event: CaseBound) -> None:
        """A clock as it is after this event, at its owner and at the watch."""
        self.says(service, event, copies=(clock.office,) if service == "routing" else ())
        self.clocks[clock.clock_id] = service, clock
        status = ClockStatus.RUNNING if clock.due_at is not None else ClockStatus.PAUSED
        if service == "routing":
            self.keep(ClockRow(clock.clock_id, self.case_id, clock.version, status, clock.due_at))
        self.keep(
            TimerRow(
                clock_id=clock.clock_id,
                case_id=self.case_id,
                referral_id=clock.referral_id,
                kind=clock.kind,
                version=clock.version,
                status=status,
                next_alert="due_soon" if clock.due_at is not None else None,
                next_fire_at=clock.due_soon_at,
                due_at=clock.due_at,
                ended_at=None,
                office=clock.office,
            )
        )

    def pauses(self, kind: ClockKind, at: datetime) -> None:
        self._turns(kind, at, ClockPaused, due_at=None, due_soon_at=None, reason="hearing", since=at)

    def resumes(self, kind: ClockKind, at: datetime, due_at: datetime) -> None:
        self._turns(kind, at, ClockResumed, due_at=due_at, due_soon_at=due_at - 2 * DAY, since=at)

    def _turns(self, kind: ClockKind, at: datetime, how: type[ClockFacts], **more: object) -> None:
        service, clock = self.clocks[self.clock(kind)]
        snapshot = {name: getattr(clock, name) for name in ClockFacts.__struct_fields__}
        now = how(**(snapshot | {"version": clock.version + 1} | more))
        self._stands(service, now, of_clocks(self.case_id, at, now))

    def is_longer(self, kind: ClockKind, at: datetime, due_at: datetime) -> None:
        """As its head has decided."""
        service, clock = self.clocks[self.clock(kind)]
        snapshot = {name: getattr(clock, name) for name in ClockFacts.__struct_fields__}
        more = {"version": clock.version + 1, "due_at": due_at, "due_soon_at": due_at - DAY, "extensions": ("25d",)}
        now = ClockExtended(**(snapshot | more), added="25d", approver="unit_head", reason="complex")
        event = referrals.ReferralExtended(
            case_id=self.case_id,
            referral_id=self.referral(ReferralRole.LEAD),
            office=clock.office,
            role=ReferralRole.LEAD,
            state=ReferralState.IN_PROGRESS,
            at=at,
            clocks=(now,),
            by=Actor(door=Door.HTTP, role=Role.HEAD, office=clock.office),
        )
        self._stands(service, now, event)

    def is_recounted(self, kind: ClockKind, at: datetime, due_at: datetime) -> None:
        service, clock = self.clocks[self.clock(kind)]
        moved = msgspec.structs.replace(clock, version=clock.version + 1, due_at=due_at, due_soon_at=due_at - DAY)
        event = clocks.ClockRecalculated(
            case_id=self.case_id,
            clocks=(moved,),
            previous_due_at=(clock.due_at,),
            reason="calendar_changed",
            recalculated_at=at,
        )
        self._stands(service, moved, event)

    def ends(
        self, service: str, kind: ClockKind, at: datetime, how: type[ClockMet | ClockCancelled] = ClockMet
    ) -> None:
        _, clock = self.clocks[self.clock(kind)]
        stop = how(clock_id=clock.clock_id, kind=kind, version=clock.version, at=at)
        self.says(service, of_clocks(self.case_id, at, stop))
        status = ClockStatus.MET if how is ClockMet else ClockStatus.CANCELLED
        if service == "routing":
            self.change(ClockRow, clock.clock_id, status=status)
        broken = self.rows[TimerRow][clock.clock_id].status == ClockStatus.BREACHED
        ended = {"next_alert": None, "next_fire_at": None, "ended_at": at}
        self.change(TimerRow, clock.clock_id, status=ClockStatus.BREACHED if broken else status, **ended)

    def alerts_of(self, kind: ClockKind, alert: type[clocks.ClockAlert], at: datetime, **more: object) -> None:
        """Notify speaks of the clock as it stands."""
        _, clock = self.clocks[self.clock(kind)]
        event = alert(
            case_id=self.case_id,
            clock_id=clock.clock_id,
            kind=kind,
            version=clock.version,
            office=clock.office,
            area=AREA,
            referral_id=clock.referral_id,
            due_at=clock.due_at,
            fired_at=at,
            **more,
        )
        published = self.says("notify", event)
        self.alerts.append(
            AlertRow(published.event_id, self.case_id, clock.clock_id, alert.TYPE, clock.version, "", (clock.office,))
        )
        broken = alert is clocks.ClockBreached
        status = ClockStatus.BREACHED if broken else ClockStatus.DUE_SOON
        then: dict[str, object] = {"next_alert": None, "next_fire_at": None}
        if not broken:
            then = {"next_alert": "breached", "next_fire_at": clock.due_at}
        self.change(TimerRow, clock.clock_id, status=status, **then)

    def is_supervised(self, kind: ClockKind, level: type[Supervision], at: datetime) -> None:
        _, clock = self.clocks[self.clock(kind)]
        self.says(
            "notify",
            level(
                case_id=self.case_id,
                clock_id=clock.clock_id,
                office=clock.office,
                area=AREA,
                level=SupervisionLevel(level.TYPE.partition(".")[2]),
                recipients=(clock.office,),
                at=at,
                version=clock.version,
            ),
        )

    def of(self, kind: type) -> list:
        return [*self.rows.get(kind, {}).values()]
