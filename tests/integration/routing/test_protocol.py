"""The whole protocol in one course, over HTTP, over Kafka, and mixed: it makes the same true by whichever door."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from libraries.runtime.web.auth import Principal, Role
from tests.integration.routing.test_access import (
    COORDINATOR,
    COUNTY,
    DECIDER,
    EDUCATION,
    HEALTH,
    Stage,
    officer,
    opened,
)
from tests.integration.routing.test_routing import an_answer

CHARITY, TOWNSHIP, JUSTICE = f"charity-{COUNTY}", "township-130722100000", f"justice-{COUNTY}"
LONGER = {"reason": "complex", "attributes": {"by": "5wd"}}
COURSE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (EDUCATION, "sign", {}),
    (EDUCATION, "accept", {}),
    (EDUCATION, "add-co", {"attributes": {"office": HEALTH}}),
    (EDUCATION, "assign", {"attributes": {"office": TOWNSHIP}}),
    (EDUCATION, "forward", {"attributes": {"office": JUSTICE}}),
    (EDUCATION, "refer-out", {"attributes": {"office": CHARITY, "consent": "written"}}),
    (JUSTICE, "sign", {}),
    (HEALTH, "return", {"reason": "not_competent"}),
    ("", "decide-return", {"approve": False}),
    (HEALTH, "complete", {}),
    (EDUCATION, "urge", {"attributes": {"office": DECIDER}}),
    (DECIDER, "accept", {}),
    (DECIDER, "hold", {"reason": "appraisal"}),
    (DECIDER, "resume", {}),
    (DECIDER, "complete", {}),
    (EDUCATION, "release-co", {"reason": "no_longer_needed", "attributes": {"office": TOWNSHIP}}),
    (EDUCATION, "extend", LONGER),
    ("", "decide-extension", {"approve": True}),
    (EDUCATION, "progress", {}),
    (EDUCATION, "complete", {}),
)
"""By which office, or by who decides, which act."""
HEAD = Principal(subject="head-e", role=Role.HEAD, office=EDUCATION)


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with opened(database) as stage:
        yield stage


@pytest.mark.parametrize("doors", [("http",), ("kafka",), ("http", "kafka")], ids="-".join)
async def test_the_course_is_the_same_by_every_door(stage: Stage, doors: tuple[str, ...]) -> None:
    case = await stage.brings("education.student_aid")
    for number, (office, act, body) in enumerate(COURSE):
        of = await stage.referrals(case.case_id)
        if not office:
            decides, about = (HEAD, EDUCATION) if act == "decide-extension" else (COORDINATOR, HEALTH)
            await stage.does(decides, of[about], act, **body)
        elif doors[number % len(doors)] == "http":
            await stage.does(officer(office), of[office], act, **body)
        else:
            await stage.routing.is_answered(an_answer(of[office], act, number, **body), office=office)
    assert Counter(await stage.routing.rows("SELECT outcome FROM answers_of_offices")) == {("applied",): 18}
    found = await stage.routing.rows("SELECT office, role, state, sent_as FROM referrals")
    assert {(office, *rest) for office, *rest in found} == {
        (EDUCATION, "lead", "completed", "dispatch"),
        (DECIDER, "co", "completed", "dispatch"),
        (HEALTH, "co", "completed", "add-co"),
        (TOWNSHIP, "co", "cancelled", "assign"),
        (JUSTICE, "info", "signed", "forward"),
        (CHARITY, "info", "dispatched", "refer-out"),
    }
    said = Counter(await stage.routing.said())
    assert (said["referral.lead_acted"], said["referral.extended"], said["referral.urged"]) == (6, 1, 1)
    assert said["feedback.received"] == 0
