"""A submission's trace, from HTTP or from a record, stands in everything that is said because of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.topics import SUBMISSIONS
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.kafka.records import Record, read_record
from libraries.runtime.kafka.settling import ConsumerContext, settle
from libraries.runtime.tracing import step
from services.intake.handlers import Registrar
from tests.integration.intake.clients import open_client
from tests.integration.intake.test_http import token
from tests.integration.intake.test_registration import PACK, a_submission
from tests.sealing import SEALER

Stage = tuple[httpx.AsyncClient, AsyncEngine]


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with open_client(database) as (client, engine):
        client.headers.update(token())
        yield client, engine


async def told(engine: AsyncEngine) -> list[tuple[str, str]]:
    """Type and trace of each event."""
    async with engine.connect() as conn:
        rows = await conn.execute(text("SELECT type, traceparent FROM journal ORDER BY id"))
        return [(row.type, row.traceparent.split("-")[1]) for row in rows]


async def test_over_http_the_trace_of_the_request_is_that_of_its_events(stage: Stage) -> None:
    http, engine = stage
    registering, withdrawing = step(), step()
    case = (await http.post("/v1/cases", content=a_submission(), headers={"traceparent": str(registering)})).json()
    path = f"/v1/cases/{case['number']}/withdraw"
    assert (await http.post(path, json={}, headers={"traceparent": str(withdrawing)})).status_code == 200

    assert await told(engine) == [
        ("yimen.case.registered.v1", registering.trace_id),
        ("yimen.case.accepted.v1", registering.trace_id),
        ("yimen.case.withdrawn.v1", withdrawing.trace_id),
    ]


async def test_each_submission_of_a_batch_goes_on_in_its_own_trace(database: str) -> None:
    engine = open_engine(SimpleNamespace(database_url=database), "intake")
    clock = Clock(origin=datetime(2026, 3, 2, 1, 30, tzinfo=UTC), anchor=datetime.now(UTC))
    reader = Registrar(policy=PolicyWatch(PACK), sealer=SEALER, clock=clock).reader()
    context = ConsumerContext(service="intake", reader=reader, engine=engine, sealer=SEALER)
    causes = [step() for _ in range(3)]
    bodies = [a_submission(1), b"no JSON", a_submission(2)]

    def a_record(offset: int, body: bytes, trace: Any) -> Record:
        return Record(
            topic=SUBMISSIONS.name,
            partition=0,
            offset=offset,
            timestamp=datetime.now(UTC),
            key=b"k",
            value=body,
            headers={"traceparent": str(trace).encode()},
        )

    records = [a_record(place, body, trace) for place, (body, trace) in enumerate(zip(bodies, causes, strict=True))]
    await settle(context, [read_record(reader, record) for record in records])

    of_cases = [(kind, cause.trace_id) for cause in causes[::2] for kind in ("registered", "accepted")]
    found = [(kind.split(".")[2], trace) for kind, trace in await told(engine)]
    assert sorted(found) == sorted([*of_cases, ("rejected", causes[1].trace_id)])
    await engine.dispose()
