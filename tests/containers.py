"""PostgreSQL and Apache Kafka in containers, where a Docker engine answers."""

import shutil
import subprocess
from functools import cache

from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.waiting_utils import wait_for_logs

from console.engines.child import free_port

POSTGRES = "postgres:18"
KAFKA = "apache/kafka:4.1.0"
ANSWER_SECONDS = 10
CONTROLLER = 29093


@cache
def docker_answers() -> bool:
    """The client alone is no engine."""
    if shutil.which("docker") is None:
        return False
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=ANSWER_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


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
        .start()
    )
    wait_for_logs(node, "Kafka Server started", timeout=60)
    return node, f"127.0.0.1:{port}"
