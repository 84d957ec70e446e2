"""Saves what changed and says so, in one transaction: the cases, their timelines, the outgoing events."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import CaseBound
from contracts.refusals import Refused
from contracts.tracing import Trace
from libraries.compact import compact
from libraries.policies import Policy
from libraries.runtime.audit.doers import Doer
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from libraries.runtime.web.auth import Initiator
from services.intake import store
from services.intake.domain.case import Case
from services.intake.domain.change import Change

SERVICE = "intake"
NO_TRACES: Final[Mapping[UUID, Trace]] = MappingProxyType({})
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLog:
    """What a transaction makes of cases, and what is said of them in order.

    All of it stands on their timelines, our own part is sent. `before` are the cases as they were read.
    """

    before: Mapping[UUID, Case] = field(default_factory=dict)
    after: dict[UUID, Case] = field(default_factory=dict)
    lines: list[store.Line] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)

    def record(self, event: CaseBound, at: datetime, by: str) -> None:
        """A line of the timeline; `by` is the subject of our own acts, else the office or service whose word it is."""
        self.lines.append((event.case_id, at, event.TYPE, by, compact(_encode(event))))

    def emit(
        self,
        event: CaseBound,
        at: datetime,
        by: str,
        *,
        event_id: UUID | None = None,
        trace: Trace | None = None,
        doer: Doer | None = None,
    ) -> None:
        self.record(event, at, by)
        self.outgoing.append(Outgoing(event=event, at=at, event_id=event_id, trace=trace, doer=doer))

    def add(self, change: Change, by: str, trace: Trace | None = None, doer: Doer | None = None) -> None:
        """The case as the change leaves it, and its events."""
        case = change.case
        if case is not self.before.get(case.id) or case.id in self.after:
            self.after[case.id] = case
        for event in change.events:
            self.emit(event, change.at, by, trace=trace, doer=doer)

    async def write(self, conn: AsyncConnection, policy: Policy) -> None:
        await store.save_changes(conn, self.before, self.after.values(), policy)
        await journal.add(conn, SERVICE, self.outgoing)
        await store.save_timeline(conn, self.lines)


async def record(
    conn: AsyncConnection,
    before: Mapping[UUID, Case],
    changes: Iterable[Change],
    policy: Policy,
    *,
    subject: str,
    traces: Mapping[UUID, Trace] = NO_TRACES,
) -> None:
    """Save what the changes made of their cases, and say it.

    `traces` are those of what caused the changes, by case, where it is not the request at hand.
    """
    log = CaseLog(before=before)
    for change in changes:
        log.add(change, subject, traces.get(change.case.id))
    await log.write(conn, policy)


async def act(
    case_id: UUID,
    do: Callable[[Case], Change | Refused],
    conn: AsyncConnection,
    policy: Policy,
    *,
    initiator: Initiator,
) -> Case | Refused:
    """One act on one case that exists. A refused one changes nothing."""
    before = await store.lock_cases(conn, [case_id])
    change = do(before[case_id])
    if isinstance(change, Refused):
        return change
    await record(conn, before, [change.done_by(initiator.actor)], policy, subject=initiator.subject)
    return change.case
