"""Any course of events, in any order and with any delay: nothing twice, nothing after the end, never both."""

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from contracts.codes import ClockKind, ClockStatus, SupervisionLevel
from services.notify.domain import escalation, timers
from services.notify.domain.alerts import Alert, BackOff, Candidate, decide_alert
from services.notify.domain.timers import AlertKind, PlannedAlert, Timer, initial_state, planned_alerts
from tests.civil_time import CALENDAR
from tests.unit.notify.builders import COME, COUNTY, DAY, OFFICE, a_timer, civil, the_policy

POLICY = the_policy()
WAITS = BackOff(shortest=timedelta(minutes=1), longest=timedelta(hours=1), longest_for_reading=timedelta(minutes=5))
START = civil("02 09:00")
HOURS = st.integers(min_value=0, max_value=240).map(lambda number: timedelta(hours=number))
DAYS = st.integers(min_value=1, max_value=10)
OFFICES = st.sampled_from([OFFICE, COUNTY])
KINDS = st.sampled_from([ClockKind.HANDLING, ClockKind.UNMATCHED, ClockKind.SIGNING, ClockKind.RETURN_WINDOW])


class AnyOrder(RuleBasedStateMachine):
    """A clock with its owner, the timer of it and its escalation; time only goes on."""

    @initialize(kind=KINDS, days=DAYS)
    def starts(self, kind: ClockKind, days: int) -> None:
        self.now = self.read_until = START
        self.version = 1
        self.kind = kind
        self.due_at = self._end(days)
        self.shift = timedelta()
        self.paused_due: datetime | None = None
        self.office = OFFICE
        self.sent: dict[str, datetime] = {}
        """By level, the last moment for which the office heard it."""
        self.spared: dict[str, datetime] = {}
        """By level, the last moment that the office was spared, because a later one had passed as well."""
        self.timer = timers.updated(None, self._timer(self.due_at), self.now)
        self.escalation: escalation.Escalation | None = None
        self.alerts: Counter[tuple[int, AlertKind, str]] = Counter()
        self.rules: Counter[tuple[int, SupervisionLevel]] = Counter()
        self.escalated: list[tuple[int, SupervisionLevel]] = []
        self.settled_at: datetime | None = None

    def _end(self, days: int) -> datetime:
        return (self.now + days * DAY).replace(hour=23, minute=59, second=59, microsecond=999999)

    def _timer(self, due_at: datetime | None) -> Timer:
        coming = self._moments(due_at)
        status, alert, at = initial_state(self.kind, due_at, coming)
        known = a_timer(self.kind, coming) if not hasattr(self, "timer") else self.timer
        return replace(
            known,
            office=self.office,
            version=self.version,
            started_at=START,
            due_soon_at=None,
            due_at=due_at,
            status=status,
            next_alert=alert,
            next_fire_at=at,
            pending=coming,
            sent=(),
            breached_at=None,
            ended_at=None,
        )

    def _moments(self, due_at: datetime | None) -> tuple[PlannedAlert, ...]:
        if due_at is None or self.kind in timers.WINDOWS:
            return ()
        half = START + (due_at - START) / 2 + self.shift
        return planned_alerts(
            [("half", half), ("1d", due_at - DAY)], started_at=START, due_at=due_at, calendar=CALENDAR
        )

    @rule(later=HOURS)
    def time_passes(self, later: timedelta) -> None:
        self.now += later

    @rule()
    def everything_is_read(self) -> None:
        """No answer that arrived before now is unknown any more."""
        self.read_until = self.now

    @rule()
    def the_scheduler_looks(self) -> None:
        while self.timer.next_fire_at is not None and self.timer.next_fire_at <= self.now:
            deferred = self.timer.next_alert is AlertKind.BREACHED and self.timer.due_at >= self.read_until
            outcome = decide_alert(
                Candidate(timer=self.timer, unread=deferred, feedback=None), self.now, WAITS, POLICY, COME
            )
            if not isinstance(outcome, Alert):
                self.timer = replace(outcome.timer, next_fire_at=outcome.retry_at)
                return
            self._says(outcome)
            self.timer = outcome.after

    def _says(self, fired: Alert) -> None:
        self.alerts[fired.before.version, fired.kind, fired.level] += 1
        assert fired.fired_at >= fired.scheduled_at
        if fired.kind in (AlertKind.DUE_SOON, AlertKind.LAST_DAY):
            assert fired.level not in self.sent or fired.scheduled_at > self.sent[fired.level], (
                "the office has heard this"
            )
            self.sent[fired.level] = fired.scheduled_at
        assert fired.kind is not AlertKind.BREACHED or fired.fired_at >= fired.before.due_at
        began = escalation.start_escalation(self.escalation, fired.before, fired.kind, POLICY)
        self.escalation = began if began is not None else self.escalation

    @precondition(lambda self: self.escalation is not None)
    @rule()
    def the_supervisor_looks(self) -> None:
        current = self.escalation
        while current.next_at is not None and current.next_at <= self.now:
            outcome = escalation.escalate(current, self.now, POLICY)
            if isinstance(outcome, escalation.Escalated):
                assert self.settled_at is None, "a level after the end"
                assert not self.paused_due, "a level in a pause"
                assert outcome.rule.level is SupervisionLevel.REMINDED or self.timer.status is ClockStatus.BREACHED
                assert outcome.after.notified, "a level that nobody hears of"
                assert self.now >= outcome.scheduled_at
                self.rules[current.version, outcome.rule.level] += 1
                self.escalated.append((current.version, outcome.rule.level))
            current = outcome.after
        self.escalation = current

    def _changes(self, due_at: datetime | None) -> None:
        """The owner says version and date; a breach that nobody has said yet is said first."""
        self.version += 1
        before = self.timer
        if timers.is_breach_missed(before, self.now):
            fired = decide_alert(
                Candidate(
                    timer=replace(before, pending=(), next_alert=AlertKind.BREACHED), unread=False, feedback=None
                ),
                self.now,
                WAITS,
                POLICY,
                COME,
            )
            assert isinstance(fired, Alert)
            self._says(fired)
            before = fired.after
        after = timers.updated(before, self._timer(due_at), self.now)
        self._knows_where_it_stands(before, after)
        if self.escalation is not None:
            self.escalation = escalation.after_clock_change(
                self.escalation, after, paused=due_at is None, at=self.now, policy=POLICY
            )
        self.timer = after

    def _knows_where_it_stands(self, before: Timer, after: Timer) -> None:
        """The last of what has passed was said to the office, for this moment or for the same end; or it is now."""
        if after.status is ClockStatus.BREACHED or after.has_ended:
            return
        passed = [one for one in self._moments(after.due_at) if one.at <= self.now and one not in after.pending]
        same_end = before.due_at == after.due_at and before.status is not ClockStatus.BREACHED
        waits = any(one.at <= self.now for one in after.pending)
        for one in passed:
            known = max(self.sent.get(one.level, START), self.spared.get(one.level, START))
            waited = any(known.level == one.level for known in before.pending)
            assert waits or known >= one.at or (same_end and known > START and not waited)
            self.spared[one.level] = max(one.at, known)

    @precondition(lambda self: self.settled_at is None and not self.paused_due)
    @rule()
    def the_owner_pauses(self) -> None:
        self.paused_due = self.due_at
        self.paused_since = self.now
        self._changes(None)

    @precondition(lambda self: self.paused_due)
    @rule()
    def the_owner_resumes(self) -> None:
        if self.paused_since <= self.paused_due:
            self.due_at = self.paused_due + (self.now - self.paused_since)
        self.paused_due = None
        self._changes(self.due_at)

    @precondition(lambda self: self.settled_at is None and not self.paused_due)
    @rule(days=DAYS)
    def more_time_is_granted(self, days: int) -> None:
        self.due_at = self._end(days)
        self._changes(self.due_at)

    @precondition(lambda self: self.settled_at is None and not self.paused_due)
    @rule(days=st.integers(min_value=-3, max_value=3))
    def the_calendar_changes(self, days: int) -> None:
        self.due_at = max(self.due_at + days * DAY, START + timedelta(hours=1))
        self._changes(self.due_at)

    @precondition(lambda self: self.settled_at is None and not self.paused_due)
    @rule(hours=st.integers(min_value=-48, max_value=48))
    def a_level_moves_alone_or_nothing_does(self, hours: int) -> None:
        self.shift = timedelta(hours=hours)
        self._changes(self.due_at)

    @precondition(lambda self: self.settled_at is None and not self.paused_due)
    @rule(office=OFFICES)
    def another_office_takes_it(self, office: str) -> None:
        if office != self.office:
            self.sent.clear()
            self.spared.clear()
        self.office = office
        self._changes(self.due_at)

    @precondition(lambda self: self.settled_at is None)
    @rule(done=st.booleans(), ago=HOURS)
    def it_ends(self, done: bool, ago: timedelta) -> None:
        self.settled_at = max(self.read_until, self.now - ago)
        self.version += 1
        after = (timers.met if done else timers.cancelled)(self.timer, self.settled_at)
        if self.escalation is not None:
            self.escalation = escalation.after_clock_change(
                self.escalation, after, paused=False, at=self.settled_at, policy=POLICY
            )
        self.timer = after

    @invariant()
    def nothing_is_said_twice(self) -> None:
        assert all(number == 1 for number in self.alerts.values()), self.alerts
        assert all(number == 1 for number in self.rules.values()), self.rules

    @invariant()
    def the_policy_is_reached_upwards(self) -> None:
        levels = list(SupervisionLevel)
        places = [(version, levels.index(level)) for version, level in self.escalated]
        assert places == sorted(places)

    @invariant()
    def what_has_ended_waits_for_nothing_but_a_breach_that_is_true(self) -> None:
        if self.settled_at is None:
            return
        assert self.timer.next_alert in (None, AlertKind.BREACHED)
        if self.timer.next_alert is AlertKind.BREACHED:
            assert self.timer.due_at < self.settled_at
        assert self.escalation is None or self.escalation.next_at is None

    @invariant()
    def nothing_is_both_in_time_and_broken(self) -> None:
        broken = {version for version, alert, _ in self.alerts if alert is AlertKind.BREACHED}
        if self.timer.status is ClockStatus.BREACHED:
            assert broken
        if self.timer.status is ClockStatus.MET and self.kind not in timers.WINDOWS:
            assert self.timer.version not in broken

    @invariant()
    def a_right_breaks_nothing(self) -> None:
        if self.kind in timers.WINDOWS:
            assert {alert for _, alert, _ in self.alerts} <= {AlertKind.DUE}
            assert self.escalation is None


TestAnyOrder = AnyOrder.TestCase


def test_an_office_that_took_over_a_broken_clock_hears_where_it_stands_after_more_time() -> None:
    """What the office before it was told is nothing that this one knows."""
    clock = AnyOrder()
    clock.starts(kind=ClockKind.HANDLING, days=1)
    clock.time_passes(later=timedelta(hours=44))
    clock.more_time_is_granted(days=1)
    clock.the_scheduler_looks()
    clock.the_calendar_changes(days=-2)
    clock.another_office_takes_it(office=COUNTY)
    assert clock.timer.status is ClockStatus.BREACHED
    clock.more_time_is_granted(days=1)
    assert [one.level for one in clock.timer.pending][:1] == ["half"]
