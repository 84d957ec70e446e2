"""A running legal clock: what it counts by, how long it stood still, and what it says to others."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from contracts.clocks import ClockCancelled, ClockFacts, ClockMet, ClockWarning, LimitBasis
from contracts.codes import ClockKind, ClockStatus
from libraries.clocks.approvals import Grant
from libraries.deadlines import BadQuestion, Calendar, CountingRules, Due, Limit, Pause, Unit, due, moment_at_share
from libraries.policies.model import LimitRow, Policy
from libraries.policies.warnings import warnings_of

Facts = TypeVar("Facts", bound=ClockFacts)
WHOLE_DAYS = (Unit.DAY, Unit.WORKING_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a clock counts by. It keeps those it started with: no change of policy takes time from anybody."""

    limit: Limit
    rules: CountingRules
    due_soon_share: float
    basis: LimitBasis
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedDates:
    """What others were last told of a clock's dates, and by which calendar they were counted."""

    version: int
    calendar: str
    due_at: datetime | None
    due_soon_at: datetime | None
    provisional: bool = False
    warnings: tuple[datetime, ...] | None = None
    """When warnings fall due, in order; unknown of what was written before they were kept here."""

    @property
    def dates(self) -> tuple[datetime | None, datetime | None, bool, tuple[datetime, ...] | None]:
        """What is announced again where it changes."""
        return self.due_at, self.due_soon_at, self.provisional, self.warnings


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalClock:
    """One clock of a case. `version` grows with each change of what is due when."""

    id: UUID
    kind: ClockKind
    office: str
    area: str
    terms: Terms
    started_at: datetime
    referral_id: UUID | None = None
    round: int = 1
    version: int = 1
    status: ClockStatus = ClockStatus.RUNNING
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Limit, ...] = ()
    grants: tuple[Grant, ...] = ()
    """Of the last extensions; who agreed to earlier ones was not kept."""
    stopped_at: datetime | None = None
    latest: datetime | None = None
    """Where it ends at the latest although its own time would go on: a co-handler works inside the lead's."""
    continues: UUID | None = None
    """The clock of the office before, whose time it goes on with."""
    announced_dates: AnnouncedDates | None = dataclasses.field(default=None, compare=False)
    """As it was written down; of an earlier version until what is true now is written down too."""

    @property
    def open(self) -> bool:
        return self.status in (ClockStatus.RUNNING, ClockStatus.PAUSED)

    @property
    def by_calendar(self) -> bool:
        """Whether a calendar decides anything that is said of it: ten years that end on any day do not ask for one."""
        units = {part.unit for part in (self.terms.limit, *self.extensions)}
        rolls = self.terms.rules.roll_last_day and units != {Unit.HOUR}
        warns = any(level.endswith(Unit.WORKING_DAY) for level in self.terms.warnings)
        return rolls or warns or Unit.WORKING_DAY in units

    def pause(self, at: datetime, reason: str) -> "LegalClock":
        opened = Pause(start=max(at, self.started_at), end=None, reason=reason, by=self.office)
        return self._next(status=ClockStatus.PAUSED, pauses=(*self.pauses, opened))

    def resume(self, at: datetime) -> "LegalClock":
        return self._next(status=ClockStatus.RUNNING, pauses=self._ended(at))

    def extend(
        self, by: Limit, at: datetime, calendar: Calendar, *, approver: str = "", reason: str = ""
    ) -> "LegalClock":
        """Raises `BadQuestion`: what has run out or was stopped cannot be lengthened."""
        end = self.due(calendar).due_at
        if not self.open or (end is not None and at > end):
            raise BadQuestion("extension", "extension_after_end")
        if at < self.started_at:
            raise BadQuestion("extension", "extension_before_start")
        grant = Grant(approver=approver, reason=reason, at=at)
        return dataclasses.replace(self._next(extensions=(*self.extensions, by)), grants=(*self.grants, grant))

    def correct(self, number: int, pause: Pause) -> "LegalClock":
        """Another pause in the place of one that was wrongly reported."""
        return self._next(pauses=(*self.pauses[:number], pause, *self.pauses[number + 1 :]))

    def within(self, latest: datetime | None) -> "LegalClock":
        """Ending there at the latest, or again by its own time alone."""
        return self if latest == self.latest else dataclasses.replace(self._next(), latest=latest)

    def carry_over(self, clock_id: UUID, *, office: str, referral_id: UUID, closes: time | None) -> "LegalClock":
        """For the next office, which closes then: the time that was used, paused or granted is not lost."""
        rules = dataclasses.replace(self.terms.rules, close_of_business=closes)
        return dataclasses.replace(
            self,
            id=clock_id,
            terms=dataclasses.replace(self.terms, rules=rules),
            office=office,
            referral_id=referral_id,
            continues=self.id,
            version=1,
            status=ClockStatus.RUNNING,
            stopped_at=None,
            announced_dates=None,
        )

    def stop(self, at: datetime, status: ClockStatus) -> "LegalClock":
        return self._next(status=status, pauses=self._ended(at), stopped_at=at)

    def due(self, calendar: Calendar) -> Due:
        """The last instant in time; none while it stands still, unless that had passed before it stopped."""
        own = self.own_due(calendar)
        if self.latest is None or own.due_at is None or own.due_at <= self.latest:
            return own
        return dataclasses.replace(own, due_at=self.latest)

    def own_due(self, calendar: Calendar) -> Due:
        """Where its own limit ends, whatever it lies inside of."""
        if self._undisturbed:
            return _undisturbed(calendar.civil_day(self.started_at), self.terms.limit, self.terms.rules, calendar)
        return due(
            self.started_at,
            self.terms.limit,
            calendar=calendar,
            rules=self.terms.rules,
            pauses=self.pauses,
            extensions=self.extensions,
        )

    def announced(self, calendar: Calendar) -> Due:
        """What others are told of the end: nothing while it stands still, so that nobody presses for it."""
        return Due(due_at=None) if self.status is ClockStatus.PAUSED else self.due(calendar)

    def facts(self, calendar: Calendar) -> ClockFacts:
        """What notify needs to watch it, and people to understand it."""
        return self.facts_as(ClockFacts, calendar)

    def facts_as(self, kind: type[Facts], calendar: Calendar, **more: Any) -> Facts:
        """The same where an event changed it; `more` is what only this kind of change says."""
        ends = self.announced(calendar)
        return kind(
            clock_id=self.id,
            kind=self.kind,
            version=self.version,
            office=self.office,
            area=self.area,
            limit=str(self.terms.limit),
            extensions=tuple(map(str, self.extensions)),
            started_at=self.started_at.astimezone(UTC),
            due_at=ends.due_at,
            missed_at=self.due(calendar).due_at if self.status is ClockStatus.PAUSED else None,
            due_soon_at=self.due_soon(calendar),
            provisional=ends.provisional,
            referral_id=self.referral_id,
            basis=self.terms.basis,
            warnings=self.warned(ends, calendar),
            continues=self.continues,
            **more,
        )

    def ended(self) -> ClockMet | ClockCancelled:
        """What is said of a clock that was stopped."""
        if self.stopped_at is None:
            raise ValueError("the clock still runs")
        how = ClockMet if self.status is ClockStatus.MET else ClockCancelled
        return how(clock_id=self.id, kind=self.kind, version=self.version, at=self.stopped_at)

    @property
    def _undisturbed(self) -> bool:
        return not self.pauses and not self.extensions and self.terms.limit.unit is not Unit.HOUR

    def due_soon(self, calendar: Calendar) -> datetime | None:
        """When a warning falls due; none while it stands still."""
        if self.status is ClockStatus.PAUSED:
            return None
        soon = self._own_due_soon(calendar)
        if self.latest is None or soon is None or soon < self.latest:
            return soon
        return self.started_at.astimezone(UTC) + (self.latest - self.started_at) * self.terms.due_soon_share

    def _own_due_soon(self, calendar: Calendar) -> datetime | None:
        if self._undisturbed and self.terms.limit.unit in WHOLE_DAYS and self._share_in_days:
            day = calendar.civil_day(self.started_at)
            return _undisturbed_share(day, self.terms.limit, self.terms.due_soon_share, self.terms.rules, calendar)
        return moment_at_share(
            self.started_at,
            self.terms.limit,
            self.terms.due_soon_share,
            calendar=calendar,
            rules=self.terms.rules,
            pauses=self.pauses,
            extensions=self.extensions,
        )

    def warned(self, ends: Due, calendar: Calendar) -> tuple[ClockWarning, ...]:
        """When it is said that time runs out, if it ends like this."""
        if ends.due_at is None:
            return ()
        return warnings_of(
            self.terms.warnings,
            self.started_at,
            self.terms.limit,
            ends.due_at,
            calendar=calendar,
            rules=self.terms.rules,
            pauses=self.pauses,
            extensions=self.extensions,
        )

    @property
    def _share_in_days(self) -> int:
        return int(self.terms.limit.number * self.terms.due_soon_share)

    def _ended(self, at: datetime) -> tuple[Pause, ...]:
        return tuple(
            pause if pause.end is not None else dataclasses.replace(pause, end=max(at, pause.start))
            for pause in self.pauses
        )

    def _next(
        self,
        *,
        status: ClockStatus | None = None,
        pauses: tuple[Pause, ...] | None = None,
        extensions: tuple[Limit, ...] | None = None,
        stopped_at: datetime | None = None,
    ) -> "LegalClock":
        return dataclasses.replace(
            self,
            version=self.version + 1,
            status=status or self.status,
            pauses=self.pauses if pauses is None else pauses,
            extensions=self.extensions if extensions is None else extensions,
            stopped_at=stopped_at,
        )


def facts_of(clocks: Iterable[LegalClock], policy: Policy) -> tuple[ClockFacts, ...]:
    """Each by the calendar of its office."""
    return changed_to(ClockFacts, clocks, policy)


def changed_to(kind: type[Facts], clocks: Iterable[LegalClock], policy: Policy, **more: Any) -> tuple[Facts, ...]:
    """What an event did to clocks, each as it stands now and by the calendar of its office."""
    return tuple(clock.facts_as(kind, policy.calendar_of(clock.office), **more) for clock in clocks)


def terms_of(row: LimitRow, policy: Policy, office: str) -> Terms:
    return Terms(
        limit=row.limit,
        rules=policy.rules_of(row, office),
        due_soon_share=row.due_soon_share,
        basis=basis_of(row, policy),
        warnings=row.warnings,
    )


def basis_of(row: LimitRow, policy: Policy) -> LimitBasis:
    """The row with the law behind it, as others are told."""
    return LimitBasis(
        policy_version=policy.version,
        row=row.id,
        source=row.source,
        article=row.article,
        statutory=row.statutory,
        confidence=row.confidence,
    )


@lru_cache(maxsize=4096)
def _undisturbed_share(
    start_day: int, limit: Limit, share: float, rules: CountingRules, calendar: Calendar
) -> datetime | None:
    return moment_at_share(calendar.midnight(start_day), limit, share, calendar=calendar, rules=rules)


@lru_cache(maxsize=4096)
def _undisturbed(start_day: int, limit: Limit, rules: CountingRules, calendar: Calendar) -> Due:
    """Whole days count from a day, not from a moment: all clocks of a day with one limit end together."""
    return due(calendar.midnight(start_day), limit, calendar=calendar, rules=rules)
