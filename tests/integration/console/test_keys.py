"""A new sealing key takes the place of the old one, table by table, and nothing is lost on the way."""

import asyncio
import json
import os
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.access import Part
from libraries.policies import PolicyWatch
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.database.migrate import upgrade
from libraries.runtime.encryption import CannotOpen, Sealer, check_key
from libraries.runtime.settings import ProcessSettings, settings_of
from services.intake import store
from services.intake.contents import open_sealed
from services.intake.registration import Registered, Sent, register
from tests.integration.intake.test_registration import NOW, PACK, WINDOW, a_submission

pytestmark = pytest.mark.engines
OLD, NEW = (b64encode(letter * 32).decode() for letter in (b"k", b"n"))
BEFORE, AFTER = Sealer(OLD), Sealer(NEW, index_key=OLD)
HOW_MANY = 2300


@dataclass
class Console:
    environment: dict[str, str]
    told: list[dict[str, Any]] = field(default_factory=list)

    async def rotate(self, *arguments: str, **keys: str) -> int:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "console", "keys", "rotate", "--json", *arguments),
            env=self.environment | keys,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        self.told = json.loads(out) if out else []
        return process.returncode or 0

    def counts(self, table: str) -> tuple[int, int, int]:
        (one,) = [one for one in self.told if f"{one['service']}.{one['table']}" == table]
        return one["keys"], one["of_before"], one["unreadable"]


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    for service in ("intake", "routing", "notify"):
        await upgrade(database, service)
    environment = {"YIMEN_DATABASE_URL": database, "YIMEN_TOKEN_KEY": "t" * 32}
    engine = open_engine(settings_of(environment, ProcessSettings), "intake")
    async with transaction(engine) as conn:
        await check_key(conn, BEFORE)
    yield engine
    await engine.dispose()


@pytest.fixture
def console(database: str) -> Console:
    own = {name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")}
    named = {"DATABASE_URL": database, "KAFKA_SERVERS": "127.0.0.1:1", "DATA": "/nowhere", "TOKEN_KEY": "t" * 32}
    keys = {"SEALING_KEY": NEW, "SEALING_KEYS_BEFORE": OLD, "INDEX_KEY": OLD}
    return Console(own | {f"YIMEN_{name}": value for name, value in (named | keys).items()})


async def registered(engine: AsyncEngine, *numbers: int) -> list[Registered]:
    policy = PolicyWatch(PACK).policy
    sent = [Sent(body=a_submission(number), initiator=WINDOW) for number in numbers]
    async with transaction(engine) as conn:
        found = await register(sent, conn, policy=policy, sealer=BEFORE, now=NOW)
    return [one for one in found if isinstance(one, Registered)]


async def summary(engine: AsyncEngine, one: Registered, sealer: Sealer) -> str | None:
    async with transaction(engine) as conn:
        sealed = await store.get_sealed(conn, one.case.id)
    return open_sealed(sealer, sealed, sealed.summary, one.case, Part.SUMMARY)


async def test_every_data_key_is_wrapped_again(engine: AsyncEngine, console: Console) -> None:
    cases = await registered(engine, *range(HOW_MANY))
    async with engine.begin() as conn:
        await conn.execute(
            text("UPDATE cases SET wrapped_key = '' WHERE case_id = :one"), {"one": cases[0].case.id}
        )  # erased
    assert await console.rotate("--check") == 1
    assert console.counts("intake.cases") == (HOW_MANY - 1, HOW_MANY - 1, 0)
    assert await console.rotate() == 0
    assert console.counts("intake.cases") == (HOW_MANY - 1, HOW_MANY - 1, 0)
    assert console.counts("intake.sealing_check") == (1, 1, 0)
    assert await console.rotate("--check") == 0
    assert console.counts("intake.cases") == (HOW_MANY - 1, 0, 0)

    assert await summary(engine, cases[-1], AFTER) == "申请教育救助（示例）"
    with pytest.raises(CannotOpen):
        await summary(engine, cases[-1], BEFORE)
    assert await summary(engine, cases[0], AFTER) is None
    async with transaction(engine) as conn:
        await check_key(conn, AFTER)
        sent = Sent(body=a_submission(1), initiator=WINDOW)
        again = await register([sent], conn, policy=PolicyWatch(PACK).policy, sealer=AFTER, now=NOW)
    assert [isinstance(one, Registered) and one.repeated for one in again] == [True], "the same submission, one case"


async def test_what_lies_under_an_unknown_key_is_left_and_said(engine: AsyncEngine, console: Console) -> None:
    (one,) = await registered(engine, 1)
    stranger = b64encode(b"s" * 32).decode()
    assert await console.rotate(YIMEN_SEALING_KEYS_BEFORE=stranger) == 1
    assert console.counts("intake.cases") == (1, 0, 1)
    assert await summary(engine, one, BEFORE) is not None


async def test_a_service_does_not_start_with_another_index_key(engine: AsyncEngine) -> None:
    async with transaction(engine) as conn:
        with pytest.raises(CannotOpen, match="YIMEN_INDEX_KEY"):
            await check_key(conn, Sealer(NEW, before=[OLD]))
        await check_key(conn, Sealer(NEW, before=[OLD], index_key=OLD))
