"""Erasing: what is personal of a case that is over is gone, and what happened stays."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import httpx
import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.codes import Door, Role
from contracts.events.base import Actor
from contracts.events.cases import CaseErased
from contracts.refusals import Refused
from libraries.policies import load_policy
from libraries.runtime.database.engine import transaction
from services.intake.domain.case import Case
from services.intake.erasing import erase
from tests.integration.intake.clients import open_client
from tests.integration.intake.test_access import WHO, Relation
from tests.integration.intake.test_registration import PACK, a_submission
from tests.integration.web import bearer

WINDOW = WHO[Relation.WINDOW]


@pytest.fixture
async def client_and_engine(database: str) -> AsyncIterator[tuple[httpx.AsyncClient, AsyncEngine]]:
    async with open_client(database) as (http, engine):
        http.headers.update(bearer(WINDOW))
        yield http, engine


async def erased(engine: AsyncEngine, case_id: str, reason: str = "erasure_request") -> Case | Refused:
    async with transaction(engine) as conn:
        return await erase(
            UUID(case_id), conn, load_policy(PACK), reason=reason, at=datetime.now(UTC), by="console:operator"
        )


async def test_after_erasing_nobody_reads_the_person_and_the_story_stays(
    client_and_engine: tuple[httpx.AsyncClient, AsyncEngine],
) -> None:
    http, engine = client_and_engine
    case = (await http.post("/v1/cases", content=a_submission())).json()
    path = f"/v1/cases/{case['number']}"
    assert (await http.get(f"{path}/applicant", params={"purpose": "handling"})).status_code == 200
    assert (await http.get(path)).status_code == 200
    assert (await http.post(f"{path}/withdraw")).status_code == 200
    for _ in range(2):
        assert isinstance(await erased(engine, case["case_id"]), Case), "a second time changes nothing"

    reply = await http.get(f"{path}/applicant", params={"purpose": "handling"})
    assert (reply.status_code, reply.json()["code"]) == (410, "erased")
    told = (await http.get(path)).json()
    assert (told["summary"], told["number"], told["state"]) == (None, case["number"], "withdrawn")
    story = (await http.get(f"{path}/timeline")).json()
    assert [entry["type"] for entry in story].count("case.erased") == 1
    assert next(entry for entry in story if entry["type"] == "case.erased")["zh"].startswith("个人信息已删除")
    async with engine.connect() as conn:
        audited = "SELECT kind, what, subject, role, office, purpose FROM audit_entries ORDER BY id"
        rows = [tuple(row) for row in await conn.execute(text(audited))]
        who = (WINDOW.subject, "clerk", WINDOW.office)
        assert [row for row in rows if row[0] == "read"][:2] == [
            ("read", "applicant", *who, "handling"),
            ("read", "summary", *who, ""),
        ]
        by = {row[1]: row[2] for row in rows if row[0] == "change"}
        assert (by["yimen.case.registered.v1"], by["yimen.case.withdrawn.v1"]) == (WINDOW.subject, WINDOW.subject)
        assert by["yimen.case.erased.v1"] == "system"
        kept = await conn.execute(text("SELECT wrapped_key, sealed_applicant, sealed_summary, fingerprint FROM cases"))
        assert list(kept.one()) == [b"", b"", b"", b""]
        sent = await conn.execute(text("SELECT value FROM journal WHERE type = 'yimen.case.erased.v1'"))
        (event,) = [msgspec.json.decode(row.value, type=CaseErased) for row in sent]
        assert event.by == Actor(door=Door.CONSOLE, role=Role.OPS)


async def test_the_same_submission_after_erasing_is_told_so(
    client_and_engine: tuple[httpx.AsyncClient, AsyncEngine],
) -> None:
    http, engine = client_and_engine
    case = (await http.post("/v1/cases", content=a_submission())).json()
    await http.post(f"/v1/cases/{case['number']}/withdraw")
    await erased(engine, case["case_id"])
    reply = await http.post("/v1/cases", content=a_submission())
    assert (reply.status_code, reply.json()["code"]) == (410, "erased")


async def test_a_case_that_is_worked_on_is_not_erased(client_and_engine: tuple[httpx.AsyncClient, AsyncEngine]) -> None:
    http, engine = client_and_engine
    case = (await http.post("/v1/cases", content=a_submission())).json()
    refused = await erased(engine, case["case_id"])
    assert isinstance(refused, Refused)
    assert refused.code == "erasing_too_early"
    for reason in ("not_satisfied", "no such reason"):
        refused = await erased(engine, case["case_id"], reason)
        assert isinstance(refused, Refused)
        assert [fault.field for fault in refused.faults] == ["reason"]
    reply = await http.get(f"/v1/cases/{case['number']}/applicant", params={"purpose": "handling"})
    assert reply.json()["name"] == "张示例"
