"""Brings a broker to what the registry of partners and the topic registry say, and tells what that changed."""

import asyncio
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Final, NamedTuple

from console import topics
from console.partner.kafka import Broker, Found, connected
from console.partner.rights import QUOTA, Right, rights_of_partner, rights_of_service, topics_of
from contracts.topics import HOME
from libraries.partners import store
from libraries.partners.store import Partner
from libraries.policies import Policy
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.encryption import Sealer
from libraries.runtime.settings import RuntimeSettings
from services.notify.domain.credentials import Salted, read_id, salted
from services.notify.partners import registry
from services.notify.partners.registry import Credential

SHOWN_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.1


class Wanted(NamedTuple):
    """What the broker has to have."""

    users: Mapping[str, Salted]
    rights: frozenset[Right]
    quotas: Mapping[str, Mapping[str, float]]
    ours: frozenset[str]
    """Names of partners: what their users have beside this goes away."""
    topics: Mapping[str, tuple[int, int]]


class Plan(NamedTuple):
    """What has to be done at the broker."""

    users: Mapping[str, Salted]
    users_gone: tuple[str, ...]
    rights: frozenset[Right]
    rights_gone: frozenset[Right]
    quotas: Mapping[str, Mapping[str, float]]
    quotas_gone: Mapping[str, tuple[str, ...]]

    def told(self) -> list[str]:
        """A line for each change, without a secret."""
        return [
            *(f"+ user {name}" for name in sorted(self.users)),
            *(f"- user {name}" for name in self.users_gone),
            *(f"+ {_said(one)}" for one in sorted(self.rights)),
            *(f"- {_said(one)}" for one in sorted(self.rights_gone)),
            *(f"+ quota {name}" for name in sorted(self.quotas)),
            *(f"- quota {name}" for name in sorted(self.quotas_gone)),
        ]


async def apply(
    settings: RuntimeSettings, policy: Policy, services: Mapping[str, str] | None = None, *, change: bool = True
) -> list[str]:
    """Safe to repeat; returns when the broker shows it. `services` are passwords of ours, for a broker of our own.

    Services that have users there get the rights that new offices and partners bring.

    Raises `BrokerRefused` where the broker keeps no users and rights.
    """
    partners, credentials = await _registered(settings)
    sealer, now = Sealer.of(settings), datetime.now(UTC)
    counting = [one for one in credentials if one.counts(now)]
    connection = settings.kafka_connection()
    async with connected(connection) as broker:
        found = await broker.find()
        wanted = _wanted(partners, counting, policy, sealer, services or {}, HOME.keys() & found.users.keys())
        missing = await topics.absent(connection, wanted.topics)
        plan = plan_of(wanted, found)
        if change:
            await topics.create(connection, {name: wanted.topics[name] for name in missing})
            await _do(broker, plan)
            await _shown(broker, connection, wanted)
    return [*(f"+ topic {name}" for name in sorted(missing)), *plan.told()]


def plan_of(wanted: Wanted, found: Found) -> Plan:
    """What is there and is not wanted goes only if it is a partner's: others may use the broker too."""
    users = {name: one for name, one in wanted.users.items() if found.users.get(name) != one.iterations}
    quotas = {name: one for name, one in wanted.quotas.items() if found.quotas.get(name) != one}
    return Plan(
        users=users,
        users_gone=tuple(
            sorted(name for name in found.users.keys() - wanted.users.keys() if _is_of(name, wanted.ours))
        ),
        rights=wanted.rights - found.rights,
        rights_gone=frozenset(one for one in found.rights - wanted.rights if _is_of(one.user, wanted.ours)),
        quotas=quotas,
        quotas_gone={
            name: tuple(values)
            for name, values in found.quotas.items()
            if name not in wanted.quotas and _is_of(name, wanted.ours)
        },
    )


def _wanted(
    partners: Iterable[Partner],
    credentials: Iterable[Credential],
    policy: Policy,
    sealer: Sealer,
    services: Mapping[str, str],
    there: AbstractSet[str],
) -> Wanted:
    """`there` are services that have users at the broker already."""
    by_name = {one.name: one for one in partners}
    active = [(one, by_name[one.partner]) for one in credentials if not by_name[one.partner].disabled]
    offices = [one.code for one in (*policy.offices.values(), *policy.coming.values()) if "kafka" in one.channels]
    users = {one.id: registry.password_of(one, sealer) for one, _ in active}
    rights = {right for one, partner in active for right in rights_of_partner(partner, one.id)}
    served = there | services.keys()
    rights |= {right for service in served for right in rights_of_service(service, offices, by_name.values())}
    shapes = {
        name: (topic.partitions, int(topic.retention.total_seconds() * 1000))
        for partner in by_name.values()
        for name, topic in topics_of(partner).items()
    }
    return Wanted(
        users=users | {name: salted(password) for name, password in services.items()},
        rights=frozenset(rights),
        quotas={one.id: QUOTA for one, _ in active},
        ours=frozenset(by_name),
        topics=shapes,
    )


async def _registered(settings: RuntimeSettings) -> tuple[list[Partner], list[Credential]]:
    engine = open_engine(settings, "notify", pool_size=1)
    try:
        async with transaction(engine) as conn:
            return await store.list_partners(conn), await registry.list_credentials(conn)
    finally:
        await engine.dispose()


async def _do(broker: Broker, plan: Plan) -> None:
    """Rights that end do so before anything else, and rights that begin after their users are there."""
    await broker.put_rights((), plan.rights_gone)
    await broker.put_users(plan.users, plan.users_gone)
    await broker.put_quotas(plan.quotas, plan.quotas_gone)
    await broker.put_rights(plan.rights, ())


async def _shown(broker: Broker, connection: Mapping[str, object], wanted: Wanted) -> None:
    """A broker has said yes a moment before it acts by it. Raises `TimeoutError` if it never does."""
    async with asyncio.timeout(SHOWN_SECONDS):
        while True:
            left = plan_of(wanted, await broker.find()).told()
            if not left and not await topics.absent(connection, wanted.topics):
                return
            await asyncio.sleep(LOOK_SECONDS)


def _is_of(user: str, partners: frozenset[str]) -> bool:
    found = read_id(user)
    return found is not None and found.partner in partners


def _said(one: Right) -> str:
    return f"{one.user} may {one.operation} {one.kind} {one.name}{'*' if one.prefixed else ''}"
