"""Any course of events, in any order and with any delay: nothing twice, nothing after the end, never both."""

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from contracts.codes import ClockKind, ClockStatus, SupervisionLevel
from services.notify.domain import escalation, timers
from services.notify.domain.alerts import Candidate, Fired, Waits, decide
from services.notify.domain.timers import Ahead, Alert, Watch, moments_of, waiting_for
from tests.unit.notify.builders import COME, COUNTY, DAY, OFFICE, a_watch, civil, the_policy

POLICY = the_policy()
WAITS = Waits(shortest=timedelta(minutes=1), longest=timedelta(hours=1), longest_for_reading=timedelta(minutes=5))
START = civil("02 09:00")
HOURS = st.integers(min_value=0, max_value=240).map(lambda number: timedelta(hours=number))
DAYS = st.integers(min_value=1, max_value=10)
OFFICES = st.sampled_from([OFFICE, COUNTY])
KINDS = st.sampled_from([ClockKind.HANDLING, ClockKind.UNMATCHED, ClockKind.SIGNING, ClockKind.RETURN_WINDOW])


class Course(RuleBasedStateMachine):
    """A clock with its owner, the watch over it and its supervision; time only goes on."""

    @initialize(kind=KINDS, days=DAYS)
    def starts(self, kind: ClockKind, days: int) -> None:
        self.now = self.read_until = START
        self.version = 1
        self.kind = kind
        self.due_at = self._end(days)
        self.shift = timedelta()
        self.paused_due: datetime | None = None
        self.office = OFFICE
        self.heard: dict[str, datetime] = {}
        """By level, the last moment for which the office heard it."""
        self.spared: dict[str, datetime] = {}
        """By level, the last moment that the office was spared, because a later one had passed as well."""
        self.watch = timers.renewed(None, self._watch(self.due_at), self.now)
        self.standing: escalation.Supervision | None = None
        self.alerts: Counter[tuple[int, Alert, str]] = Counter()
        self.rungs: Counter[tuple[int, SupervisionLevel]] = Counter()
        self.climbed: list[tuple[int, SupervisionLevel]] = []
        self.answered_at: datetime | None = None

    def _end(self, days: int) -> datetime:
        return (self.now + days * DAY).replace(hour=23, minute=59, second=59, microsecond=999999)

    def _watch(self, due_at: datetime | None) -> Watch:
        coming = self._moments(due_at)
        status, alert, at = waiting_for(self.kind, due_at, coming)
        known = a_watch(self.kind, coming) if not hasattr(self, "watch") else self.watch
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
            ahead=coming,
            heard=(),
            breached_at=None,
            ended_at=None,
        )

    def _moments(self, due_at: datetime | None) -> tuple[Ahead, ...]:
        if due_at is None or self.kind in timers.WINDOWS:
            return ()
        half = START + (due_at - START) / 2 + self.shift
        return moments_of([("half", half), ("1d", due_at - DAY)], started_at=START, due_at=due_at)

    @rule(later=HOURS)
    def time_passes(self, later: timedelta) -> None:
        self.now += later

    @rule()
    def everything_is_read(self) -> None:
        """No answer that arrived before now is unknown any more."""
        self.read_until = self.now

    @rule()
    def the_watchman_looks(self) -> None:
        while self.watch.next_fire_at is not None and self.watch.next_fire_at <= self.now:
            held = self.watch.next_alert is Alert.BREACHED and self.watch.due_at >= self.read_until
            outcome = decide(Candidate(watch=self.watch, unread=held, answer=None), self.now, WAITS, POLICY, COME)
            if not isinstance(outcome, Fired):
                self.watch = replace(outcome.watch, next_fire_at=outcome.look_again_at)
                return
            self._says(outcome)
            self.watch = outcome.after

    def _says(self, fired: Fired) -> None:
        self.alerts[fired.before.version, fired.alert, fired.level] += 1
        assert fired.fired_at >= fired.moment
        if fired.alert in (Alert.DUE_SOON, Alert.LAST_DAY):
            assert fired.level not in self.heard or fired.moment > self.heard[fired.level], "the office has heard this"
            self.heard[fired.level] = fired.moment
        assert fired.alert is not Alert.BREACHED or fired.fired_at >= fired.before.due_at
        began = escalation.begun(self.standing, fired.before, fired.alert, POLICY)
        self.standing = began if began is not None else self.standing

    @precondition(lambda self: self.standing is not None)
    @rule()
    def the_supervisor_looks(self) -> None:
        standing = self.standing
        while standing.next_at is not None and standing.next_at <= self.now:
            outcome = escalation.climb(standing, self.now, POLICY)
            if isinstance(outcome, escalation.Climbed):
                assert self.answered_at is None, "a rung after the end"
                assert not self.paused_due, "a rung in a pause"
                assert outcome.rung.level is SupervisionLevel.REMINDED or self.watch.status is ClockStatus.BREACHED
                assert outcome.after.told, "a rung that nobody hears of"
                assert self.now >= outcome.moment
                self.rungs[standing.version, outcome.rung.level] += 1
                self.climbed.append((standing.version, outcome.rung.level))
            standing = outcome.after
        self.standing = standing

    def _changes(self, due_at: datetime | None) -> None:
        """The owner says version and date; a breach that nobody has said yet is said first."""
        self.version += 1
        before = self.watch
        if timers.is_owed(before, self.now):
            fired = decide(
                Candidate(watch=replace(before, ahead=(), next_alert=Alert.BREACHED), unread=False, answer=None),
                self.now,
                WAITS,
                POLICY,
                COME,
            )
            assert isinstance(fired, Fired)
            self._says(fired)
            before = fired.after
        after = timers.renewed(before, self._watch(due_at), self.now)
        self._knows_where_it_stands(before, after)
        if self.standing is not None:
            self.standing = escalation.follow(self.standing, after, paused=due_at is None, at=self.now, policy=POLICY)
        self.watch = after

    def _knows_where_it_stands(self, before: Watch, after: Watch) -> None:
        """The last of what has passed was said to the office, for this moment or for the same end; or it is now."""
        if after.status is ClockStatus.BREACHED or after.has_ended:
            return
        passed = [one for one in self._moments(after.due_at) if one.at <= self.now and one not in after.ahead]
        same_end = before.due_at == after.due_at and before.status is not ClockStatus.BREACHED
        waits = any(one.at <= self.now for one in after.ahead)
        for one in passed:
            known = max(self.heard.get(one.level, START), self.spared.get(one.level, START))
            waited = any(known.level == one.level for known in before.ahead)
            assert waits or known >= one.at or (same_end and known > START and not waited)
            self.spared[one.level] = max(one.at, known)

    @precondition(lambda self: self.answered_at is None and not self.paused_due)
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

    @precondition(lambda self: self.answered_at is None and not self.paused_due)
    @rule(days=DAYS)
    def more_time_is_granted(self, days: int) -> None:
        self.due_at = self._end(days)
        self._changes(self.due_at)

    @precondition(lambda self: self.answered_at is None and not self.paused_due)
    @rule(days=st.integers(min_value=-3, max_value=3))
    def the_calendar_changes(self, days: int) -> None:
        self.due_at = max(self.due_at + days * DAY, START + timedelta(hours=1))
        self._changes(self.due_at)

    @precondition(lambda self: self.answered_at is None and not self.paused_due)
    @rule(hours=st.integers(min_value=-48, max_value=48))
    def a_level_moves_alone_or_nothing_does(self, hours: int) -> None:
        self.shift = timedelta(hours=hours)
        self._changes(self.due_at)

    @precondition(lambda self: self.answered_at is None and not self.paused_due)
    @rule(office=OFFICES)
    def another_office_takes_it(self, office: str) -> None:
        if office != self.office:
            self.heard.clear()
            self.spared.clear()
        self.office = office
        self._changes(self.due_at)

    @precondition(lambda self: self.answered_at is None)
    @rule(done=st.booleans(), ago=HOURS)
    def it_ends(self, done: bool, ago: timedelta) -> None:
        self.answered_at = max(self.read_until, self.now - ago)
        self.version += 1
        after = (timers.met if done else timers.cancelled)(self.watch, self.answered_at)
        if self.standing is not None:
            self.standing = escalation.follow(self.standing, after, paused=False, at=self.answered_at, policy=POLICY)
        self.watch = after

    @invariant()
    def nothing_is_said_twice(self) -> None:
        assert all(number == 1 for number in self.alerts.values()), self.alerts
        assert all(number == 1 for number in self.rungs.values()), self.rungs

    @invariant()
    def the_ladder_is_climbed_upwards(self) -> None:
        levels = list(SupervisionLevel)
        places = [(version, levels.index(level)) for version, level in self.climbed]
        assert places == sorted(places)

    @invariant()
    def what_has_ended_waits_for_nothing_but_a_breach_that_is_true(self) -> None:
        if self.answered_at is None:
            return
        assert self.watch.next_alert in (None, Alert.BREACHED)
        if self.watch.next_alert is Alert.BREACHED:
            assert self.watch.due_at < self.answered_at
        assert self.standing is None or self.standing.next_at is None

    @invariant()
    def nothing_is_both_in_time_and_broken(self) -> None:
        broken = {version for version, alert, _ in self.alerts if alert is Alert.BREACHED}
        if self.watch.status is ClockStatus.BREACHED:
            assert broken
        if self.watch.status is ClockStatus.MET and self.kind not in timers.WINDOWS:
            assert self.watch.version not in broken

    @invariant()
    def a_right_breaks_nothing(self) -> None:
        if self.kind in timers.WINDOWS:
            assert {alert for _, alert, _ in self.alerts} <= {Alert.DUE}
            assert self.standing is None


TestCourse = Course.TestCase
