"""A broker that dies, and one that delivers everything again, change nothing of the outcome."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from console.engines.brokers import ApacheKafka
from contracts.topics import ALERTS, CASES, HOME, OFFICE_FEEDBACK, REFERRALS, SUBMISSIONS
from libraries.runtime.web.auth import Role
from tests.acceptance.installation import committed, installed, until
from tests.faults.outcome import EMPLOYMENT, NUMBER, answer, exactly_once, reaches, submit
from tests.integration.intake.test_registration import a_submission

READS = {
    "intake.submissions": (SUBMISSIONS.name,),
    "intake.referrals": (REFERRALS.name,),
    "intake.alerts": (ALERTS.name,),
    "routing.cases": (CASES.name,),
    "routing.feedback": (OFFICE_FEEDBACK.named(EMPLOYMENT),),
    "notify.cases": (CASES.name,),
    "notify.referrals": (REFERRALS.name,),
    "notify.feedback": (OFFICE_FEEDBACK.named(EMPLOYMENT),),
}
pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[ApacheKafka]:
    broker = ApacheKafka(tmp_path / "kafka")
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.apache_kafka
async def test_a_broker_is_killed_in_the_middle_and_comes_back(
    database: str, own_broker: ApacheKafka, tmp_path: Path, conn: asyncpg.Connection
) -> None:
    async with installed(database, own_broker.servers, tmp_path, offices=(EMPLOYMENT,)) as city:
        await submit(city, "faults-broker")
        await reaches(conn, "intake.cases", 50, city)
        own_broker.kill()
        async with city.client("intake", Role.CLERK, office="township-130722100000") as window:
            # The window goes on without a broker: what it registers goes out later.
            body = a_submission(1, source="faults-window", category="employment.training_subsidy")
            assert (await window.post("/v1/cases", content=body)).status_code == 201
        await asyncio.sleep(2)
        own_broker.start()
        await reaches(conn, "routing.referrals", NUMBER + 1, city)
        await answer(city, conn, "sign", "accept", "complete")
        await reaches(conn, "intake.cases WHERE state = 'resolved'", NUMBER + 1, city)
        await reaches(conn, "notify.timers WHERE kind = 'handling' AND status = 'met'", NUMBER + 1, city)
        await exactly_once(conn, NUMBER + 1)


async def test_everything_is_delivered_a_second_time(
    database: str, kafka: str, tmp_path: Path, conn: asyncpg.Connection
) -> None:
    async with installed(database, kafka, tmp_path, offices=(EMPLOYMENT,)) as city:
        begins = await ends_now(kafka)
        await submit(city, "faults-again")
        await reaches(conn, "routing.referrals", NUMBER, city)
        await answer(city, conn, "sign", "accept", "complete")
        await reaches(conn, "intake.cases WHERE state = 'resolved'", NUMBER, city)
        for name in city.processes:
            assert city.stop(name) == 0
        ends = await ends_now(kafka)
        for group in READS:
            await step_back(kafka, group, begins)
        await city.start()
        for group in READS:
            await until(f"{group} has read everything again", partial(has_read, kafka, group, ends))
        await reaches(conn, "notify.timers WHERE kind = 'handling' AND status = 'met'", NUMBER, city)
        await exactly_once(conn, deliveries=2)


async def ends_now(kafka: str) -> dict[TopicPartition, int]:
    """Where the topics end that somebody of ours reads."""
    feedback = OFFICE_FEEDBACK.named(EMPLOYMENT)
    parts = [TopicPartition(topic.name, part) for topic in (SUBMISSIONS, *HOME.values()) for part in range(4)]
    async with AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False) as consumer:
        found: dict[TopicPartition, int] = await consumer.end_offsets([*parts, TopicPartition(feedback, 0)])
        return found


async def step_back(kafka: str, group: str, offsets: dict[TopicPartition, int]) -> None:
    async with AIOKafkaConsumer(bootstrap_servers=kafka, group_id=group, enable_auto_commit=False) as consumer:
        consumer.assign(list(offsets))
        await until("the group is free", partial(committed, consumer, offsets))


async def has_read(kafka: str, group: str, ends: dict[TopicPartition, int]) -> bool:
    """Of the partitions that the group reads at all, which are those that it moves on."""
    wanted = [part for part in ends if part.topic in READS[group]]
    async with AIOKafkaConsumer(bootstrap_servers=kafka, group_id=group, enable_auto_commit=False) as consumer:
        try:
            return all([(await consumer.committed(part) or 0) >= ends[part] for part in wanted])
        except KafkaError:
            return False
