"""The engines that tests run on, started when the first test asks for them.

`postgres` is the superuser's URL of a real server, `database` a fresh empty database on it, `kafka` the address of a
real broker. First that works: YIMEN_DATABASE_URL and YIMEN_KAFKA_SERVERS; containers, if a Docker engine answers;
Apache Kafka where Java and Maven are, else Tansu, and the embedded PostgreSQL.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from console.engines.brokers import ApacheKafka, Tansu, java_and_maven
from console.engines.postgres import Postgres
from tests import containers
from tests.databases import fresh_database

pytest_plugins = ["tests.failures"]

USED: dict[str, str] = {}

# How long an example takes says something about the machine and its other work, and nothing about the code.
settings.register_profile("here", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=40, derandomize=True, database=None)
settings.register_profile("nightly", deadline=None, max_examples=20_000)
settings.load_profile(os.environ.get("YIMEN_HYPOTHESIS", "here"))


@pytest.fixture(scope="session")
def engine_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="yimen-tests-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(engine_folder: Path) -> Iterator[str]:
    if given := os.environ.get("YIMEN_DATABASE_URL"):
        USED["PostgreSQL"] = "given by YIMEN_DATABASE_URL"
        yield given
        return
    if containers.docker_answers():
        container, url = containers.postgres()
        USED["PostgreSQL"] = f"container {containers.POSTGRES}"
        yield url
        container.stop()
        return
    server = Postgres(engine_folder / "postgres", survives_power_cuts=False)
    server.start()
    USED["PostgreSQL"] = "embedded 18"
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def kafka(engine_folder: Path) -> Iterator[str]:
    if given := os.environ.get("YIMEN_KAFKA_SERVERS"):
        USED["Kafka"] = "given by YIMEN_KAFKA_SERVERS"
        yield given
        return
    if containers.docker_answers():
        container, servers = containers.kafka()
        USED["Kafka"] = f"container {containers.KAFKA}"
        yield servers
        container.stop()
        return
    broker = ApacheKafka(engine_folder / "kafka") if java_and_maven() else Tansu(engine_folder / "kafka")
    broker.start()
    USED["Kafka"] = broker.kind
    yield broker.servers
    broker.stop()


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[str]:
    """The URL of an empty database that only this test knows; tests of a service get one with its schema."""
    async with fresh_database(postgres) as url:
        yield url


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("YIMEN_KAFKA_SERVERS") or java_and_maven() or containers.docker_answers():
        return
    if os.environ.get("YIMEN_REQUIRE_APACHE"):
        raise pytest.UsageError("Apache Kafka is required here, but Java 17 or Maven is missing")
    for item in items:
        if item.get_closest_marker("apache_kafka"):
            item.add_marker(pytest.mark.skip(reason="needs Apache Kafka: install Java 17+ and Maven"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Of several processes that run tests, each has engines of its own."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["engines"] = USED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    USED.update(getattr(node, "workeroutput", {}).get("engines", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for engine, what in USED.items():
        terminalreporter.write_line(f"{engine}: {what}")
