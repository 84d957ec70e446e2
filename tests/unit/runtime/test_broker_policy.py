"""What every subscriber must say explicitly, because the framework's defaults lose or invent messages."""

from typing import Any

import pytest
from faststream import AckPolicy
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.topics import FEEDBACK_PATTERN
from libraries.runtime.clock import Clock
from libraries.runtime.kafka.consumer import ConsumerLoop, RobustBroker
from libraries.runtime.kafka.records import Reader, events_of_ours
from libraries.runtime.kafka.settling import ConsumerContext
from tests.sealing import SEALER


async def nothing(*_: Any) -> None:
    """Not called here."""


@pytest.fixture
async def broker() -> RobustBroker:
    return _of_two_readers()


def _of_two_readers(**settings: bool) -> RobustBroker:
    broker = RobustBroker({"bootstrap_servers": "127.0.0.1:9"}, graceful_seconds=25, **settings)
    engine = create_async_engine("postgresql+asyncpg://nobody@127.0.0.1:9/none")
    for name, where in (("cases", {"topics": ("intake.cases.v1",)}), ("answers", {"pattern": FEEDBACK_PATTERN})):
        reader = Reader(
            name=name, group="g", decode=events_of_ours(Clock()), handle=nothing, deduplicated=True, **where
        )
        ConsumerLoop(broker, ConsumerContext(service="routing", reader=reader, engine=engine, sealer=SEALER))
    return broker


def _made(broker: RobustBroker) -> list[Any]:
    return list(broker.subscribers)


async def test_every_subscriber_commits_by_hand_answers_nobody_and_starts_at_the_beginning(
    broker: RobustBroker,
) -> None:
    assert len(broker.subscribers) == 2
    for made in _made(broker):
        assert made.ack_policy is AckPolicy.MANUAL
        assert made._no_reply is True
        assert made._connection_args["auto_offset_reset"] == "earliest"
        assert made._connection_args["enable_auto_commit"] is False
        assert made.max_records == 2000


def _waits(broker: RobustBroker) -> dict[bool, int]:
    return {bool(made._pattern): made._connection_args["fetch_max_wait_ms"] for made in _made(broker)}


async def test_a_broker_that_answers_waiting_fetches_may_hold_them_for_long(broker: RobustBroker) -> None:
    assert _waits(broker) == {False: 500, True: 500}


async def test_at_any_other_a_record_waits_little_and_a_fetch_over_many_topics_is_rare() -> None:
    assert _waits(_of_two_readers(answers_waiting_fetches=False)) == {False: 50, True: 250}


async def test_the_broker_makes_no_topics_and_no_producer(broker: RobustBroker) -> None:
    config = broker.config.broker_config
    assert config.allow_auto_create_topics is False
    assert config.consumer_only is True


async def test_a_handler_is_stopped_before_the_process_gives_up_waiting_for_it(broker: RobustBroker) -> None:
    reader = Reader(
        name="r", group="g", topics=("t",), decode=events_of_ours(Clock()), handle=nothing, deduplicated=True
    )
    timeout = broker.config.graceful_timeout
    assert timeout is not None
    assert reader.time_limit < timeout
