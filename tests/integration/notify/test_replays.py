"""Hearing it again: from the topics of a real broker, since a moment or of one case, and from before a subscription."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer

from contracts.topics import ALERTS, CASES, REFERRALS
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.kafka.records import Record
from libraries.runtime.kafka.topics import make_missing
from services.notify.delivery import replaying
from services.notify.delivery.replaying import LeaseLost, Replaying
from tests.integration.notify.delivering import Deliveries, a_life, delivering
from tests.integration.notify.harness import HOUR, NOW, PACK, REAL, Notify
from tests.integration.notify.partner import Partner, listening
from tests.integration.notify.test_deliveries import LIFE

pytestmark = pytest.mark.engines
REGISTERED = "yimen.case.registered.v1"


@pytest.fixture
async def partner(tmp_path: Path) -> AsyncIterator[Partner]:
    async with listening(tmp_path) as found:
        yield found


@pytest.fixture
async def deliveries(notify: Notify, partner: Partner) -> AsyncIterator[Deliveries]:
    async with delivering(notify, partner) as found:
        yield found


@pytest.fixture
def replays(notify: Notify, kafka: str) -> Replaying:
    clock = Clock(origin=NOW, anchor=REAL)
    connection = {"bootstrap_servers": kafka}
    return Replaying(engine=notify.engine, clock=clock, places=PolicyWatch(PACK), connection=connection)


async def publish(kafka: str, records: Sequence[Record]) -> None:
    """As the relays of the services have done when notify reads them."""
    connection: dict[str, Any] = {"bootstrap_servers": kafka}
    await make_missing(connection, [CASES.name, REFERRALS.name, ALERTS.name])
    producer = AIOKafkaProducer(**connection)
    await producer.start()
    try:
        for one in records:
            key = one.headers["ce_subject"]
            await producer.send_and_wait(one.topic, one.value, key=key, headers=list(one.headers.items()))
    finally:
        await producer.stop()


def of_case(partner: Partner, case_id: UUID) -> list[tuple[str, bool]]:
    """What came of it; the broker of the tests has other cases too."""
    events = (one.event for one in partner.received)
    return [(one["type"], one.get("repeated", False)) for one in events if one.get("subject") == str(case_id)]


async def test_one_case_is_heard_again_in_order_and_marked(
    deliveries: Deliveries, notify: Notify, partner: Partner, replays: Replaying, kafka: str
) -> None:
    made = await deliveries.subscribes()
    life, other = a_life(), a_life()
    await deliveries.happens(*life)
    await deliveries.happens(*other)
    await publish(kafka, notify.said)
    await deliveries.sends()
    first = of_case(partner, life[0].case_id)
    assert first == [(kind, False) for kind in (REGISTERED, *LIFE)]

    await deliveries.acts(made["id"], "replay", case=str(life[0].case_id))
    await replays.run()
    await deliveries.sends()
    assert of_case(partner, life[0].case_id) == first + [(kind, True) for kind, _ in first]
    assert of_case(partner, other[0].case_id) == first
    ids = [one.headers["webhook-id"] for one in partner.received if one.event["subject"] == str(life[0].case_id)]
    assert ids[:4] == ids[4:], "whoever keeps what it has seen knows them again"


async def test_everything_since_a_moment_is_heard_again(
    deliveries: Deliveries, notify: Notify, partner: Partner, replays: Replaying, kafka: str
) -> None:
    made = await deliveries.subscribes(events=["referral"])
    life = a_life()
    await deliveries.happens(*life)
    await publish(kafka, notify.said)
    await notify.rows_changed("UPDATE deliveries SET state = 'delivered', settled_at = now(), next_at = NULL")
    await deliveries.acts(made["id"], "replay", since=(NOW - HOUR).isoformat())
    await replays.run()
    await deliveries.sends()
    assert of_case(partner, life[0].case_id) == [(kind, True) for kind in LIFE]


async def test_what_happened_before_the_moment_is_not(
    deliveries: Deliveries, notify: Notify, partner: Partner, replays: Replaying, kafka: str
) -> None:
    life = a_life()
    await deliveries.happens(*life)
    await publish(kafka, notify.said)
    await deliveries.subscribes(since=NOW.isoformat())
    await notify.rows_changed("UPDATE replays SET since = since + interval '1 second'")
    await replays.run()
    await deliveries.sends()
    assert of_case(partner, life[0].case_id) == []


async def test_a_subscription_from_the_past_hears_all_of_it_once_and_in_order(
    deliveries: Deliveries, notify: Notify, partner: Partner, replays: Replaying, kafka: str
) -> None:
    begun, signed, completed = a_life()
    await deliveries.happens(begun)
    made = await deliveries.subscribes(since=(NOW - HOUR).isoformat())
    await notify.consumes(signed)
    await publish(kafka, notify.said)
    await notify.consumes(completed)
    await deliveries.sends()
    assert partner.received == [], "what came before goes first"
    assert (await deliveries.shows(f"/v1/subscriptions/{made['id']}"))["catching_up"]

    await replays.run()
    await deliveries.sends_until(lambda: len(of_case(partner, begun.case_id)) >= 1 + len(LIFE))
    assert of_case(partner, begun.case_id) == [(kind, False) for kind in (REGISTERED, *LIFE)]
    assert "catching_up" not in await deliveries.shows(f"/v1/subscriptions/{made['id']}")


async def test_a_replay_goes_on_where_it_was_and_one_process_works_on_it(
    deliveries: Deliveries,
    notify: Notify,
    partner: Partner,
    replays: Replaying,
    kafka: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replaying, "BATCH_SIZE", 2)
    made = await deliveries.subscribes(events=["referral"])
    life = a_life()
    await deliveries.happens(*life)
    await publish(kafka, notify.said)
    await notify.rows_changed("DELETE FROM deliveries")
    await deliveries.acts(made["id"], "replay", case=str(life[0].case_id))

    running = asyncio.create_task(replays.run())
    while await notify.rows("SELECT count(*) FROM replays WHERE positions IS NOT NULL") == [(0,)]:  # noqa: ASYNC110 -- a row has no event
        await asyncio.sleep(0.01)  # another process writes the row
    await notify.rows_changed("UPDATE replays SET epoch = epoch + 1, leased_until = '-infinity' WHERE done_at IS NULL")
    with suppress(LeaseLost):  # it may have been through already
        await running
    await replays.run()
    assert await notify.rows("SELECT type, repeated FROM deliveries ORDER BY id") == [
        (kind.removeprefix("yimen.").removesuffix(".v1"), True) for kind in LIFE
    ]
