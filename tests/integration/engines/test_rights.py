"""On Apache Kafka, with a client that is not ours: every user × every topic, and nobody gets at what is another's."""

import logging
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from console import topics
from console.engines.brokers import ApacheKafka
from console.installation import Installation, kafka_variables
from console.partner import applying
from contracts.codes import Role
from contracts.topics import TOPICS, Topic, topic_of
from libraries.policies import load_policy
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.database.migrate import upgrade
from libraries.runtime.settings import RuntimeSettings, settings_of
from services.notify.partners import registry
from services.notify.partners.registry import Issued, NewPartner
from tests.databases import fresh_database
from tests.sealing import SEALER

pytestmark = [pytest.mark.engines, pytest.mark.apache_kafka]
PACK = Path(__file__).parents[3] / "deploy" / "policies" / "zhangjiakou"
EDUCATION, CIVIL_AFFAIRS = "education-130722000000", "civil_affairs-130722000000"
PARTNERS = {
    one.name: one
    for one in (
        NewPartner("education-system", Role.OFFICER, office=EDUCATION, area="130722000000"),
        NewPartner("civil-system", Role.OFFICER, office=CIVIL_AFFAIRS, area="130722000000"),
        NewPartner("qiaobei", Role.TOWNSHIP, area="130722100000", sources=("qiaobei",)),
        NewPartner("qiaodong", Role.TOWNSHIP, area="130722101000", sources=("qiaodong",)),
        NewPartner("county", Role.COORDINATOR, area="130722000000"),
        NewPartner("analysis", Role.OPS),
    )
}
SERVICES = ("intake", "routing", "notify")
PATIENCE = 60.0
READ, WRITE = "read", "write"


@dataclass(frozen=True, kw_only=True)
class Secured:
    """A broker that keeps users, and what each of them shows."""

    broker: ApacheKafka
    settings: RuntimeSettings
    passwords: Mapping[str, str]
    issued: Mapping[str, Issued]
    names: tuple[str, ...]

    @property
    def users(self) -> dict[str, str]:
        partners = {one.id: one.secret for one in self.issued.values()}
        return partners | {name: self.passwords[name] for name in SERVICES}

    def client(self, user: str, password: str, **more: Any) -> dict[str, Any]:
        return {
            "bootstrap.servers": self.broker.servers,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN" if user == "admin" else "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": password,
            "logger": logging.getLogger("librdkafka"),
            **more,
        }


@pytest.fixture(scope="module")
def keeping_users(engine_folder: Path) -> Iterator[tuple[ApacheKafka, Mapping[str, str]]]:
    (engine_folder / "secured").mkdir()
    passwords = Installation(engine_folder / "secured").kafka_passwords()
    broker = ApacheKafka(engine_folder / "secured" / "kafka")
    broker.passwords = passwords
    broker.start()
    yield broker, passwords
    broker.stop()


@pytest.fixture(scope="module")
async def secured(keeping_users: tuple[ApacheKafka, Mapping[str, str]], postgres: str) -> AsyncIterator[Secured]:
    broker, passwords = keeping_users
    async with fresh_database(postgres) as database:
        yield await _prepared(broker, passwords, database)


async def _prepared(broker: ApacheKafka, passwords: Mapping[str, str], database: str) -> Secured:
    await upgrade(database, "notify")
    environment = {
        "YIMEN_DATABASE_URL": database,
        "YIMEN_KAFKA_SERVERS": broker.servers,
        "YIMEN_TOKEN_KEY": "t" * 32,
        "YIMEN_SEALING_KEY": b64encode(b"k" * 32).decode(),
        **kafka_variables(passwords, "admin"),
    }
    settings = settings_of(environment, RuntimeSettings)
    engine, issued = open_engine(SimpleNamespace(database_url=database), "notify"), {}
    for one in PARTNERS.values():
        async with transaction(engine) as conn:
            found = await registry.add(conn, one, SEALER, datetime.now(UTC))
        assert found is not None
        issued[one.name] = found
    await engine.dispose()
    policy = load_policy(PACK)
    wanted = topics.needed(policy)
    await topics.create(settings.kafka_connection(), wanted)
    changed = await applying.apply(settings, policy, {name: passwords[name] for name in SERVICES})
    assert all(secret not in str(changed) for secret in (*passwords.values(), *(one.secret for one in issued.values())))
    again = await applying.apply(settings, policy)
    assert again == [], "what is as it should be is left alone"
    own = [topic.named(name) for topic in TOPICS if topic.per_partner for name in PARTNERS]
    of_offices = [topic.named(one) for topic in TOPICS if topic.per_office for one in (EDUCATION, CIVIL_AFFAIRS)]
    there = await topics.absent(settings.kafka_connection(), own)
    names = (*(t.name for t in TOPICS if t.shared), *of_offices, *(name for name in own if name not in there))
    return Secured(broker=broker, settings=settings, passwords=passwords, issued=issued, names=names)


def expected(user: str, name: str) -> set[str]:
    """What the registry says in words, read once more and otherwise than by what gives the rights."""
    topic = topic_of(name)
    assert topic is not None
    doers = {READ: topic.readers, WRITE: (topic.writer,)}
    return {what for what, who in doers.items() if any(_is(user, one, topic, name) for one in who)}


def _is(user: str, word: str, topic: Topic, name: str) -> bool:
    one = PARTNERS.get(user.partition(".")[0])
    if one is None:
        return user in word.replace(",", "").split()
    match word:
        case "that partner alone":
            return name == topic.name.replace("{partner}", one.name)
        case "that office alone":
            return one.office != "" and name == topic.name.replace("{office}", one.office)
        case "operations":
            return one.role is Role.OPS
    return False


def written(secured: Secured, user: str, password: str) -> dict[str, KafkaError | None]:
    """What came of one record on each topic."""
    outcomes: dict[str, KafkaError | None] = {}

    def told(error: KafkaError | None, message: Any) -> None:
        outcomes[message.topic()] = error

    producer = Producer(secured.client(user, password, **{"message.timeout.ms": 20000, "enable.idempotence": False}))
    for name in secured.names:
        producer.produce(name, key=b"k", value=b"{}", partition=0, on_delivery=told)
    producer.flush(PATIENCE)
    return outcomes


def was_read(secured: Secured, user: str, password: str) -> dict[str, KafkaError | None]:
    """Of each topic a record, or why there is none."""
    outcomes: dict[str, KafkaError | None] = {}
    group = f"{user.rpartition('.')[0] or user}.test"
    consumer = Consumer(secured.client(user, password, **{"group.id": group, "enable.auto.commit": False}))
    # Of a topic that may not even be described the client says nothing when it is to be read.
    for name in secured.names:
        error = consumer.list_topics(name, timeout=20).topics[name].error
        if error is not None:
            outcomes[name] = error
    consumer.assign([TopicPartition(name, 0, 0) for name in secured.names if name not in outcomes])
    end = time.monotonic() + PATIENCE
    while len(outcomes) < len(secured.names) and time.monotonic() < end:
        message = consumer.poll(0.2)
        if message is not None and message.topic() is not None:
            outcomes[message.topic()] = message.error()
    consumer.close()
    return outcomes


def test_every_user_and_every_topic(secured: Secured) -> None:
    assert all(error is None for error in written(secured, "admin", secured.passwords["admin"]).values())
    with ThreadPoolExecutor(4) as pool:
        users = secured.users
        wrote = dict(zip(users, pool.map(lambda one: written(secured, *one), users.items()), strict=True))
        read = dict(zip(users, pool.map(lambda one: was_read(secured, *one), users.items()), strict=True))
    cells = [(user, name) for user in users for name in secured.names]
    assert len(cells) > 180
    wrong = []
    for user, name in cells:
        found = {READ: read[user].get(name, "silence"), WRITE: wrote[user].get(name, "silence")}
        for what, error in found.items():
            if what in expected(user, name):
                right = error is None
            else:
                right = isinstance(error, KafkaError) and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
            wrong += [] if right else [f"{user} {what} {name}: {error}"]
    assert wrong == []


def test_nobody_joins_the_readers_of_another(secured: Secured) -> None:
    user = secured.issued["education-system"]
    topic = f"departments.{EDUCATION}.referrals.v1"
    for group, allowed in {
        "education-system.inbox": True,
        "civil-system.inbox": False,
        "routing.feedback": False,
        "education-systems": False,
    }.items():
        assert joins(secured, user, topic, group) is allowed, group


def joins(secured: Secured, user: Issued, topic: str, group: str) -> bool:
    """Whether it becomes a member; refused is another thing than silence."""
    answers: list[bool] = []
    consumer = Consumer(secured.client(user.id, user.secret, **{"group.id": group}))
    consumer.subscribe([topic], on_assign=lambda *_: answers.append(True))
    end = time.monotonic() + PATIENCE
    while not answers and time.monotonic() < end:
        message = consumer.poll(0.2)
        error = message.error() if message is not None else None
        if error is not None and error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            answers.append(False)
    consumer.close()
    return answers[0]


async def test_who_is_disabled_is_out_at_once_and_who_rotates_is_not(secured: Secured) -> None:
    policy = load_policy(PACK)
    gone, stays = secured.issued["qiaobei"], secured.issued["qiaodong"]
    outcomes: list[KafkaError | None] = []
    producer = Producer(secured.client(gone.id, gone.secret, **{"message.timeout.ms": 20000}))

    def sends() -> KafkaError | None:
        producer.produce(
            "partners.qiaobei.submissions.v1", value=b"{}", on_delivery=lambda error, _: outcomes.append(error)
        )
        producer.flush(PATIENCE)
        return outcomes[-1]

    assert sends() is None
    engine = open_engine(secured.settings, "notify")
    async with transaction(engine) as conn:
        await registry.disable(conn, "qiaobei", datetime.now(UTC))
        second = await registry.rotate(conn, "qiaodong", SEALER, datetime.now(UTC))
    await engine.dispose()
    assert second is not None
    changed = await applying.apply(secured.settings, policy)
    assert "- user qiaobei.1" in changed
    assert "+ user qiaodong.2" in changed
    error = sends()
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, "over the connection that was open"
    for one in (stays, second):
        assert written(secured, one.id, one.secret)["partners.qiaodong.submissions.v1"] is None, one.id
