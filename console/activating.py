"""Puts a version of the policy in force, from a moment on that everybody knows before it comes; and back again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from console import topics
from console.places import read_open
from console.target import Target
from libraries.policies import Policy, PolicyRefused, load_policy
from libraries.policies.archive import archived, load_archived, version_of
from libraries.policies.leaving import left_alone
from libraries.policies.watch import in_force
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import async_url, open_engine, transaction
from libraries.versions.store import Activation, Version, get_content, list_activations
from services.routing import policy_versions
from services.routing.policy_versions import Entry

LEAD_SECONDS: Final = 10.0
"""Real time from the activation to the start, where no other is wanted."""
SHORTEST_LEAD_SECONDS: Final = 5.0
HEARD_SECONDS: Final = 60.0
"""For a start that lies further ahead."""
MARGIN_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.2
HEARERS: Final = ("intake", "notify")


class CannotActivate(ValueError):
    """The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Done:
    """What is in force from when, and what gives way; one that is not `new` was activated before."""

    version: str
    before: str
    starts_at: datetime
    number: int
    new: bool = True
    planned: str = ""
    """The version that was to start later, and does so no more."""


async def activate(target: Target, folder: Path, author: str, reason: str, at: datetime | None) -> Done:
    """Raises `PolicyRefused` or `CannotActivate`; then nothing has changed."""
    clock = Clock.of(target.settings)
    policy = load_policy(folder, at=clock.now())
    content = archived(folder)
    if version_of(content) != policy.version:
        raise CannotActivate(f"the files in {folder} changed while they were read: run the command again")
    await topics.create(target.kafka, topics.needed(policy))
    version = Version(policy.version, policy.pack, policy.effective_from, content)
    async with _routing(target) as engine:
        return await _activate(target, engine, policy, version, author=author, reason=reason, at=at)


async def back(target: Target, author: str, reason: str) -> Done:
    """To the version before the one that was activated last. Raises as `activate`."""
    now = Clock.of(target.settings).now()
    async with _routing(target) as engine:
        async with transaction(engine) as conn:
            line = await list_activations(conn)
            before = _before(line, now)
            if before is None:
                raise CannotActivate("there is no version before the one in force")
            version = await _stored(conn, before)
        policy = load_archived(version.content, now)
        return await _activate(target, engine, policy, version, author=author, reason=reason, at=None)


async def history(target: Target) -> list[Entry]:
    async with _routing(target) as engine, transaction(engine) as conn:
        return await policy_versions.list_history(conn)


async def _activate(
    target: Target,
    engine: AsyncEngine,
    policy: Policy,
    version: Version,
    *,
    author: str,
    reason: str,
    at: datetime | None,
) -> Done:
    clock = Clock.of(target.settings)
    async with transaction(engine) as conn:
        # Whoever waited for the table must not find that the moment has passed.
        await conn.execute(text("SET LOCAL lock_timeout = '2s'"))
        line = await policy_versions.lock(conn)
        if not line:
            raise CannotActivate("nothing has begun here yet: the folder of the first start is the first version")
        last, now = line[-1], in_force(line, clock.now()) or line[0]
        if last.version == version.version and at in {None, last.starts_at}:
            return Done(last.version, now.version, last.starts_at, last.number, new=False)
        running = load_archived(await get_content(conn, now.version), clock.now())
        if faults := left_alone(running, policy, await _open_work(target)):
            raise PolicyRefused(faults)
        if other := _other_clocks(running, policy):
            raise CannotActivate(other)
        starts_at = _start(version, policy, clock, at)
        made = await policy_versions.activate(
            conn, version, starts_at=starts_at, at=clock.now(), author=author, reason=reason
        )
    await _heard_everywhere(target, engine, made, clock)
    planned = last.version if last is not now else ""
    return Done(made.version, now.version, starts_at, made.number, planned=planned)


def _other_clocks(running: Policy, policy: Policy) -> str:
    """Why a version cannot follow another; empty if it can: days that were told must stay what they were."""
    one, other = running.calendar.zone, policy.calendar.zone
    if one == other:
        return ""
    return (
        f"the pack has the time zone {other}, and this installation lives by {one}: days that it has told people would"
        f" end at other moments; say time_zone: {one}, or begin an installation of its own"
    )


def _before(line: list[Activation], now: datetime) -> Activation | None:
    """What was in force before the last activation; of one that has not started, what is in force now."""
    current = in_force(line, now)
    if current is None or line[-1] is not current:
        return current
    begun = [
        one
        for place, one in enumerate(line)
        if one.starts_at <= now and all(later.starts_at > one.starts_at for later in line[place + 1 :])
    ]
    return next((one for one in reversed(begun) if one.version != current.version), None)


def _start(version: Version, policy: Policy, clock: Clock, at: datetime | None) -> datetime:
    """When it starts: when it is wanted, on the day that the pack names, or in some seconds."""
    now = clock.now()
    earliest = policy.calendar.midnight(version.effective_from.toordinal())
    if at is None:
        return max(now + clock.span(LEAD_SECONDS), earliest)
    if at < earliest:
        raise CannotActivate(f"the pack says effective_from: {version.effective_from}, and --at lies before that day")
    if at < now + clock.span(SHORTEST_LEAD_SECONDS):
        raise CannotActivate(
            f"--at must lie {SHORTEST_LEAD_SECONDS:.0f} s ahead or more, so that everybody knows before it comes;"
            f" it is {now.isoformat(timespec='seconds')} there"
        )
    return at


async def _open_work(target: Target) -> Mapping[str, int]:
    """How much is open, by area, office and `office/area`."""
    engine = _everywhere(target)
    try:
        async with engine.connect() as conn:
            found: Counter[str] = Counter()
            for (_, code), number in (await read_open(conn)).items():
                found[code] = max(found[code], number)
            return found
    finally:
        await engine.dispose()


async def _heard_everywhere(target: Target, engine: AsyncEngine, made: Activation, clock: Clock) -> None:
    """Waits until each service has it; what a service does not hear before it starts is taken back for all."""
    ahead = clock.real_seconds(made.starts_at - clock.now()) - MARGIN_SECONDS
    silent = await _silent(target, made, min(ahead, HEARD_SECONDS))
    if not silent:
        return
    async with transaction(engine) as conn:
        line = await policy_versions.lock(conn)
        if clock.now() >= made.starts_at or line[-1].number != made.number:
            raise CannotActivate(f"{made.version} is in force, and {_named(silent)} have not heard of it: start them")
        now, planned = in_force(line[:-1], clock.now()) or line[0], line[-2]
        for one in [now, planned] if planned.starts_at > clock.now() else [now]:
            await policy_versions.activate(
                conn,
                await _stored(conn, one),
                starts_at=max(one.starts_at, clock.now()),
                at=clock.now(),
                author=policy_versions.INSTALLATION,
                reason=f"{made.version} was not heard by {_named(silent)}",
            )
    raise CannotActivate(f"{_named(silent)} did not hear of it in time, and it was taken back: do they run?")


async def _silent(target: Target, made: Activation, seconds: float) -> set[str]:
    """The services that do not have the activation yet, after so long."""
    waiting = set(HEARERS)
    engine = _everywhere(target)
    try:
        async with asyncio.timeout(max(seconds, 0)):
            while waiting:
                async with engine.connect() as conn:
                    for service in sorted(waiting):
                        asked = text(f"SELECT version FROM {service}.policy_activations WHERE number = :number")
                        if await conn.scalar(asked, {"number": made.number}) == made.version:
                            waiting.discard(service)
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        pass
    finally:
        await engine.dispose()
    return waiting


async def _stored(conn: AsyncConnection, activation: Activation) -> Version:
    history = await policy_versions.list_history(conn)
    entry = next(one for one in history if one.number == activation.number)
    return Version(entry.version, entry.pack, entry.effective_from, await get_content(conn, entry.version))


def _everywhere(target: Target) -> AsyncEngine:
    """Sees the schemas of all services."""
    return create_async_engine(async_url(target.database_url), poolclass=NullPool, connect_args={"timeout": 10})


def _named(services: set[str]) -> str:
    return " and ".join(sorted(services))


@asynccontextmanager
async def _routing(target: Target) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(target.settings, "routing", pool_size=2)
    try:
        yield engine
    finally:
        await engine.dispose()
