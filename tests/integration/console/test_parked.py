"""`yimen parked` as somebody calls it who repairs: another process, the same database."""

import asyncio
import json
import os
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.codes import CaseState
from contracts.events.cases import CaseRegistered, CaseWithdrawn
from contracts.topics import CASES
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.database.migrate import upgrade
from libraries.runtime.encryption import Sealer, check_key
from libraries.runtime.kafka.records import read_record
from libraries.runtime.kafka.settling import settle
from tests.integration.routing.test_routing import NOW, Routing, an_accepted_case

pytestmark = pytest.mark.engines

WRITTEN = "张三丰（示例）的电话".encode()
KEYS = {"YIMEN_TOKEN_KEY": "k" * 32, "YIMEN_SEALING_KEY": b64encode(b"k" * 32).decode()}


@dataclass(frozen=True)
class CommandResult:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Console:
    """The command in a process of its own, with nothing but the environment of an operator."""

    def __init__(self, database: str) -> None:
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")} | {
            "YIMEN_DATABASE_URL": database,
            "YIMEN_KAFKA_SERVERS": "127.0.0.1:1",
            "YIMEN_DATA": "/nowhere",
            **KEYS,
        }

    async def __call__(self, *arguments: str, **environment: str) -> CommandResult:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "console",
            "parked",
            *arguments,
            env=self.environment | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return CommandResult(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
async def routing(database: str) -> AsyncIterator[Routing]:
    """All three schemas; routing is the one that hears something."""
    for service in ("intake", "routing", "notify"):
        await upgrade(database, service)
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    async with transaction(engine) as conn:
        await check_key(conn, Sealer(KEYS["YIMEN_SEALING_KEY"]))
    yield Routing(engine)
    await engine.dispose()


@pytest.fixture
def yimen(database: str) -> Console:
    return Console(database)


async def hears_the_second_thing_first(routing: Routing) -> CaseRegistered:
    """The case's first event, which is still to come."""
    accepted = an_accepted_case()
    routing.sequences[accepted.case_id] = 1
    await routing.consumes(accepted)
    await routing.consumes(
        CaseWithdrawn(state=CaseState.WITHDRAWN, case_id=accepted.case_id, reason="moved_away", withdrawn_at=NOW)
    )
    routing.sequences[accepted.case_id] = 0
    return CaseRegistered(
        state=CaseState.REGISTERED,
        case_id=accepted.case_id,
        number=accepted.number,
        source="township",
        submission_id="1",
        category=accepted.category,
        field=accepted.field,
        area=accepted.area,
        channel=accepted.channel,
        received_at=NOW,
        registered_at=NOW,
        first_contact_office=accepted.first_contact_office,
    )


async def hears_no_events(routing: Routing, *values: bytes) -> None:
    """What nobody could have meant, without a case."""
    records = [routing._record(CASES.name, "", value, []) for value in values]
    await settle(routing.cases, [read_record(routing.cases.reader, record) for record in records])


async def test_a_lane_is_seen_replayed_in_vain_and_replayed_in_order(routing: Routing, yimen: Console) -> None:
    missing = await hears_the_second_thing_first(routing)

    first, second = (await yimen("list", "--json")).json["items"]
    assert (first["id"], first["service"], first["reader"]) == ("routing/1", "routing", "routing.cases")
    assert (first["code"], first["behind"], second["code"], second["behind"]) == ("sequence_gap", 1, "behind", 0)
    told = await yimen("list", "--service", "routing", "--code", "sequence_gap", "--case", str(missing.case_id))
    assert "routing/1  sequence_gap  routing.cases  intake.cases.v1/0@1" in told.out
    assert (await yimen("list", "--service", "notify")).out == "nothing is parked\n"

    vain = await yimen("replay", "--all", "--by", "ops-1", "--json")
    assert (vain.code, vain.json["items"][0]["code"], vain.json["items"][0]["left"]) == (1, "sequence_gap", 2)
    assert (await yimen("show", "routing/1", "--json")).json["facts"]["tried_by"] == "ops-1"

    await routing.consumes(missing)
    done = await yimen("replay", "routing/2", "routing/1", "--by", "ops-1", "--because", "the event was sent again")
    assert (done.code, done.out) == (0, "3 records handled, 0 still wait\n")
    assert await routing.rows("SELECT DISTINCT state FROM referrals") == [("cancelled",)]
    assert [said for said in await routing.said() if said.startswith("routing")] == ["routing.decided"]
    settled = (await yimen("list", "--state", "replayed", "--json")).json["items"]
    assert {(row["settled_by"], row["settled_because"]) for row in settled} == {("ops-1", "the event was sent again")}
    assert (await yimen("replay", "--all")).out == "nothing is parked that fits\n"


async def test_what_is_lost_for_good_can_be_passed_over(routing: Routing, yimen: Console) -> None:
    await hears_the_second_thing_first(routing)

    assert (await yimen("replay", "routing/1", "--accept-gap", "--because", "lost")).code == 0
    assert len(await routing.rows("SELECT 1 FROM referrals")) == 2


async def test_a_record_is_shown_whole_and_dropped_by_somebody_for_a_reason(routing: Routing, yimen: Console) -> None:
    await hears_no_events(routing, WRITTEN, b"\xff\x1b[2J")
    listed = await yimen("list", "--json")
    first, second = listed.json["items"]
    assert {first["code"], second["code"]} == {"no_attribute"}
    assert WRITTEN.decode() not in listed.out

    assert WRITTEN.decode() not in (await yimen("list")).out
    shown = (await yimen("show", first["id"], "--by", "ops-2")).out
    assert WRITTEN.decode() in shown
    assert "opened by ops-2" in shown
    assert (await yimen("show", second["id"], "--json")).json["value"] == {"base64": b64encode(b"\xff\x1b[2J").decode()}

    assert (await yimen("drop", first["id"])).code == 2
    assert (await yimen("drop", first["id"], "--by", "ops-1", "--because", "a test of the office's")).code == 0
    (row,) = (await yimen("list", "--state", "dropped", "--json")).json["items"]
    assert (row["id"], row["settled_by"], row["settled_because"]) == (first["id"], "ops-1", "a test of the office's")
    again = await yimen("drop", first["id"], "--by", "ops-1", "--because", "twice")
    assert again.code == 1
    assert "yimen parked list" in again.err


async def test_only_the_first_of_a_lane_can_be_dropped(routing: Routing, yimen: Console) -> None:
    await hears_the_second_thing_first(routing)

    early = await yimen("drop", "routing/2", "--by", "ops-1", "--because", "x")
    assert (early.code, "routing/1 waits before it" in early.err) == (1, True)
    done = await yimen("drop", "routing/1", "--by", "ops-1", "--because", "x")
    assert (done.code, done.out) == (0, "1 records handled, 0 still wait\n")


async def test_wrong_use_is_refused_before_anything_is_touched(routing: Routing, yimen: Console) -> None:
    await hears_the_second_thing_first(routing)
    other = b64encode(b"x" * 32).decode()
    for arguments, environment, hint in (
        (("replay",), {}, "--all"),
        (("replay", "routing/1", "--all"), {}, "not both"),
        (("replay", "seven"), {}, "yimen parked list"),
        (("drop", "--because", "x"), {}, "--all"),
        (("drop", "routing/1", "--code", "behind", "--because", "x"), {}, "not both"),
        (("drop", "--all", "--before", "soon", "--because", "x"), {}, "before"),
        (("drop", "--office", "a-1", "--topic", "b", "--because", "x"), {}, "give one of them"),
        (("replay", "routing/1"), {"YIMEN_SEALING_KEY": other}, "YIMEN_SEALING_KEY is not the one"),
    ):
        told = await yimen(*arguments, **environment)
        assert (told.code, hint in told.err) == (2, True), told
    unknown = await yimen("replay", "routing/77", "--json")
    assert (unknown.code, unknown.json["items"][0]["code"]) == (1, "not_parked")
    assert (await yimen("list", "--case", "130722-20260101-00009-9")).code == 1
    assert len((await yimen("list", "--json")).json["items"]) == 2


async def test_many_are_counted_and_then_dropped_at_once(routing: Routing, yimen: Console) -> None:
    """In batches of a thousand; what waited behind them is handled, and what is not meant stays."""
    await hears_the_second_thing_first(routing)
    await hears_no_events(routing, *[b"nonsense %d" % number for number in range(1203)])
    chosen = ("--reader", "routing.cases", "--code", "no_attribute", "--topic", CASES.name)

    counted = await yimen("drop", *chosen, "--because", "x", "--dry-run", "--json")
    assert (counted.code, counted.json["records"]) == (0, 1203)
    assert counted.json["counted"] == [
        {"service": "routing", "reader": "routing.cases", "code": "no_attribute", "records": 1203}
    ]
    asked = await yimen("drop", *chosen, "--because", "x")
    assert (asked.code, "add --yes" in asked.out) == (1, True)
    none = await yimen("drop", *chosen, "--before", "2020-01-01T00:00+08:00", "--because", "x", "--yes", "--json")
    assert none.json == {"ok": True, "dropped": 0, "handled": 0, "left": 0}

    done = await yimen("drop", *chosen, "--because", "x", "--by", "ops-1", "--yes", "--json")
    assert (done.code, done.json) == (0, {"ok": True, "dropped": 1203, "handled": 0, "left": 0})
    assert await routing.rows("SELECT state, code, count(*) FROM parked_records GROUP BY 1, 2 ORDER BY 2") == [
        ("parked", "behind", 1),
        ("dropped", "no_attribute", 1203),
        ("parked", "sequence_gap", 1),
    ]
    replay = await yimen("replay", "--code", "sequence_gap", "--dry-run", "--json")
    assert (replay.code, replay.json["records"]) == (0, 1)
    behind = await yimen("drop", "--code", "behind", "--because", "x", "--yes", "--json")
    assert (behind.code, behind.json) == (1, {"ok": False, "dropped": 0, "handled": 0, "left": 1})
    dropped = await yimen("drop", "--code", "sequence_gap", "--because", "x", "--yes", "--json")
    assert (dropped.code, dropped.json) == (0, {"ok": True, "dropped": 1, "handled": 1, "left": 0})


async def test_a_whole_lane_is_dropped_and_nothing_of_it_handled(routing: Routing, yimen: Console) -> None:
    missing = await hears_the_second_thing_first(routing)

    done = await yimen("drop", "--case", str(missing.case_id), "--because", "x", "--yes")
    assert (done.code, done.out) == (0, "2 records dropped, 0 behind them handled, 0 still wait\n")
    assert await routing.rows("SELECT 1 FROM referrals") == []
