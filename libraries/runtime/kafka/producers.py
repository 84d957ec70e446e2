"""The producer of the relay, and what the broker can do for it, found out at the start and never configured by hand."""

import asyncio
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError

BATCH_BYTES: Final = 256 * 1024
REQUEST_BYTES: Final = 1024 * 1024
PROBE_SECONDS: Final = 5.0
START_SECONDS: Final = 15.0
STOP_SECONDS: Final = 5.0
REQUEST_MS: Final = 15_000

log = structlog.get_logger()


async def open_producer(connection: dict[str, Any], *, idempotent: bool) -> AIOKafkaProducer:
    """A started producer. Every record is acknowledged by all replicas either way."""
    producer = AIOKafkaProducer(
        **connection,
        acks="all",
        enable_idempotence=idempotent,
        max_batch_size=BATCH_BYTES,
        max_request_size=REQUEST_BYTES,
        request_timeout_ms=REQUEST_MS,
        metadata_max_age_ms=30_000,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            await producer.start()
    except BaseException:
        await close_producer(producer)
        raise
    return producer


async def close_producer(producer: AIOKafkaProducer) -> None:
    """Without waiting for what it still holds: those rows are read again."""
    stopping = asyncio.ensure_future(producer.stop())
    done, _ = await asyncio.wait({stopping}, timeout=STOP_SECONDS)
    if not done:
        stopping.cancel()
        await asyncio.wait({stopping}, timeout=1)
    elif (error := stopping.exception()) is not None:
        log.info("producer did not stop cleanly", error=type(error).__name__)


async def supports_idempotence(connection: dict[str, Any]) -> bool:
    """Whether the broker gives out producer ids to us: it has to know how, and its rules have to allow it.

    Raises `KafkaConnectionError` if there is no broker to ask.
    """
    producer = AIOKafkaProducer(**connection, acks="all", enable_idempotence=True, request_timeout_ms=REQUEST_MS)
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await producer.start()  # waits for the producer id
    except KafkaConnectionError:
        raise
    except (KafkaError, TimeoutError) as error:
        log.info("plain producer with acks=all", reason=type(error).__name__)
        return False
    else:
        return True
    finally:
        await close_producer(producer)
