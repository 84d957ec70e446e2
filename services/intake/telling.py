"""Saves what changed and says so, in one transaction: the case, its timeline, the outgoing events."""

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake import store, translate
from services.intake.domain.case import Case
from services.intake.domain.change import Change, Refused
from services.policies import Policy
from services.runtime import journal
from services.runtime.journal import Outgoing

SERVICE = "intake"
_encode = msgspec.json.Encoder().encode


async def tell(changes: Sequence[Change], conn: AsyncConnection, policy: Policy) -> None:
    """Timeline and outgoing events of changes whose cases are saved by the caller."""
    told = [(change, event) for change in changes for event in translate.to_events(change, policy)]
    await journal.add(conn, SERVICE, [Outgoing(event=event, at=change.at) for change, event in told])
    await store.save_timeline(conn, [(change.case.id, change.at, event.TYPE, _encode(event)) for change, event in told])


async def act(
    case_id: UUID, do: Callable[[Case], Change | Refused], conn: AsyncConnection, policy: Policy
) -> Case | Refused:
    """One act on one case that exists. A refused one changes nothing."""
    case = (await store.lock_cases(conn, [case_id]))[case_id]
    change = do(case)
    if isinstance(change, Refused):
        return change
    await store.save_changed(conn, [change.case])
    await tell([change], conn, policy)
    return change.case
