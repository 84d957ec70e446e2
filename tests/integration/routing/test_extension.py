"""More time over both doors: asked for by the office, decided by whom the policy names, refused by silence."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libraries.runtime.clock import Clock
from libraries.runtime.web.auth import Principal, Role
from services.routing.silence import Silence
from tests.integration.routing.test_access import COORDINATOR, COUNTY, DECIDER, EDUCATION, Stage, officer, opened
from tests.integration.routing.test_deciding import on_record, told_last, tries
from tests.integration.routing.test_routing import an_answer
from tests.unit.routing.builders import NOON

HEAD = Principal(subject="head-e", role=Role.HEAD, office=EDUCATION, post="head")
NEIGHBOUR = Principal(subject="head-n", role=Role.HEAD, office="education-130723000000")
ELSEWHERE = Principal(subject="head-h", role=Role.HEAD, office=f"health-{COUNTY}")
ASKS = {"reason": "complex", "attributes": {"by": "10wd"}}


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with opened(database) as stage:
        yield stage


async def at_work(stage: Stage) -> str:
    case = await stage.brings("education.school_placement")
    (referral,) = (await stage.referrals(case.case_id)).values()
    await stage.does(officer(EDUCATION), referral, "accept")
    return referral


async def handling(stage: Stage, referral: str) -> dict[str, Any]:
    explained = (await stage.asks(officer(EDUCATION), f"/v1/referrals/{referral}/explain")).json()
    return next(clock for clock in explained["clocks"] if clock["kind"] == "handling")


async def test_the_head_of_the_office_decides_and_nobody_else(stage: Stage) -> None:
    referral = await at_work(stage)
    before = (await handling(stage, referral))["due_at"]
    asked = await stage.does(officer(EDUCATION), referral, "extend", **ASKS)
    assert (asked["extension"]["by"], asked["extension"]["approver"], asked["decider"]) == (
        "10wd",
        "unit_head",
        EDUCATION,
    )
    assert (await handling(stage, referral))["due_at"] == before
    for who in (officer(EDUCATION), COORDINATOR, officer(DECIDER)):
        status, code = await tries(stage, who, referral, "decide-extension", approve=True)
        assert (status, code) in {(403, "not_the_head"), (404, "not_found")}, who.subject
    for who in (NEIGHBOUR, ELSEWHERE):
        assert await tries(stage, who, referral, "decide-extension", approve=True) == (404, "not_found")
    waiting = (await stage.asks(HEAD, f"/v1/referrals?decider={EDUCATION}")).json()["items"]
    assert [one["referral_id"] for one in waiting] == [referral]
    decided = await stage.does(HEAD, referral, "decide-extension", approve=True, by="4wd")
    assert (decided["referral"]["extension"], decided["referral"]["decider"]) == (None, None)
    longer = await handling(stage, referral)
    assert longer["due_at"] > before
    (granted,) = longer["granted"]
    assert (granted["limit"], granted["approver"], granted["reason_zh"]) == ("4wd", "unit_head", "情况复杂")
    said = await told_last(stage, "referral.extended")
    assert said["by"] == {"door": "http", "role": "head", "office": EDUCATION, "post": "head"}
    assert [row[:4] for row in await on_record(stage)] == [("grant-extension", "", "head", EDUCATION)]
    assert await tries(stage, officer(EDUCATION), referral, "extend", **ASKS) == (409, "already_extended")


async def test_what_cannot_be_asked_or_decided_is_named(stage: Stage) -> None:
    referral = await at_work(stage)
    asks = officer(EDUCATION)
    assert await tries(stage, HEAD, referral, "decide-extension", approve=True) == (409, "no_extension_asked")
    for by, code in (("11wd", "extension_too_long"), ("10d", "extension_too_long"), ("-1wd", "limit_form")):
        body = ASKS | {"attributes": {"by": by}}
        assert await tries(stage, asks, referral, "extend", **body) == (422, code)
    assert await tries(stage, asks, referral, "extend", **(ASKS | {"reason": "workload"})) == (422, "unknown_reason")
    await stage.does(asks, referral, "extend", **ASKS)
    assert await tries(stage, asks, referral, "extend", **ASKS) == (409, "extension_pending")
    for body, code in (
        ({"approve": False}, "unknown_reason"),
        ({"approve": True, "by": "11wd"}, "extension_too_long"),
        ({"approve": True, "reason": "workload"}, "unknown_reason"),
    ):
        assert await tries(stage, HEAD, referral, "decide-extension", **body) == (422, code)
    await stage.does(HEAD, referral, "decide-extension", approve=False, reason="insufficient_grounds")
    assert (await told_last(stage, "referral.extension_refused"))["reason"] == "insufficient_grounds"
    assert (await handling(stage, referral))["granted"] == []


async def test_asked_by_kafka_and_refused_by_silence(stage: Stage) -> None:
    referral = await at_work(stage)
    before = (await handling(stage, referral))["due_at"]
    await stage.routing.is_answered(an_answer(referral, "extend", 7, **ASKS), office=EDUCATION)
    assert (await told_last(stage, "referral.extension_requested"))["by"]["door"] == "kafka"
    later = Clock(speed=1e-9, origin=NOON + timedelta(days=5), anchor=datetime.now(UTC))
    silence = Silence(engine=stage.routing.engine, router=replace(stage.routing.router, clock=later))
    await silence.settle()
    await silence.settle()
    said = await told_last(stage, "referral.extension_refused")
    assert (said["silent"], said["by"]) == (True, {"door": "rules"})
    assert (await stage.routing.said()).count("referral.extension_refused") == 1
    assert (await handling(stage, referral))["due_at"] == before
    assert await stage.routing.rows("SELECT extension, decider FROM referrals") == [(None, None)]
