"""PostgreSQL and Apache Kafka in containers, where a Docker engine answers."""

import os
import shutil
import subprocess
from functools import cache

from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from console.engines.child import free_port

POSTGRES = os.environ.get("YIMEN_POSTGRES_IMAGE") or "postgres:18"
KAFKA = os.environ.get("YIMEN_KAFKA_IMAGE") or "apache/kafka:4.1.0"
ANSWER_SECONDS = 10
PULL_SECONDS = 600
START_SECONDS = 120
CONTROLLER = 29093


def _runs(*arguments: str, seconds: float) -> bool:
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


@cache
def docker_answers() -> bool:
    """The client alone is no engine, and an engine that finds no images starts nothing."""
    if shutil.which("docker") is None or not _runs("info", seconds=ANSWER_SECONDS):
        return False
    return all(
        _runs("image", "inspect", image, seconds=ANSWER_SECONDS) or _runs("pull", image, seconds=PULL_SECONDS)
        for image in (POSTGRES, KAFKA)
    )


def postgres() -> tuple[PostgresContainer, str]:
    """A running server and its superuser's URL."""
    server = PostgresContainer(POSTGRES, driver=None).start()
    return server, server.get_connection_url()


def kafka() -> tuple[DockerContainer, str]:
    """One KRaft node; clients must find it under the address that it names, so the port is the same on both sides."""
    port = free_port()
    node = (
        DockerContainer(KAFKA)
        .with_bind_ports(port, port)
        .with_envs(
            KAFKA_NODE_ID="1",
            KAFKA_PROCESS_ROLES="broker,controller",
            KAFKA_LISTENERS=f"PLAINTEXT://:{port},CONTROLLER://:{CONTROLLER}",
            KAFKA_ADVERTISED_LISTENERS=f"PLAINTEXT://127.0.0.1:{port}",
            KAFKA_CONTROLLER_LISTENER_NAMES="CONTROLLER",
            KAFKA_LISTENER_SECURITY_PROTOCOL_MAP="CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            KAFKA_CONTROLLER_QUORUM_VOTERS=f"1@localhost:{CONTROLLER}",
            KAFKA_AUTO_CREATE_TOPICS_ENABLE="false",
            KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="1",
            KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR="1",
            KAFKA_TRANSACTION_STATE_LOG_MIN_ISR="1",
            KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS="0",
        )
        .waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(START_SECONDS))
        .start()
    )
    return node, f"127.0.0.1:{port}"
