"""Waits until what was said when it began has arrived everywhere, but never longer than it was told to."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import asyncpg
from aiokafka import TopicPartition

from console.verify.reading import PAIRS, SERVICES, UNSENT, Pair, behind
from console.verify.topic_reader import ends_for_groups, group_lag

LOOK_SECONDS: Final = 0.5
MOST: Final = 100
_POSITIONS: Final = "SELECT shard, position_xid AS xid, position_id AS id FROM {service}.relay_shards"
_FURTHEST: Final = """
    SELECT DISTINCT ON (shard) shard, xid, id FROM {service}.journal ORDER BY shard, xid DESC, id DESC
"""
Missing = tuple[str, UUID | None, str]


class Barrier:
    """What has to arrive: it was there when this was made."""

    def __init__(self) -> None:
        self._readers: dict[Pair, dict[UUID, int]] = {}
        self._groups: dict[str, dict[TopicPartition, int]] = {}
        self._relays: dict[str, dict[int, tuple[int, int]]] = {}
        self.unsent: dict[str, int] = {}
        self.behind: list[Missing] = []

    async def capture(self, conn: asyncpg.Connection, kafka: Mapping[str, Any] | None) -> None:
        """Everything that somebody has said, for its topic and for its readers; of partners only where Kafka is."""
        await self.capture_relays(conn)
        for pair in PAIRS:
            self._readers[pair] = {case_id: last for case_id, (last, _) in (await behind(conn, pair)).items()}
        self._groups = await ends_for_groups(dict(kafka)) if kafka is not None else {}

    async def capture_relays(self, conn: asyncpg.Connection) -> None:
        """Everything that somebody has said, for its topic alone."""
        for service in SERVICES:
            rows = await conn.fetch(_FURTHEST.format(service=service))
            self._relays[service] = {row["shard"]: (row["xid"], row["id"]) for row in rows}

    async def wait(self, conn: asyncpg.Connection, kafka: Mapping[str, Any] | None, seconds: float) -> bool:
        """Whether everything arrived; what did not stands in `unsent` and `behind`."""
        end = time.monotonic() + seconds
        while True:
            await self._look(conn, kafka)
            if not self.unsent and not self.behind:
                return True
            if time.monotonic() > end:
                return False
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, conn: asyncpg.Connection, kafka: Mapping[str, Any] | None) -> None:
        self.unsent = {}
        for service, furthest in self._relays.items():
            rows = await conn.fetch(_POSITIONS.format(service=service))
            short = sum((row["xid"], row["id"]) < furthest.get(row["shard"], (0, 0)) for row in rows)
            if short:
                self.unsent[service] = await conn.fetchval(UNSENT.format(service=service))
        self.behind = []
        for pair, wanted in self._readers.items():
            there = await behind(conn, pair) if wanted else {}
            self._readers[pair] = {
                case_id: last for case_id, last in wanted.items() if case_id in there and there[case_id][1] < last
            }
            for case_id, last in list(self._readers[pair].items())[:MOST]:
                detail = f"{pair.writer} has said {last} things of it, {there[case_id][1]} were read"
                self.behind.append((pair.reader, case_id, detail))
        lag = await group_lag(dict(kafka), self._groups) if kafka is not None and self._groups else {}
        self.behind += [(group, None, f"{rows} records of partners are not read") for group, rows in lag.items()]
