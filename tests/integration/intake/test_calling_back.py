"""Calling back over HTTP: what is done, what is kept, and what is refused with its date."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from services.intake.domain import actions
from tests.integration.intake.clients import open_client
from tests.integration.intake.doors import Door
from tests.integration.intake.test_access import WHO, Relation
from tests.integration.web import bearer
from tests.unit.intake.builders import OFFICE

DAY = timedelta(days=1)
UNHAPPY = {"satisfied": False, "reason": "not_satisfied"}


class Solved(Door):
    """One case that was solved so many days ago."""

    async def is_solved(self, ago: timedelta, *, called_back: timedelta | None = None) -> None:
        await self.registers()
        await self.is_solved_by(OFFICE, datetime.now(UTC) - ago)
        if called_back is not None:
            at = datetime.now(UTC) - called_back
            await self.happens(lambda case: actions.call_back(case, at, self.policy, satisfied=True))


@pytest.fixture
async def door(database: str) -> AsyncIterator[Solved]:
    async with open_client(database) as (http, engine):
        http.headers.update(bearer(WHO[Relation.WINDOW]))
        yield Solved(http, engine)


async def test_a_first_call_back_that_comes_too_late_still_opens_the_case_again(door: Solved) -> None:
    await door.is_solved(40 * DAY)
    told = await door.told()
    assert told["state"] == "resolved"
    assert datetime.fromisoformat(told["reopen_until"]) < datetime.now(UTC)
    again = (await door.does("callback", UNHAPPY)).json()
    assert (again["state"], again["round"], again["reopen_until"]) == ("in_progress", 2, None)


async def test_who_is_reached_late_and_content_may_still_change_their_mind(door: Solved) -> None:
    await door.is_solved(40 * DAY)
    closed = (await door.does("callback", {"satisfied": True})).json()
    assert closed["state"] == "closed"
    assert datetime.fromisoformat(closed["reopen_until"]) > datetime.now(UTC) + 2 * DAY
    again = await door.does("callback", UNHAPPY)
    assert (again.status_code, again.json()["round"]) == (200, 2)


@pytest.mark.parametrize("path", ["callback", "reopen"])
async def test_after_the_right_ended_the_refusal_names_the_date(door: Solved, path: str) -> None:
    await door.is_solved(60 * DAY, called_back=55 * DAY)
    ended = datetime.fromisoformat((await door.told())["reopen_until"]).astimezone().date()
    body = UNHAPPY if path == "callback" else {"reason": "not_satisfied"}
    for language in ("zh", "en"):
        refused = await door.does(path, body, **{"accept-language": language})
        assert (refused.status_code, refused.json()["code"]) == (409, "reopen_window_over")
        assert str(ended) in refused.json()["detail"]
    assert (await door.told())["state"] == "closed"


async def test_a_call_that_reached_nobody_is_on_record_and_changes_nothing(door: Solved) -> None:
    await door.is_solved(40 * DAY)
    before = await door.told()
    for _ in range(2):
        assert (await door.does("callback", {"reached": False})).status_code == 200
    assert await door.told() == before
    story = (await door.http.get(f"/v1/cases/{door.case_id}/timeline")).json()
    missed = [entry for entry in story if entry["type"] == "case.applicant_not_reached"]
    assert [entry["zh"] for entry in missed] == ["回访未接通"] * 2
    for body, fields in (
        ({"reached": False} | UNHAPPY, ["satisfied", "reason"]),
        ({}, ["satisfied"]),
        ({"reached": True}, ["satisfied"]),
    ):
        refused = await door.does("callback", body)
        assert refused.status_code == 422
        assert [fault["field"] for fault in refused.json()["errors"]] == fields
    assert (await door.does("callback", UNHAPPY)).json()["state"] == "in_progress"
