"""Fires what is due: each alert once, by who holds the row, and in the transaction that writes it down."""

import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.codes import SupervisionLevel
from contracts.events import Event
from contracts.events.alerts import SupervisionReminded, SupervisionUrged
from contracts.events.clocks import ClockBreached, ClockDue, ClockDueSoon
from services.notify import store
from services.notify.domain.firing import Fired, Held, Waits, decide
from services.notify.domain.watch import Alert, Watch
from services.notify.handlers import EVENTS, FEEDBACK
from services.policies import PolicyWatch
from services.runtime import journal
from services.runtime.broker import Pump
from services.runtime.clock import Clock
from services.runtime.database import transaction
from services.runtime.ids import derived_id
from services.runtime.journal import Outgoing

SERVICE: Final = "notify"
PORTION: Final = 1000
SETTLE_SECONDS: Final = 0.5
"""Real time in which an answer over HTTP gets from routing's database to its topic."""
ALIVE_SECONDS: Final = 10.0
"""A process that has not said for so long how far it has read reads no more; its partitions are with another."""
SHORTEST_WAIT_SECONDS: Final = 0.25
LONGEST_WAIT_SECONDS: Final = 60.0

EVENT_OF: Final = {Alert.DUE_SOON: ClockDueSoon, Alert.DUE: ClockDue, Alert.BREACHED: ClockBreached}
RUNG_OF: Final = {SupervisionLevel.REMINDED: SupervisionReminded, SupervisionLevel.URGED: SupervisionUrged}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchman:
    """Looks at the clocks. Any number may do so at the same time."""

    engine: AsyncEngine
    clock: Clock
    policy: PolicyWatch
    pumps: list[Pump]
    name: str = field(default_factory=lambda: f"{socket.gethostname()}/{os.getpid()}")

    async def note_reading(self) -> None:
        """Write down how far this process has read, for all processes that fire."""
        for pump in self.pumps:
            if pump.desk.reader.name not in (FEEDBACK, EVENTS):
                continue
            asked = datetime.now(UTC)
            if await pump.caught_up():
                until = self.clock.at(asked - timedelta(seconds=SETTLE_SECONDS))
                async with transaction(self.engine) as conn:
                    await store.note_reading(conn, pump.desk.reader.name, self.name, until=until, seen=asked)

    async def fire(self) -> None:
        """Everything that is due, in portions of one transaction each."""
        while await self.fire_portion() == PORTION:
            pass

    async def fire_portion(self) -> int:
        """Returns how many watches were looked at."""
        now, policy = self.clock.now(), self.policy.policy
        alive = datetime.now(UTC) - timedelta(seconds=ALIVE_SECONDS)
        async with transaction(self.engine) as conn:
            until = await store.get_read_until(conn, alive=alive)
            never = datetime.min.replace(tzinfo=UTC)
            candidates = await store.claim_due(
                conn,
                now=now,
                feedback_until=until.get(FEEDBACK, never),
                events_until=until.get(EVENTS, never),
                portion=PORTION,
            )
            if not candidates:
                return 0
            outcomes = [decide(candidate, now, self._waits(), policy) for candidate in candidates]
            await store.save_watches(conn, [], [_after(outcome) for outcome in outcomes])
            fired = [outcome for outcome in outcomes if isinstance(outcome, Fired)]
            await store.save_alerts(conn, list(_rows(fired)))
            await journal.add(conn, SERVICE, list(_said(fired)))
        return len(candidates)

    async def forget(self) -> None:
        """Receipts that were answered a week ago."""
        async with transaction(self.engine) as conn:
            await store.drop_old(conn, before=self.clock.now() - timedelta(days=7))

    def _waits(self) -> Waits:
        speed = self.clock.speed
        return Waits(
            shortest=timedelta(seconds=SHORTEST_WAIT_SECONDS * speed),
            longest=timedelta(seconds=LONGEST_WAIT_SECONDS * speed),
        )


def _after(outcome: Fired | Held) -> Watch:
    if isinstance(outcome, Fired):
        return outcome.after
    return replace(outcome.watch, next_fire_at=outcome.look_again_at)


def _rows(fired: Sequence[Fired]) -> Iterator[list[object]]:
    for place, one in enumerate(fired):
        watch = one.before
        yield [
            _event_id(one),
            place,
            EVENT_OF[one.alert].TYPE,
            watch.case_id,
            watch.referral_id,
            watch.clock_id,
            watch.kind,
            watch.version,
            watch.office,
            watch.area,
            watch.due_at,
            one.fired_at,
            msgspec.json.encode(one.recipients).decode(),
        ]


def _said(fired: Sequence[Fired]) -> Iterator[Outgoing]:
    for one in fired:
        yield Outgoing(event=_alert(one), at=one.fired_at, event_id=_event_id(one))
        rung = RUNG_OF.get(one.level)
        if rung is not None:
            watch = one.before
            said: Event = rung(
                case_id=watch.case_id,
                clock_id=watch.clock_id,
                office=watch.office,
                area=watch.area,
                level=one.level,
                recipients=one.recipients,
                at=one.fired_at,
            )
            ids = (str(watch.clock_id), str(watch.version), one.level.value)
            yield Outgoing(event=said, at=one.fired_at, event_id=derived_id("supervision", *ids))


def _alert(fired: Fired) -> Event:
    watch = fired.before
    if watch.due_at is None:
        raise ValueError("a clock that stands still has no alert")
    return EVENT_OF[fired.alert](
        case_id=watch.case_id,
        clock_id=watch.clock_id,
        kind=watch.kind,
        version=watch.version,
        office=watch.office,
        area=watch.area,
        referral_id=watch.referral_id,
        due_at=watch.due_at,
        fired_at=fired.fired_at,
    )


def _event_id(fired: Fired) -> UUID:
    """The same for the same alert of the same version, whoever fires it and however often it is tried."""
    watch = fired.before
    return derived_id("alert", str(watch.clock_id), str(watch.version), fired.alert.value)
