"""Reads the topics again for one subscriber, and makes owed what it asked for: slowly, and going on where it was."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.cloudevents import BadEnvelope, Unknown, decode
from contracts.events import CaseBound
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from services.notify.delivery import history, matching, replays
from services.notify.delivery.replays import ClaimedReplay
from services.notify.delivery.said import Said
from services.notify.domain.subscriptions import Places

BATCH_SIZE: Final = 500
RECORDS_PER_SECOND: Final = 5000
LEASE: Final = timedelta(seconds=60)
KEPT: Final = timedelta(days=30)
"""How long the topics have their records."""
BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


class LeaseLost(Exception):
    """Another process goes on with the replay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaying:
    """One replay at a time in each process. `connection` is that of the broker."""

    engine: AsyncEngine
    clock: Clock
    places: Places
    connection: Mapping[str, Any]
    per_second: float = RECORDS_PER_SECOND

    async def run(self) -> None:
        """Everything that was asked for, one after the other."""
        while True:
            async with transaction(self.engine) as conn:
                claimed = await replays.claim_replay(conn, lease=LEASE)
            if claimed is None:
                return
            if not claimed.disabled:
                await self._replay(claimed)
            async with transaction(self.engine) as conn:
                await replays.finish_replay(conn, claimed, now=datetime.now(UTC))

    async def _replay(self, claimed: ClaimedReplay) -> None:
        since = claimed.since or BEGINNING
        earliest = datetime.now(UTC) - KEPT
        from_ms = int(max(self.clock.real(since), earliest).timestamp() * 1000)
        async with history.open_history(self.connection) as consumer:
            positions = claimed.positions or await history.starts(consumer, from_ms)
            batch: list[ConsumerRecord[Any, Any]] = []
            began = time.monotonic()
            async for record in history.read(consumer, positions):
                batch.append(record)
                if len(batch) == BATCH_SIZE:
                    positions = await self._add(claimed, batch, positions)
                    batch = []
                    await asyncio.sleep(max(0.0, BATCH_SIZE / self.per_second - (time.monotonic() - began)))
                    began = time.monotonic()
            await self._add(claimed, batch, positions)

    async def _add(
        self, claimed: ClaimedReplay, batch: Sequence[ConsumerRecord[Any, Any]], positions: history.Positions
    ) -> dict[str, int]:
        """Deliveries and how far it has come, in one transaction."""
        said = [one for one in map(_said, batch) if one is not None and _is_wanted(one, claimed)]
        after = {history.named(TopicPartition(one.topic, one.partition)): one.offset + 1 for one in batch}
        async with transaction(self.engine) as conn:
            more = await matching.record(
                conn, [claimed.listener], said, self.places, repeated=claimed.repeated, catching_up=not claimed.repeated
            )
            if not await replays.save_positions(conn, claimed, {**positions, **after}, more=more, lease=LEASE):
                raise LeaseLost(str(claimed.id))
        return {**positions, **after}


def _is_wanted(said: Said, claimed: ClaimedReplay) -> bool:
    if claimed.case_id is not None and said.event.case_id != claimed.case_id:
        return False
    return claimed.since is None or datetime.fromisoformat(said.at) >= claimed.since


def _said(record: ConsumerRecord[Any, Any]) -> Said | None:
    """What is no event of a case, or none that this version knows, is passed over, as it was when it came."""
    headers = {name: value for name, value in record.headers if value is not None}
    try:
        found = decode(headers, record.value)
    except BadEnvelope:
        return None
    if isinstance(found, Unknown) or not isinstance(found.data, CaseBound):
        return None
    return Said(
        event=found.data,
        event_id=found.id,
        writer=found.writer,
        sequence=found.sequence,
        at=headers["ce_time"].decode(),
        traceparent=str(found.trace) if found.trace is not None else None,
        value=record.value or b"{}",
    )
