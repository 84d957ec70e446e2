"""What the checks look at: rows of all three services and records of the topics, for some of the cases."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

import msgspec

from libraries.policies.tree import Tree


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that must not be, with the ids to look it up by."""

    check: str = ""
    detail: str
    case_id: UUID | None = None
    ids: dict[str, str] = {}


class CaseRow(NamedTuple):
    """A case as intake has it."""

    case_id: UUID
    number: str
    state: str
    accepted: bool
    lead: UUID | None
    category: str = ""


class RoutedRow(NamedTuple):
    case_id: UUID
    number: str
    decisions: int
    area: str
    category: str = ""


class ReferralRow(NamedTuple):
    referral_id: UUID
    case_id: UUID
    office: str
    role: str
    state: str
    dispatched_at: datetime
    ended: bool
    by_hand: bool = False
    """Somebody chose its office instead of the rules."""


class ClockRow(NamedTuple):
    """A clock as routing has it."""

    clock_id: UUID
    case_id: UUID
    version: int
    status: str
    due_at: datetime | None


class NotifyCaseRow(NamedTuple):
    """A case as notify has it."""

    case_id: UUID
    number: str
    state: str
    category: str = ""


class ReferralStatusRow(NamedTuple):
    """A referral as notify has it."""

    referral_id: UUID
    case_id: UUID
    office: str
    state: str


class TimerRow(NamedTuple):
    clock_id: UUID
    case_id: UUID
    referral_id: UUID | None
    kind: str
    version: int
    status: str
    next_alert: str | None
    next_fire_at: datetime | None
    due_at: datetime | None
    ended_at: datetime | None
    office: str = ""


class AlertRow(NamedTuple):
    event_id: UUID
    case_id: UUID
    clock_id: UUID
    type: str
    version: int
    level: str
    recipients: Sequence[str]


class ReceivedFeedbackRow(NamedTuple):
    """An answer that arrived, and that routing has not settled yet."""

    referral_id: UUID
    office: str
    feedback_id: str
    received_at: datetime
    stops: Sequence[str]
    """Clocks of the office that it could stop."""
    defers_until: datetime


class AnswerRow(NamedTuple):
    """An answer that routing has kept, and its place on the topic of its office; none if it came over HTTP."""

    id: int
    case_id: UUID
    office: str
    offset: int | None
    received_at: datetime


class JournalRow(NamedTuple):
    """A row of a service's journal."""

    service: str
    topic: str
    case_id: UUID | None
    event_id: UUID
    type: str
    sequence: int | None
    value: bytes


class TopicRecord(NamedTuple):
    """A record on one of our topics, in the order of its partition."""

    topic: str
    partition: int
    offset: int
    key: str
    case_id: UUID | None
    event_id: str
    writer: str
    sequence: int | None
    content: int
    """A hash of the value, only good for comparing within this process."""


class DeadLetter(NamedTuple):
    service: str
    id: int
    reader: str
    code: str
    case_id: UUID | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """One consistent read. `settled` are the cases of which nothing is on its way from one service to another.

    No two snapshots are the same, so that what was derived from one can be kept.
    """

    now: datetime
    """Business time of the snapshot."""
    tolerance: timedelta
    """Business time within which an alert may still be on its way."""
    progress_until: datetime | None = None
    """Up to where all services have said everything, as far as notify has read; breaches wait for that."""
    breach_tolerance: timedelta = timedelta()
    """Business time after which a breach waits for nobody."""
    settled: AbstractSet[UUID] = frozenset()
    truncated: bool = False
    """Old days of the journals were dropped, so the beginning of a story may be missing."""
    cases: Sequence[CaseRow] = ()
    routed: Sequence[RoutedRow] = ()
    referrals: Sequence[ReferralRow] = ()
    clocks: Sequence[ClockRow] = ()
    notify_cases: Sequence[NotifyCaseRow] = ()
    referral_status: Sequence[ReferralStatusRow] = ()
    timers: Sequence[TimerRow] = ()
    alerts: Sequence[AlertRow] = ()
    received_feedback: Sequence[ReceivedFeedbackRow] = ()
    answers: Sequence[AnswerRow] = ()
    journal: Sequence[JournalRow] = ()
    last: Mapping[tuple[str, UUID], int] = field(default_factory=dict)
    """The last sequence that each service has given out, by service and case."""
    records: Sequence[TopicRecord] = ()
    journaled_since: AbstractSet[tuple[str, str]] = frozenset()
    """Event id and topic of records that stand in a journal only since this snapshot."""
    whole: AbstractSet[str] = frozenset()
    """Topics from which nothing was dropped yet."""
    parked: Sequence[DeadLetter] = ()
    unsent: Mapping[str, int] = field(default_factory=dict)
    behind: Sequence[tuple[str, UUID | None, str]] = ()
    """Reader, case if known, and what it has not read in all the time that it was given."""
    kafka_offices: AbstractSet[str] = frozenset()
    """Offices that get copies."""
    offices: AbstractSet[str] = frozenset()
    """Offices of today, and those that ended within the tolerance."""
    trees: Sequence[Tree] = ()
    """Of today, and of the beginning of the tolerance."""

    @property
    def breaches_until(self) -> datetime:
        """Up to where every breach has to be said."""
        usual = self.now - self.tolerance
        if self.progress_until is None:
            return usual
        return max(self.now - self.breach_tolerance, min(usual, self.progress_until - self.tolerance))

    @cached_property
    def journal_of(self) -> dict[tuple[str, UUID], list[JournalRow]]:
        """By service and case, in order, without the copies for offices."""
        found = defaultdict(list)
        for row in self.journal:
            if row.case_id is not None and not row.topic.startswith("departments."):
                found[row.service, row.case_id].append(row)
        for rows in found.values():
            rows.sort(key=lambda row: row.sequence or 0)
        return dict(found)

    def unjournaled(self) -> list[TopicRecord]:
        """Records that no journal had at this snapshot."""
        known = {(str(row.event_id), row.topic) for row in self.journal}
        return [record for record in self.records if (record.event_id, record.topic) not in known]

    @cached_property
    def referrals_of(self) -> dict[UUID, list[ReferralRow]]:
        return _by_case(self.referrals)


def _by_case(rows: Iterable[ReferralRow]) -> dict[UUID, list[ReferralRow]]:
    found = defaultdict(list)
    for row in rows:
        found[row.case_id].append(row)
    return dict(found)


def as_uuid(text: str | None) -> UUID | None:
    """Whoever writes to a topic may write anything."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
