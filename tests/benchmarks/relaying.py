"""How fast the journal goes out, and how long an idle look at it takes."""

import asyncio
import statistics
import time
from typing import Any

from sqlalchemy import text

from console.topics import create
from contracts.codes import ReferralState
from contracts.events.referrals import ReferralSigned
from contracts.topics import REFERRALS
from libraries.ids import new_id
from libraries.runtime.database.engine import transaction
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from libraries.runtime.outbox.relay import Relay
from tests.benchmarks.ground import NOW, Ground

BATCH_SIZE = 2000


async def measure(ground: Ground) -> dict[str, Any]:
    number = 20_000 if ground.quick else 100_000
    await create(ground.kafka, {REFERRALS.name: (12, 3_600_000)})
    async with ground.schema("routing") as engine:
        began = time.perf_counter()
        for _ in range(number // BATCH_SIZE):
            async with transaction(engine) as conn:
                await journal.add(conn, "routing", [_message() for _ in range(BATCH_SIZE)])
        added = number / (time.perf_counter() - began)
        relay = Relay(engine, ground.connection(), "routing")
        began = time.perf_counter()
        running = asyncio.create_task(relay.run())
        async with engine.connect() as conn:
            while await conn.scalar(text(_LEFT)):
                await conn.rollback()
                await asyncio.sleep(0.02)
        sent = number / (time.perf_counter() - began)
        idle = []
        for _ in range(50):
            looked = time.perf_counter()
            await relay.turn()
            idle.append(time.perf_counter() - looked)
        relay.stop()
        await running
    return {
        "journal_rows_added_per_second": round(added),
        "relayed_per_second": round(sent),
        "idle_turn_ms_median": round(statistics.median(idle) * 1000, 2),
    }


_LEFT = """
    SELECT EXISTS (
        SELECT FROM journal AS j JOIN relay_shards AS s USING (shard)
        WHERE (j.xid, j.id) > (s.position_xid, s.position_id)
    )
"""


def _message() -> Outgoing:
    said = ReferralSigned(
        state=ReferralState.SIGNED,
        case_id=new_id(),
        referral_id=new_id(),
        office="education-130722000000",
        role="lead",
        at=NOW,
        feedback_id="f" * 36,
    )
    return Outgoing(event=said, at=NOW)
