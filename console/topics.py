"""`yimen topics`: the registry, and what it needs on a broker."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from console.main import echo, quiet
from contracts.topics import BY_THE_BROKER, TOPICS, topic_of
from libraries.policies import Policy, load_policy

DEFAULT_POLICY = Path(__file__).parents[1] / "deploy" / "policies" / "zhangjiakou"
AT_ONCE = 100
OF_THE_TOPIC = 1
"""How Kafka says that a setting was made for a topic and is not the broker's."""


def needed(policy: Policy) -> dict[str, tuple[int, int]]:
    """Topic name to partitions and retention in milliseconds, with those of the offices that speak Kafka or will.

    Those of partners are made by `yimen partner apply`.
    """
    standing = (*policy.offices.values(), *policy.coming.values())
    offices = [office.code for office in standing if "kafka" in office.channels]
    found = {}
    for topic in TOPICS:
        shape = topic.partitions, int(topic.retention.total_seconds() * 1000)
        names = (topic.name,) if topic.shared else map(topic.named, offices) if topic.per_office else ()
        for name in names:
            found[name] = shape
    return found


@click.group()
def topics() -> None:
    """The topic registry."""


@topics.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_(*, as_json: bool) -> None:
    """Who writes what where."""
    if as_json:
        rows = [{"name": t.name, "key": t.key, "writer": t.writer, "readers": t.readers} for t in TOPICS]
        echo(msgspec.json.encode(rows).decode())
    else:
        for topic in TOPICS:
            echo(f"{topic.name:38} {topic.writer} -> {', '.join(topic.readers)}: {topic.purpose}")


@topics.command()
@click.option("--servers", envvar="YIMEN_KAFKA_SERVERS", required=True, help="host:port of the broker")
@click.option("--policy", type=click.Path(exists=True, path_type=Path), default=DEFAULT_POLICY)
@click.option("--json", "as_json", is_flag=True)
def apply(*, servers: str, policy: Path, as_json: bool) -> None:
    """Create what is missing. Of what exists only this is changed: who stamps what partners write."""
    from aiokafka.errors import KafkaError  # noqa: PLC0415 -- slow to import, needed here only

    quiet()
    wanted = needed(load_policy(policy))
    try:
        created, restamped = asyncio.run(_apply(servers, wanted))
    except (KafkaError, OSError) as error:
        raise click.ClickException(f"{type(error).__name__}: is the broker at {servers}?") from None
    if as_json:
        echo(msgspec.json.encode({"topics": len(wanted), "created": created, "changed": restamped}).decode())
    else:
        echo(f"{created} topics created, {restamped} changed")


async def _apply(servers: str, wanted: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    return await create(servers, wanted), await restamp(servers, wanted)


async def absent(kafka: str | Mapping[str, Any], wanted: Iterable[str]) -> set[str]:
    """Those that the broker does not have."""
    async with _admin(kafka) as admin:
        return set(wanted) - set(await admin.list_topics())


async def create(kafka: str | Mapping[str, Any], wanted: Mapping[str, tuple[int, int]]) -> int:
    """How many topics were missing and are there now. `kafka` is an address, or aiokafka's keywords."""
    from aiokafka.admin import NewTopic  # noqa: PLC0415 -- slow to import, needed here only

    async with _admin(kafka) as admin:
        missing = sorted(set(wanted) - set(await admin.list_topics()))
        for first in range(0, len(missing), AT_ONCE):
            await admin.create_topics(
                [
                    NewTopic(name, wanted[name][0], 1, topic_configs=_settings(name, wanted[name][1]))
                    for name in missing[first : first + AT_ONCE]
                ]
            )
        return len(missing)


def _settings(name: str, retention_ms: int) -> dict[str, str]:
    topic = topic_of(name)
    return (topic.settings if topic is not None else {}) | {"retention.ms": str(retention_ms)}


async def restamp(kafka: str | Mapping[str, Any], names: Iterable[str]) -> int:
    """Let the broker stamp what it appends to topics that partners write and that were made without. How many were.

    A broker that cannot change a topic is left as it is: then what a stamp says is checked by who reads it.
    """
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType  # noqa: PLC0415 -- as above
    from aiokafka.errors import IncompatibleBrokerVersion  # noqa: PLC0415 -- as above

    outside = [name for name in names if (topic := topic_of(name)) is not None and topic.body is not None]
    changed = []
    async with _admin(kafka) as admin:
        try:
            for first in range(0, len(outside), AT_ONCE):
                asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in outside[first : first + AT_ONCE]]
                for answer in await admin.describe_configs(asked):
                    changed += [_restamped(name, found) for *_, name, found in answer.resources if _is_lax(found)]
            for first in range(0, len(changed), AT_ONCE):
                await admin.alter_configs(
                    [ConfigResource(ConfigResourceType.TOPIC, *one) for one in changed[first : first + AT_ONCE]]
                )
        except IncompatibleBrokerVersion:
            return 0
    return len(changed)


def _is_lax(found: Iterable[Sequence[Any]]) -> bool:
    return not BY_THE_BROKER.items() <= {name: value for name, value, *_ in found}.items()


def _restamped(name: str, found: Iterable[Sequence[Any]]) -> tuple[str, dict[str, str]]:
    """With everything else that was set for the topic itself: this broker call replaces it all."""
    own = {key: value for key, value, _, source, *_ in found if source == OF_THE_TOPIC and value is not None}
    return name, own | BY_THE_BROKER


@asynccontextmanager
async def _admin(kafka: str | Mapping[str, Any]) -> AsyncIterator[Any]:
    from aiokafka.admin import AIOKafkaAdminClient  # noqa: PLC0415 -- slow to import, needed here only

    admin = AIOKafkaAdminClient(**({"bootstrap_servers": kafka} if isinstance(kafka, str) else kafka))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()
