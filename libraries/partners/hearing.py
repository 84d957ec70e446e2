"""What a service hears of partners: kept in its own schema, for all its processes."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.partners import AnyPartnerEvent, PartnerChanged, SigningKeyChanged, TokenRevoked
from contracts.topics import PARTNERS
from libraries.partners import store
from libraries.runtime.clock import Clock
from libraries.runtime.kafka.records import Incoming, Reader, events_of_ours


def reader(service: str, clock: Clock) -> Reader:
    return Reader(
        name=f"{service}.partners",
        group=f"{service}.partners",
        topics=(PARTNERS.name,),
        decode=events_of_ours(clock),
        handle=keep,
        deduplicated=False,
        only=frozenset({PartnerChanged, TokenRevoked, SigningKeyChanged}),
    )


async def keep(batch: Sequence[Incoming[AnyPartnerEvent]], conn: AsyncConnection) -> None:
    for incoming in batch:
        await store.save(conn, incoming.data)
