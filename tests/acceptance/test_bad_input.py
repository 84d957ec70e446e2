"""Bad input at every door of one running installation: each gets a clear answer, and the next good one flows."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from console.topics import create
from contracts.cloudevents import Envelope, encode
from contracts.codes import CaseState
from contracts.events.cases import CaseWithdrawn
from contracts.topics import CASES, OFFICE_FEEDBACK, REFERRALS, REJECTIONS, SUBMISSIONS
from libraries.ids import new_id
from libraries.runtime.web.auth import Role
from tests.acceptance.installation import Installation, installed, until
from tests.integration.intake.test_registration import NOW, a_submission
from tests.integration.routing.test_routing import an_accepted_case

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]

EDUCATION, CIVIL_AFFAIRS = "education-130722000000", "civil_affairs-130722000000"
ELSEWHERE = "bad-input.replies"
KAFKA_LIMIT, HTTP_LIMIT = 256 * 1024, 1024 * 1024
DEEP = b"[" * 100_000
NEGATIVE = dict.fromkeys(("submission_id", "source", "category", "area", "received_at", "channel"), -1)
NEGATIVE |= {"summary": -1, "attributes": -1, "materials": [-1], "applicant": {"name": -1, "phone": -1}}

BAD = {
    "not JSON": (b"{", {"": "not_json"}),
    "nothing": (b"", {"": "not_json"}),
    "not UTF-8": (b'{"source": "\xff\xfe"}', {"": "not_utf8"}),
    "half a character": (b'{"source": "\\ud800"}', {"": "not_json"}),
    "endless depth": (DEEP, {"": "not_json"}),
    "no object": (b"[1, 2]", {"": "not_json"}),
    "larger than any submission": (a_submission(summary="x" * KAFKA_LIMIT), {"": "too_large"}),
    "unknown category": (a_submission(category="weather.rain"), {"category": "unknown_category"}),
    "unknown area": (a_submission(area="999999"), {"area": "unknown_area"}),
    "half an area": (a_submission(area="1307221"), {"area": "bad_area"}),
    "a NUL": (a_submission(summary="a\x00b"), {"summary": "bad_character"}),
    "year 9999": (a_submission(received_at="9999-12-31T23:59:59+08:00"), {"received_at": "calendar_range"}),
    "year 1": (a_submission(received_at="0001-01-01T00:00:00+14:00"), {"received_at": "calendar_range"}),
    "an offset of 26 hours": (a_submission(received_at="2026-03-02T09:00:00+26:00"), {"received_at": "offset_range"}),
    "an offset of nowhere": (a_submission(received_at="2026-03-02T09:00:00+15:00"), {"received_at": "offset_range"}),
    "no offset": (a_submission(received_at="2026-03-02T09:00:00"), {"received_at": "offset_missing"}),
    "attributes that nobody knows": (a_submission(attributes={"x": -1}), {"attributes": "unknown_attribute"}),
    "negative everywhere": (
        a_submission(**NEGATIVE),
        dict.fromkeys(("submission_id", "source", "category", "area", "summary", "attributes"), "wrong_type")
        | {"channel": "not_one_of", "received_at": "time_form", "materials.0": "wrong_type"}
        | {"applicant.name": "wrong_type", "applicant.phone": "wrong_type"},
    ),
    "everything at once": (
        a_submission(area="999999", category="x", received_at="soon", applicant={"phone": []}, channel="pigeon"),
        {"area": "unknown_area", "category": "unknown_category", "received_at": "time_form"}
        | {"applicant.name": "missing", "applicant.phone": "wrong_type", "channel": "not_one_of"},
    ),
}
STATUS = {"not_json": 400, "not_utf8": 400, "too_large": 413}


@pytest.fixture(scope="module")
async def city(postgres: str, kafka: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    name = f"bad_input_{uuid4().hex[:8]}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    database = f"{postgres.rpartition('/')[0]}/{name}"
    await create(kafka, {ELSEWHERE: (1, 3_600_000)})
    async with installed(
        database, kafka, tmp_path_factory.mktemp("bad"), offices=(EDUCATION, CIVIL_AFFAIRS)
    ) as installation:
        yield installation
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def yimen(city: Installation, *arguments: str, status: int = 0) -> Any:
    """The command as an operator of this installation calls it; its answer as JSON."""
    command = [sys.executable, "-m", "console", *arguments, "--json"]
    environment = city.environment | {"YIMEN_DATA": str(city.folder / "none")}
    done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, check=False)
    assert done.returncode == status, (done.stdout, done.stderr)
    return json.loads(done.stdout)


async def parked(city: Installation, *narrowed: str) -> list[dict[str, Any]]:
    return list((await yimen(city, "parked", "list", *narrowed))["items"])


async def becomes_a_case(window: httpx.AsyncClient, source: str) -> dict[str, Any]:
    async def there() -> Any:
        return (await window.get("/v1/cases", params={"source": source})).json()["items"]

    (case,) = await until(f"{source} has its case", there)
    return dict(case)


async def rejections(city: Installation, wanted: set[str]) -> dict[str, Any]:
    """By key, once every key was told."""
    found: dict[str, Any] = {}
    async with AIOKafkaConsumer(
        REJECTIONS.name, bootstrap_servers=city.kafka, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        async with asyncio.timeout(40):
            while wanted - found.keys():
                record = await consumer.getone()
                if (key := record.key.decode()) in wanted:
                    assert key not in found, "told twice"
                    found[key] = json.loads(record.value)
    return found


def by_field(faults: list[dict[str, str]]) -> dict[str, str]:
    return {fault["field"]: fault["code"] for fault in faults}


async def test_over_http_each_fault_is_named_at_once(city: Installation) -> None:
    async with city.client("intake", Role.CLERK) as window:
        for name, (body, faults) in BAD.items():
            reply = await window.post("/v1/cases", content=body)
            assert reply.headers["content-type"] == "application/problem+json", name
            problem = reply.json()
            assert by_field(problem["errors"]) == faults, name
            expected = STATUS.get(next(iter(faults.values())), 422)
            assert (reply.status_code, problem["status"]) == (expected, expected), name
            assert problem["title"], name
        for size in (HTTP_LIMIT + 1, 10 * 1024 * 1024 + 1):
            reply = await window.post("/v1/cases", content=b"x" * size)
            assert (reply.status_code, reply.headers["content-type"]) == (413, "application/problem+json")
        reply = await window.post("/v1/cases", content=a_submission(source="after-http"))
        assert reply.status_code == 201


async def test_over_kafka_each_gets_its_rejection_and_the_next_flows(city: Installation) -> None:
    async with city.producer() as producer, city.client("intake", Role.CLERK) as window:
        for number, (body, _) in enumerate(BAD.values()):
            await producer.send_and_wait(SUBMISSIONS.name, body, key=f"bad-{number}".encode(), partition=0)
        await producer.send_and_wait(SUBMISSIONS.name, a_submission(source="after-kafka"), key=b"ok", partition=0)
        case = await becomes_a_case(window, "after-kafka")
        assert case["state"] == "accepted"
    told = await rejections(city, {f"bad-{number}" for number in range(len(BAD))})
    for number, (name, (_, faults)) in enumerate(BAD.items()):
        assert by_field(told[f"bad-{number}"]["faults"]) == faults, name
    assert told["bad-7"]["submission_id"] == "2026-000001", "its sender can find it"
    assert await parked(city, "--service", "intake") == []


async def test_strange_headers_and_keys_change_nothing(city: Installation) -> None:
    strange: list[tuple[str, Any]] = [
        ("reply_to", ELSEWHERE.encode()),
        ("correlation_id", None),
        ("content-type", b"\xff\xfe"),
        ("ce_type", None),
        ("ce_subject", b"nobody"),
        ("", b""),
    ]
    async with city.producer() as producer, city.client("intake", Role.CLERK) as window:
        for number, (key, headers) in enumerate([(b"k", strange), (None, []), (b"\xff\x00", strange), (None, strange)]):
            body = a_submission(source=f"strange-{number}")
            await producer.send_and_wait(SUBMISSIONS.name, body, key=key, headers=headers, partition=0)
        for number in range(4):
            await becomes_a_case(window, f"strange-{number}")
        bad = a_submission(source="no-key", area="999999")
        await producer.send_and_wait(SUBMISSIONS.name, bad, key=None, headers=strange, partition=0)
    told = (await rejections(city, {""}))[""]
    assert (told["source"], by_field(told["faults"])) == ("no-key", {"area": "unknown_area"})
    async with AIOKafkaConsumer(bootstrap_servers=city.kafka) as consumer:
        place = TopicPartition(ELSEWHERE, 0)
        assert (await consumer.end_offsets([place]))[place] == 0, "nobody is answered where a header says"


async def test_a_submission_sent_a_thousand_times_is_one_case(city: Installation) -> None:
    body = a_submission(source="thousand")
    async with city.producer() as producer, city.client("intake", Role.CLERK) as window:
        sent = [await producer.send(SUBMISSIONS.name, body, key=str(n % 9).encode()) for n in range(900)]
        replies, _ = await asyncio.gather(
            asyncio.gather(*(window.post("/v1/cases", content=body) for _ in range(100))), asyncio.gather(*sent)
        )
        assert {reply.status_code for reply in replies} <= {200, 201}
        await producer.send_and_wait(SUBMISSIONS.name, a_submission(source="after-thousand"), key=b"0", partition=0)
        await becomes_a_case(window, "after-thousand")
        case = await becomes_a_case(window, "thousand")
        assert {reply.json()["number"] for reply in replies} == {case["number"]}
        story = (await window.get(f"/v1/cases/{case['number']}/timeline")).json()
        assert [entry["type"] for entry in story].count("case.registered") == 1


async def test_an_office_that_writes_nonsense_hears_why_and_goes_on(city: Installation) -> None:
    async with city.client("intake", Role.CLERK) as window, city.client("routing", Role.OPS) as ops:
        reply = await window.post("/v1/cases", content=a_submission(source="answered"))
        case_id = reply.json()["case_id"]

        async def referred() -> Any:
            items = (await ops.get("/v1/referrals", params={"office": EDUCATION})).json()["items"]
            return next((item for item in items if item["case_id"] == case_id), None)

        referral = await until("the case is referred", referred)
        about = referral["referral_id"]
        right = {"feedback_id": "right", "referral_id": about, "action": "sign"}
        stranger = str(uuid4())
        nonsense = [
            (b"{", "not_json"),
            (b'{"feedback_id": "\xff"}', "not_utf8"),
            (None, "no_value"),
            (b" " * 70_000, "too_large"),
            (right | {"action": "dance"}, "not_one_of"),
            (right | {"feedback_id": -1}, "wrong_type"),
            (right | {"occurred_at": "2026-03-02T09:00:00"}, "offset_missing"),
            (right | {"occurred_at": "9999-12-31T23:59:59-08:00"}, "calendar_range"),
            (right | {"reason": "\x00"}, "bad_character"),
            (right | {"referral_id": stranger}, "unknown_referral"),
        ]
        async with city.producer() as producer:
            topic = OFFICE_FEEDBACK.named(EDUCATION)
            for value, _ in nonsense:
                raw = json.dumps(value).encode() if isinstance(value, dict) else value
                await producer.send_and_wait(topic, raw, key=b"always-the-same", headers=[("reply_to", b"x")])
            foreign = right | {"feedback_id": "foreign", "action": "complete"}
            await producer.send_and_wait(OFFICE_FEEDBACK.named(CIVIL_AFFAIRS), json.dumps(foreign).encode(), key=b"x")
            await producer.send_and_wait(topic, json.dumps(right).encode(), key=b"always-the-same")

        async def signed() -> bool:
            found = await referred()
            return bool(found["state"] == "signed")

        await until("the right answer is taken", signed)
    # The first four name no referral and the last another's: they are told to the office alone. The rest is its case's.
    alone = [code for value, code in nonsense if not isinstance(value, dict)] + ["unknown_referral"]
    alone_told = await city.heard_by(EDUCATION, "feedback.rejected", len(alone))
    assert [value["faults"][0]["code"] for value in alone_told] == alone
    assert {(value["office"], value["record"]["topic"]) for value in alone_told} == {(EDUCATION, topic)}
    story = await city.heard(REFERRALS.name, case_id, ["feedback.received"] * (len(nonsense) - len(alone)))
    refused = [value for said, value in story if value.get("code") == "invalid_feedback"]
    assert [value["faults"][0]["code"] for value in refused] == [code for _, code in nonsense[4:-1]]
    others = await city.heard_by(CIVIL_AFFAIRS, "feedback.rejected", 1)
    assert [value["feedback_id"] for value in others] == ["foreign"]
    assert [row for row in await parked(city, "--service", "routing") if row["topic"] == topic] == []


async def test_an_office_over_http_is_told_what_is_wrong(city: Installation) -> None:
    async with (
        city.client("intake", Role.CLERK) as window,
        city.client("routing", Role.OFFICER, office=EDUCATION) as office,
    ):
        case = (await window.post("/v1/cases", content=a_submission(source="over-http"))).json()

        async def inbox() -> Any:
            items = (await office.get("/v1/referrals")).json()["items"]
            return next((item for item in items if item["case_id"] == case["case_id"]), None)

        path = f"/v1/referrals/{(await until('the case is referred', inbox))['referral_id']}"
        for body, status in (
            (b"{", 400),
            (b"\xff", 400),
            (b"[]", 400),
            (json.dumps({"feedback_id": "with blank"}).encode(), 422),
            (json.dumps({"text": "x" * 4001}).encode(), 422),
            (json.dumps({"reason": "\x00"}).encode(), 422),
            (json.dumps({"occurred_at": "9999-12-31T23:59:59-08:00"}).encode(), 422),
            (b"x" * (HTTP_LIMIT + 1), 413),
        ):
            reply = await office.post(f"{path}/sign", content=body)
            told = (reply.status_code, reply.headers["content-type"])
            assert told == (status, "application/problem+json"), body[:60]
        assert (await office.post(f"{path}/sign", json={})).status_code == 200


async def test_events_of_other_versions_wait_with_their_case_alone(city: Installation) -> None:
    cases = {version: new_id() for version in (0, 2, 9999)}
    async with city.producer() as producer, city.client("intake", Role.CLERK) as window:
        for version, case_id in cases.items():
            event = CaseWithdrawn(
                state=CaseState.WITHDRAWN, case_id=case_id, reason="applicant_request", withdrawn_at=NOW
            )
            headers, value = encode(Envelope(id=new_id(), writer="intake", time=NOW, sequence=1, data=event))
            wire_type = f"yimen.case.withdrawn.v{version}".encode()
            other = [(name, wire_type if name == "ce_type" else content) for name, content in headers]
            await producer.send_and_wait(CASES.name, value, key=str(case_id).encode(), headers=other)
        case = (await window.post("/v1/cases", content=a_submission(source="after-versions"))).json()
    await city.heard(REFERRALS.name, case["case_id"], ["referral.dispatched"])

    async def all_parked() -> Any:
        rows = await parked(city, "--code", "unsupported_version")
        return rows if len(rows) == 2 * len(cases) else None

    rows = await until("they are parked", all_parked)
    assert {(row["reader"], row["case_id"]) for row in rows} == {
        (reader, str(case_id)) for reader in ("routing.cases", "notify.cases") for case_id in cases.values()
    }
    vain = await yimen(city, "parked", "replay", "--code", "unsupported_version", status=1)
    assert {item["code"] for item in vain["items"]} == {"unsupported_version"}
    for row in rows:
        if row["case_id"] == str(cases[0]):
            await yimen(city, "parked", "drop", row["id"], "--by", "ops-1", "--because", "a test of versions")
    assert await parked(city, "--case", str(cases[0])) == []
    assert len(await parked(city, "--code", "unsupported_version")) == len(rows) - 2


async def test_what_a_command_replays_goes_out_with_the_running_services(city: Installation) -> None:
    """The first event of a case is lost: what follows waits, until somebody takes the loss as given."""
    accepted = an_accepted_case()
    headers, value = encode(Envelope(id=new_id(), writer="intake", time=NOW, sequence=2, data=accepted))
    async with city.producer() as producer:
        await producer.send_and_wait(CASES.name, value, key=str(accepted.case_id).encode(), headers=headers)
    case_id = str(accepted.case_id)

    async def waiting() -> Any:
        return await parked(city, "--service", "routing", "--case", case_id)

    (row,) = await until("the case waits", waiting)
    assert (row["code"], row["detail"]) == ("sequence_gap", "expected 1, came 2")
    because = ("--by", "ops-1", "--because", "lost with the old broker")
    await yimen(city, "parked", "replay", row["id"], "--accept-gap", *because)
    told = await city.heard(REFERRALS.name, case_id, ["routing.decided", "referral.dispatched"])
    assert [said for said, _ in told].count("routing.decided") == 1
    assert await waiting() == []
