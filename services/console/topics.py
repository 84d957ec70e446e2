"""`yimen topics`: the registry, and what it needs on a broker."""

import asyncio
from pathlib import Path

import click
import msgspec

from contracts.topics import TOPICS
from services.console.main import told
from services.policies import load_policy

DEFAULT_POLICY = Path(__file__).parents[2] / "deploy" / "policies" / "zhangjiakou"
AT_ONCE = 100


def needed(policy: Path) -> dict[str, tuple[int, int]]:
    """Topic name to partitions and retention in milliseconds, with those of the offices that speak Kafka."""
    offices = [office.code for office in load_policy(policy).offices.values() if "kafka" in office.channels]
    found = {}
    for topic in TOPICS:
        shape = topic.partitions, int(topic.retention.total_seconds() * 1000)
        for name in map(topic.named, offices) if topic.per_office else (topic.name,):
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
        told(msgspec.json.encode(rows).decode())
    else:
        for topic in TOPICS:
            told(f"{topic.name:38} {topic.writer} -> {', '.join(topic.readers)}: {topic.purpose}")


@topics.command()
@click.option("--servers", envvar="YIMEN_KAFKA_SERVERS", required=True, help="host:port of the broker")
@click.option("--policy", type=click.Path(exists=True, path_type=Path), default=DEFAULT_POLICY)
def apply(*, servers: str, policy: Path) -> None:
    """Create what is missing; nothing that exists is changed."""
    told(f"{asyncio.run(create(servers, needed(policy)))} topics created")


async def create(servers: str, wanted: dict[str, tuple[int, int]]) -> int:
    """How many topics were missing and are there now."""
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # noqa: PLC0415 - slow to import, needed here only

    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        missing = sorted(set(wanted) - set(await admin.list_topics()))
        for first in range(0, len(missing), AT_ONCE):
            await admin.create_topics(
                [
                    NewTopic(name, wanted[name][0], 1, topic_configs={"retention.ms": str(wanted[name][1])})
                    for name in missing[first : first + AT_ONCE]
                ]
            )
        return len(missing)
    finally:
        await admin.close()
