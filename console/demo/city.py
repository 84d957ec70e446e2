"""The simulated city while it lives: listeners, windows and offices in one event loop."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from console.demo.clerks import Clerks
from console.demo.client import Addresses, Client
from console.demo.ledger import OFFICES, STORY, Counts, Ledger, ReceivedRecord, TopicListener, office_of
from console.demo.offices import Offices
from console.demo.plan import Plan
from console.demo.scheduler import Scheduler
from contracts.events import CaseBound
from contracts.topics import ALERTS
from libraries.policies import Policy
from libraries.runtime.clock import Clock

LOOK_SECONDS = 0.25
QUIET_SECONDS = 1.5
LONGEST_QUIET_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What is to be seen of the city at one moment."""

    at: datetime
    submitted: int
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    ledger: Ledger
    submitted: int
    refused: Counter[str]
    """What people and offices asked for and did not get, by code."""
    errors: list[BaseException]


async def simulate(
    plan: Plan, policy: Policy, addresses: Addresses, clock: Clock, update: Callable[[Status], None]
) -> Outcome:
    """Plays the whole plan and returns when everything that follows from it has been said."""
    ledger = Ledger()
    scheduler = Scheduler(clock=clock, horizon=plan.horizon)
    async with Client(addresses=addresses) as client:
        clerks = Clerks(plan=plan, policy=policy, client=client, scheduler=scheduler, ledger=ledger)
        offices = Offices(plan=plan, policy=policy, client=client, scheduler=scheduler, ledger=ledger)
        received_at = asyncio.get_running_loop().time()

        def on_event(received: ReceivedRecord) -> None:
            nonlocal received_at
            if received.envelope.writer != ALERTS.writer:  # clocks run out for years to come
                received_at = asyncio.get_running_loop().time()
            office = office_of(received.topic)
            event = received.envelope.data
            if office is not None:
                offices.on_event(office, event)
            elif ledger.take(received.envelope) and isinstance(event, CaseBound):
                clerks.on_event(event)

        listeners = (
            TopicListener(servers=addresses.kafka, on_record=on_event, pattern=STORY, wait_ms=50),
            TopicListener(servers=addresses.kafka, on_record=on_event, pattern=OFFICES, wait_ms=500),
        )
        listening = [asyncio.create_task(listener.listen()) for listener in listeners]
        coming = scheduler.spawn(clerks.submit())
        looking = scheduler.spawn(offices.look_into_inboxes())
        try:
            while not (coming.done() and looking.done() and scheduler.busy == 0):
                await _report(update, scheduler, clerks, ledger, listening)
            until = asyncio.get_running_loop().time() + LONGEST_QUIET_SECONDS
            while asyncio.get_running_loop().time() < min(until, received_at + QUIET_SECONDS):
                await _report(update, scheduler, clerks, ledger, listening)
        finally:
            scheduler.stop()
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)
    return Outcome(
        ledger=ledger,
        submitted=clerks.submitted,
        refused=clerks.answers + offices.refused,
        errors=scheduler.errors,
    )


async def _report(
    update: Callable[[Status], None],
    scheduler: Scheduler,
    clerks: Clerks,
    ledger: Ledger,
    listening: Iterable[asyncio.Task[None]],
) -> None:
    for task in listening:
        if task.done():
            task.result()  # raises what ended it
    update(Status(at=scheduler.now(), submitted=clerks.submitted, counts=ledger.counts))
    await asyncio.sleep(LOOK_SECONDS)
