"""What a service hears of policy versions: kept in its own schema, for all its processes."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.policies import PolicyActivated
from contracts.topics import POLICY_VERSIONS
from libraries.runtime.clock import Clock
from libraries.runtime.kafka.records import Incoming, Reader, events_of_ours
from libraries.versions import store
from libraries.versions.store import Activation, Version


def reader(service: str, clock: Clock) -> Reader:
    return Reader(
        name=f"{service}.policy",
        group=f"{service}.policy",
        topics=(POLICY_VERSIONS.name,),
        decode=events_of_ours(clock),
        handle=keep,
        deduplicated=False,
        only=frozenset({PolicyActivated}),
    )


async def keep(batch: Sequence[Incoming[PolicyActivated]], conn: AsyncConnection) -> None:
    for incoming in batch:
        said = incoming.data
        version = Version(said.policy_version, said.pack, said.effective_from, said.content)
        await store.save_version(conn, version, said.activated_at)
        await store.save_heard(
            conn, Activation(said.activation, said.policy_version, said.starts_at, said.activated_at)
        )
