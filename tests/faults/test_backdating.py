"""An office writes another time on its answers: what counts is when they came, whatever was said before."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from contracts.topics import OFFICE_FEEDBACK
from tests.acceptance.installation import SERVICES, Installation, installed
from tests.faults.outcome import EMPLOYMENT, count, parked, reaches, submit
from tests.faults.test_races import BROKEN, MIDNIGHT, leap, now, signing, sleep_until, times_of

pytestmark = [pytest.mark.engines, pytest.mark.apache_kafka, pytest.mark.timeout(300)]

TOPIC = OFFICE_FEEDBACK.named(EMPLOYMENT)
NUMBER = 6


@pytest.fixture(params=["CreateTime", "LogAppendTime"])
async def city(
    request: pytest.FixtureRequest, database: str, kafka: str, tmp_path: Path, conn: asyncpg.Connection
) -> AsyncIterator[Installation]:
    async with installed(database, kafka, tmp_path, offices=(EMPLOYMENT,)) as installation:
        await stamped_by(kafka, request.param)
        await submit(installation, f"faults-backdating-{request.param}", NUMBER)
        await reaches(conn, "notify.timers WHERE kind = 'signing'", NUMBER, installation)
        for name in SERVICES:
            assert installation.stop(name) == 0
        yield installation
        await stamped_by(kafka, "LogAppendTime")


async def stamped_by(kafka: str, kind: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    settings = {"message.timestamp.type": kind, "retention.ms": "3600000"}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC, configs=settings)])
    await admin.close()


async def test_a_late_answer_stays_late_whatever_time_is_written_on_it(
    city: Installation, conn: asyncpg.Connection
) -> None:
    leap(city)
    await city.start()
    found = await signing(conn)
    await sleep_until(city, timedelta(seconds=6))
    await reaches(conn, f"({BROKEN}) AS broken", NUMBER, city)
    real = datetime.now(UTC)
    stamps = (
        0,
        1,
        ms(real - timedelta(minutes=2)),
        ms(real - timedelta(hours=20)),
        ms(real - timedelta(seconds=20)),
        ms(real + timedelta(minutes=30)),
    )
    begun = now(city)
    async with city.producer() as producer:
        for (_, referral), stamp in zip(found, stamps, strict=True):
            for action in ("sign", "accept", "complete"):
                await producer.send_and_wait(TOPIC, answer(referral, action), key=referral.bytes, timestamp_ms=stamp)
    await reaches(conn, "routing.referrals WHERE state = 'completed'", NUMBER, city)
    await reaches(conn, "intake.cases WHERE state = 'resolved'", NUMBER, city)

    met = await times_of(conn)
    assert met.keys() == {clock for clock, _ in found}
    assert {at for at in met.values() if not begun - timedelta(seconds=4) <= at <= now(city)} == set()
    assert min(met.values()) > MIDNIGHT
    await reaches(conn, "notify.timers WHERE kind = 'signing' AND ended_at IS NOT NULL", NUMBER, city)
    assert await count(conn, "notify.timers WHERE kind = 'signing' AND status = 'breached'") == NUMBER
    assert await count(conn, "notify.alerts WHERE type = 'clock.cleared'") == 0
    assert await count(conn, "intake.cases WHERE resolved_at < now() - interval '40 years'") == 0
    assert await parked(conn) == 0


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def answer(referral: UUID, action: str) -> bytes:
    said = {"feedback_id": f"{action}-{referral}", "referral_id": str(referral), "action": action}
    return json.dumps(said).encode()
