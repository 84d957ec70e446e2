"""Asking for a review over HTTP (复查、复核): what it makes of a case, each refusal with its date and its way on."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from contracts.reviews import ReviewResult
from tests.integration.intake.clients import open_client
from tests.integration.intake.doors import Door
from tests.integration.intake.test_access import WHO, Relation
from tests.integration.web import bearer

DAY = timedelta(days=1)
COUNTY, CITY = "petition-130722000000", "petition-130700000000"


class Petition(Door):
    """One that its office has solved so many days ago."""

    async def is_solved(self, ago: timedelta, category: str = "petition.request") -> None:
        await self.registers(category=category)
        if category.startswith("petition"):
            assert (await self.does("accept")).status_code == 200
        await self.is_solved_by(COUNTY, datetime.now(UTC) - ago)


@pytest.fixture
async def door(database: str) -> AsyncIterator[Petition]:
    async with open_client(database) as (http, engine):
        http.headers.update(bearer(WHO[Relation.WINDOW]))
        yield Petition(http, engine)


async def test_two_reviews_and_then_it_is_over(door: Petition) -> None:
    await door.is_solved(2 * DAY)
    told = await door.told()
    until = datetime.fromisoformat(told["review_until"])
    assert timedelta() < until - datetime.now(UTC) - 27 * DAY < 12 * DAY, "30 days, and holidays at their end"
    (stale,) = [await door.does("review", **{"if-match": '"0"'})]
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    begun = (await door.does("review")).json()
    assert (begun["state"], begun["round"], begun["category"]) == ("accepted", 2, "petition.review")
    assert (begun["answer_by"]["office"], begun["answer_by"]["basis"]["article"]) == (CITY, "35")
    assert [(one["office"], one["result"]) for one in begun["rounds"]] == [(COUNTY, None)]
    early = (await door.does("review")).json()
    assert early["code"] == "illegal_move"

    await door.is_solved_by(CITY, datetime.now(UTC), ReviewResult.UPHELD)
    told = await door.told()
    assert (told["review_result"], told["reopen_until"]) == ("upheld", None)
    again = (await door.does("review")).json()
    assert (again["round"], again["answer_by"]["basis"]["article"]) == (3, "36")
    assert [(one["round"], one["office"], one["result"]) for one in again["rounds"]] == [
        (1, COUNTY, None),
        (2, CITY, "upheld"),
    ]
    await door.is_solved_by("government_office-130700000000", datetime.now(UTC), ReviewResult.CHANGED)
    over = await door.does("review")
    assert (over.status_code, over.json()["code"]) == (409, "review_exhausted")
    story = (await door.http.get(f"/v1/cases/{door.case_id}/timeline")).json()
    texts = " ".join(entry["zh"] or "" for entry in story)
    assert "第 2 轮：信访复查" in texts
    assert "第 3 轮：信访复核" in texts
    assert "作出结论：变更原处理意见" in texts


async def test_after_the_time_the_refusal_names_its_end_and_the_way_on(door: Petition) -> None:
    await door.is_solved(40 * DAY)
    ended = datetime.fromisoformat((await door.told())["review_until"]).astimezone().date()
    for language, way in (("zh", "作为新的事项登记"), ("en", "register a new matter")):
        refused = await door.does("review", **{"accept-language": language})
        assert (refused.status_code, refused.json()["code"]) == (409, "review_window_over")
        assert str(ended) in refused.json()["detail"]
        assert way in refused.json()["detail"]
        assert "review" not in {one["act"] for one in refused.json()["possible"]}


async def test_no_other_field_has_a_review_and_a_stranger_learns_nothing(door: Petition) -> None:
    await door.is_solved(2 * DAY, "education.student_aid")
    assert (await door.told())["review_until"] is None
    refused = await door.does("review")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_review")
    for stranger in (Relation.STRANGER, Relation.LEAD):
        door.http.headers.update(bearer(WHO[stranger]))
        assert (await door.does("review")).status_code in {403, 404}
