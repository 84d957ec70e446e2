"""Which messages an event owes to people: the matrix of the policy, and once for each reader and channel. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID

import msgspec

from contracts.clocks import ClockFacts
from contracts.codes import WORK, Audience, ClockKind, DeliveryChannel, ReferralRole, SupervisionLevel
from contracts.events import CaseBound
from contracts.events.alerts import Supervision
from contracts.events.base import moment_of
from contracts.events.cases import CaseNotAccepted
from contracts.events.clocks import ClockAlert, clocks_in
from contracts.events.referrals import ReferralEvent, ReferralExtended, ReferralReturnRequested
from libraries.deadlines import Calendar
from libraries.ids import derived_id
from libraries.policies import Policy
from libraries.policies.messages import MessageRow, QuietHours
from services.notify.domain.subscriptions import Places

TOO_OLD: Final = timedelta(days=2)
"""What is read again from the journal, or after a long outage, is no news to anybody."""
CLOCK_OF: Final = {
    "case.supplement_requested": frozenset({ClockKind.SUPPLEMENT}),
    "case.resolved": frozenset({ClockKind.CALLBACK}),
    "referral.return_requested": frozenset({ClockKind.RETURN_DECISION}),
}
"""Whose end is the date of the message; of all others it is that of the work itself."""


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message that is owed: ids, codes and moments. Who reads it is looked up when it is sent."""

    id: UUID
    """The same for the same event, reader and channel, however often it is asked for."""
    event_id: UUID
    case_id: UUID
    type: str
    audience: Audience
    channel: DeliveryChannel
    template: str
    languages: tuple[str, ...]
    at: datetime
    reader: str = ""
    """The office that is written to; empty for the applicant."""
    office: str = ""
    """The office of which the event tells."""
    until: datetime | None = None
    clock: ClockKind | None = None
    level: SupervisionLevel | None = None
    go_to: str = ""
    quiet: tuple[time, time] | None = None

    @property
    def quiet_hours(self) -> QuietHours | None:
        return QuietHours(begins=self.quiet[0], ends=self.quiet[1]) if self.quiet is not None else None

    @property
    def lane(self) -> UUID:
        """What goes to one reader about one case goes in order, and waits for nobody else."""
        return derived_id("lane", str(self.case_id), self.audience.value, self.reader)


def messages_of(
    event: CaseBound,
    event_id: UUID,
    policy: Policy,
    *,
    channels: Iterable[DeliveryChannel],
    places: Places,
    now: datetime,
) -> Iterator[Message]:
    """`channels` are those that the installation has set up; `now` is business time."""
    rows = policy.messages.get(event.TYPE)
    if not rows or now - moment_of(event) > TOO_OLD or is_of_another(event):
        return
    clock, usable = _clock(event), frozenset(channels)
    state = getattr(event, "state", "")
    role: ReferralRole | None = getattr(event, "role", None)
    told: set[tuple[Audience, DeliveryChannel]] = set()
    for row in rows:
        key = row.audience, row.channel
        if row.channel not in usable or key in told or not row.fits(state, role, clock.kind if clock else None):
            continue
        told.add(key)
        for reader in _readers(event, row.audience, places):
            yield _message(event, event_id, row, reader, clock)


def is_of_another(event: CaseBound) -> bool:
    """More time for a co-handler is no matter of the applicant."""
    return isinstance(event, ReferralExtended) and event.role is not ReferralRole.LEAD


def ends_of_quiet(quiet: QuietHours | None, now: datetime, calendar: Calendar) -> datetime | None:
    """When the quiet hours end that hold now, in business time; none outside of them."""
    if quiet is None or not quiet.holds(calendar.local(now).time()):
        return None
    today = calendar.civil_day(now)
    end = calendar.opening(today, quiet.ends)
    return end if end > now else calendar.opening(today + 1, quiet.ends)


def _readers(event: CaseBound, audience: Audience, places: Places) -> tuple[str, ...]:
    if audience is Audience.APPLICANT:
        return ("",)
    return tuple(dict.fromkeys(places.office_now(one) for one in _offices(event)))


def _offices(event: CaseBound) -> tuple[str, ...]:
    """Of a return the one that decides on it, of supervision whoever the ladder names."""
    if isinstance(event, Supervision):
        return event.recipients
    if isinstance(event, ReferralReturnRequested):
        clock = _clock(event)
        return (clock.office,) if clock is not None and clock.kind is ClockKind.RETURN_DECISION else ()
    return (event.office,) if isinstance(event, ReferralEvent | ClockAlert) else ()


def _clock(event: CaseBound) -> "_Clock | None":
    """The one that the message is about."""
    if isinstance(event, ClockAlert | Supervision):
        return _Clock(event.office, event.kind, event.due_at)
    wanted = CLOCK_OF.get(event.TYPE, WORK)
    there = [one for one in clocks_in(event) if isinstance(one, ClockFacts)]
    found = next((one for one in there if one.kind in wanted), None)
    return _Clock(found.office, found.kind, found.due_at) if found is not None else None


class _Clock(msgspec.Struct, frozen=True):
    office: str
    kind: ClockKind | None
    due_at: datetime | None


def _message(event: CaseBound, event_id: UUID, row: MessageRow, reader: str, clock: _Clock | None) -> Message:
    return Message(
        id=derived_id("message", str(event_id), row.audience.value, reader, row.channel.value),
        event_id=event_id,
        case_id=event.case_id,
        type=event.TYPE,
        audience=row.audience,
        channel=row.channel,
        template=row.template,
        languages=row.languages,
        at=moment_of(event),
        reader=reader,
        office=event.office if isinstance(event, ReferralEvent | ClockAlert | Supervision) else "",
        until=clock.due_at if clock is not None else None,
        clock=clock.kind if clock is not None else None,
        level=event.level if isinstance(event, Supervision) else None,
        go_to=event.go_to if isinstance(event, CaseNotAccepted) else "",
        quiet=(row.quiet.begins, row.quiet.ends) if row.quiet is not None else None,
    )
