"""The versions of the policy as routing tells them: matters, reasons and offices are those of the one in force."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import msgspec
import structlog

from libraries.policies import Policy, PolicyRefused, PolicyWatch
from libraries.policies.archive import BadArchive, load_archived
from libraries.policies.watch import Held, in_force_since
from services.portal.remote import Caller, ServiceAway, ServiceRefused, Services

log = structlog.get_logger()


class Activated(msgspec.Struct, frozen=True, kw_only=True):
    """As much of an activation as counts here."""

    version: str
    starts_at: datetime


class Content(msgspec.Struct, frozen=True, kw_only=True):
    content: bytes


class Follower:
    """Keeps the portal at the versions that are in force. While routing is away, it goes on with what it has."""

    def __init__(self, services: Services, watch: PolicyWatch) -> None:
        self._services = services
        self._watch = watch
        self._seen: list[Activated] = []

    async def look(self) -> None:
        caller = self._services.as_itself()  # for this look: its token lives for a minute
        try:
            said = await caller.get("routing", "/v1/policy/activations")
            there = msgspec.convert(said, list[Activated])
            if there == self._seen or not there:
                return
            known = {**self._watch.held, **await self._missing(caller, there)}
        except (ServiceAway, ServiceRefused, msgspec.ValidationError, BadArchive, PolicyRefused) as error:
            log.info("policy versions not heard", error=type(error).__name__)
            return
        line = [Held(version=one.version, starts_at=one.starts_at, policy=known.get(one.version)) for one in there]
        # Of versions that ended nothing is shown.
        self._watch.hold([one for one in line if one.policy is not None])
        self._seen = there

    async def _missing(self, caller: Caller, there: list[Activated]) -> Mapping[str, Policy]:
        """Of what is in force or to come."""
        wanted = {one.version for one in in_force_since(there, self._watch.now())} - set(self._watch.held)
        found = {}
        for version in sorted(wanted):
            said = msgspec.convert(await caller.get("routing", f"/v1/policy/versions/{version}"), Content)
            found[version] = await asyncio.to_thread(load_archived, said.content)
        return found
