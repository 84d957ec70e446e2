"""Saves what changed and says so, in one transaction: cases with their referrals, and the outgoing events."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, repeat
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.tracing import Trace
from libraries.policies import Policy
from libraries.runtime.audit.doers import Doer
from libraries.runtime.outbox import journal
from services.routing import store
from services.routing.domain.referral import Change, Routing
from services.routing.translate import to_outgoing

SERVICE = "routing"


async def record(
    conn: AsyncConnection,
    before: Mapping[UUID, Routing],
    changes: Sequence[Change],
    policy: Policy,
    *,
    traces: Sequence[Trace | None] = (),
    doers: Sequence[Doer | None] = (),
) -> None:
    """Save what the changes made of their cases, and say it. A case that is not in `before` is new.

    `traces` and `doers` are those of what caused each change, where it is not the request or the record at hand.
    """
    await store.save_changes(conn, before, _latest(changes), policy)
    causes = zip(changes, traces or repeat(None), doers or repeat(None), strict=False)
    said = [to_outgoing([change], policy, trace=trace, doer=doer) for change, trace, doer in causes]
    await journal.add(conn, SERVICE, list(chain.from_iterable(said)))


def _latest(changes: Sequence[Change]) -> list[Change]:
    """The last state of each case, with all that was decided and put right on the way."""
    found: dict[UUID, Change] = {}
    for change in changes:
        earlier = found.get(change.case_id)
        found[change.case_id] = change if earlier is None else _after(earlier, change)
    return list(found.values())


def _after(earlier: Change, change: Change) -> Change:
    return replace(
        change,
        decisions=(*earlier.decisions, *change.decisions),
        corrections=(*earlier.corrections, *change.corrections),
    )
