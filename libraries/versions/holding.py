"""Keeps what a process holds of policy versions as its database has it, ahead of the moment at which each starts."""

import asyncio
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.policies import Policy, PolicyRefused, PolicyWatch
from libraries.policies.archive import BadArchive, load_archived
from libraries.policies.watch import Held, in_force_since
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import is_joined, transaction
from libraries.versions import store
from libraries.versions.store import Activation

LOOK_SECONDS: Final = 0.5
STALE_SECONDS: Final = 2.0
"""Whoever has not looked for so long looks before it decides; shorter than the shortest lead of an activation."""
BLIND_SECONDS: Final = 15.0
HELD_FOR: Final = timedelta(days=35)
"""A version that ended is held as long as a record of its time may still come from a topic."""

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Versions:
    """Of one process."""

    engine: AsyncEngine
    watch: PolicyWatch
    clock: Clock
    _seen: list[Activation] | None = None
    _faults: dict[str, str] = field(default_factory=dict)
    _looked: float = field(default_factory=time.monotonic)
    _in_force: str = ""
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.watch.look = self.fresh

    async def begin(self) -> None:
        """Before anything is decided. Raises `PolicyRefused` if there is neither a version nor a folder."""
        try:
            await self.look()
        except (SQLAlchemyError, OSError):
            if self.watch.refused is not None:
                raise self.watch.refused from None
            raise
        self._in_force = self.watch.policy.version

    async def look(self) -> None:
        """Read what was activated, and load what is not held yet."""
        # Who holds a connection does not wait for one that waits for a connection: all would be held for nothing.
        async with nullcontext() if is_joined(self.engine) else self._one:
            began = time.monotonic()
            async with transaction(self.engine) as conn:
                there = await store.list_activations(conn)
                wanted = in_force_since(there, self.clock.now() - HELD_FOR)
                missing = {one.version for one in wanted} - set(self.watch.held)
                found = {version: await store.get_content(conn, version) for version in sorted(missing)}
            if found or there != self._seen:
                loaded = {version: await self._loaded(version, content) for version, content in found.items()}
                known = {**self.watch.held, **loaded}
                if wanted:
                    self.watch.hold([Held(version=v, starts_at=s, policy=known[v]) for _, v, s, _ in wanted])
                self._seen = there
            self._looked = began
        self._tell()

    async def fresh(self) -> None:
        """Whoever decides after it stood still looks first."""
        if time.monotonic() - self._looked > STALE_SECONDS:
            await self.look()

    def lacks(self) -> str:
        """Why the process is not ready: a version that it could not read, or that it could not look."""
        if self._faults:
            return "; ".join(f"{version} is not held: {why}" for version, why in sorted(self._faults.items()))
        blind = time.monotonic() - self._looked
        return f"has not looked for new versions for {blind:.0f} s" if blind > BLIND_SECONDS else ""

    async def _loaded(self, version: str, content: bytes) -> Policy | None:
        try:
            policy = await asyncio.to_thread(load_archived, content, self.clock.now())
        except (BadArchive, PolicyRefused) as error:
            self._faults[version] = str(error).splitlines()[0]
        else:
            self._faults.pop(version, None)
            if policy.version == version:
                log.info("policy version held", version=version)
                return policy
            self._faults[version] = f"its content is that of {policy.version}"
        log.error("policy version cannot be read", version=version, fault=self._faults[version])
        return None

    def _tell(self) -> None:
        if self._faults:
            return
        version = self.watch.policy.version
        if self._in_force and version != self._in_force:
            log.info("policy in force", version=version, before=self._in_force)
        self._in_force = version
