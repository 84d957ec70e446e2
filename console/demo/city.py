"""The simulated city while it lives: ears, windows and offices in one event loop."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from console.demo.clerks import Windows
from console.demo.client import Addresses, Doors
from console.demo.ledger import OFFICES, STORY, Counts, Ear, Heard, Ledger, office_of
from console.demo.offices import Offices
from console.demo.plan import Plan
from console.demo.scheduler import Wheel
from contracts.events import CaseBound
from contracts.topics import ALERTS
from libraries.policies import Policy
from libraries.runtime.clock import Clock

LOOK_SECONDS = 0.25
QUIET_SECONDS = 1.5
LONGEST_QUIET_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
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


async def live(
    plan: Plan, policy: Policy, addresses: Addresses, clock: Clock, watch: Callable[[Glance], None]
) -> Outcome:
    """Plays the whole plan and returns when everything that follows from it has been said."""
    ledger = Ledger()
    wheel = Wheel(clock=clock, horizon=plan.horizon)
    async with Doors(addresses=addresses) as doors:
        windows = Windows(plan=plan, policy=policy, doors=doors, wheel=wheel, ledger=ledger)
        offices = Offices(plan=plan, policy=policy, doors=doors, wheel=wheel, ledger=ledger)
        heard_at = asyncio.get_running_loop().time()

        def hear(heard: Heard) -> None:
            nonlocal heard_at
            if heard.envelope.writer != ALERTS.writer:  # clocks run out for years to come
                heard_at = asyncio.get_running_loop().time()
            office = office_of(heard.topic)
            event = heard.envelope.data
            if office is not None:
                offices.hear(office, event)
            elif ledger.take(heard.envelope) and isinstance(event, CaseBound):
                windows.hear(event)

        ears = (
            Ear(servers=addresses.kafka, hears=hear, pattern=STORY, wait_ms=50),
            Ear(servers=addresses.kafka, hears=hear, pattern=OFFICES, wait_ms=500),
        )
        listening = [asyncio.create_task(ear.listen()) for ear in ears]
        coming = wheel.spawn(windows.submit())
        looking = wheel.spawn(offices.look_into_inboxes())
        try:
            while not (coming.done() and looking.done() and wheel.busy == 0):
                await _glance(watch, wheel, windows, ledger, listening)
            until = asyncio.get_running_loop().time() + LONGEST_QUIET_SECONDS
            while asyncio.get_running_loop().time() < min(until, heard_at + QUIET_SECONDS):
                await _glance(watch, wheel, windows, ledger, listening)
        finally:
            wheel.stop()
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)
    return Outcome(
        ledger=ledger,
        submitted=windows.submitted,
        refused=windows.answers + offices.refused,
        errors=wheel.errors,
    )


async def _glance(
    watch: Callable[[Glance], None],
    wheel: Wheel,
    windows: Windows,
    ledger: Ledger,
    listening: Iterable[asyncio.Task[None]],
) -> None:
    for task in listening:
        if task.done():
            task.result()  # raises what ended it
    watch(Glance(at=wheel.now(), submitted=windows.submitted, counts=ledger.counts))
    await asyncio.sleep(LOOK_SECONDS)
