"""Saves what changed and says so, in one transaction: the case, its timeline, the outgoing events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import CaseBound
from contracts.refusals import Refused
from contracts.tracing import Trace
from libraries.policies import Policy
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from libraries.runtime.web.auth import Who
from services.intake import store, translate
from services.intake.domain.case import Case
from services.intake.domain.change import Change

SERVICE = "intake"
NO_TRACES: Final[Mapping[UUID, Trace]] = MappingProxyType({})
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Story:
    """What a transaction tells of cases, in order: all of it stands on their timelines, our own part is sent."""

    policy: Policy
    lines: list[store.Line] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)

    def hears(self, event: CaseBound, at: datetime, by: str) -> None:
        """A line of the story; `by` is the subject of our own acts, else the office or service whose word it is."""
        self.lines.append((event.case_id, at, event.TYPE, by, _encode(event).decode()))

    def tells(self, change: Change, by: str, trace: Trace | None = None) -> None:
        for event in translate.to_events(change, self.policy):
            self.hears(event, change.at, by)
            self.outgoing.append(Outgoing(event=event, at=change.at, trace=trace))

    async def write(self, conn: AsyncConnection) -> None:
        """The cases are saved by the caller, before."""
        await journal.add(conn, SERVICE, self.outgoing)
        await store.save_timeline(conn, self.lines)


async def tell(
    changes: Sequence[Change],
    conn: AsyncConnection,
    policy: Policy,
    *,
    subject: str,
    traces: Mapping[UUID, Trace] = NO_TRACES,
) -> None:
    """`traces` are those of what caused the changes, by case, where it is not the request at hand."""
    story = Story(policy)
    for change in changes:
        story.tells(change, subject, traces.get(change.case.id))
    await story.write(conn)


async def act(
    case_id: UUID, do: Callable[[Case], Change | Refused], conn: AsyncConnection, policy: Policy, *, who: Who
) -> Case | Refused:
    """One act on one case that exists. A refused one changes nothing."""
    case = (await store.lock_cases(conn, [case_id]))[case_id]
    change = do(case)
    if isinstance(change, Refused):
        return change
    await store.save_changed(conn, [change.case], policy)
    await tell([replace(change, by=who.actor)], conn, policy, subject=who.subject)
    return change.case
