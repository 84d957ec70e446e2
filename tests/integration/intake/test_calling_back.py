"""Calling back over HTTP: what is done, what is kept, and what is refused with its date."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.policies import load_policy
from libraries.runtime.database.engine import transaction
from services.intake import store
from services.intake.domain import actions, referral_updates
from services.intake.publishing import act
from tests.integration.intake.clients import open_client
from tests.integration.intake.test_access import WHO, Relation
from tests.integration.intake.test_registration import PACK, WINDOW, a_submission
from tests.integration.web import bearer
from tests.unit.intake.builders import LEAD, OFFICE

DAY = timedelta(days=1)
UNHAPPY = {"satisfied": False, "reason": "not_satisfied"}


class Door:
    """One case that was solved so many days ago."""

    def __init__(self, http: httpx.AsyncClient, engine: AsyncEngine) -> None:
        self.http, self.engine, self.policy, self.case_id = http, engine, load_policy(PACK), ""

    async def is_solved(self, ago: timedelta, *, called_back: timedelta | None = None) -> None:
        self.case_id = (await self.http.post("/v1/cases", content=a_submission())).json()["case_id"]
        solved = datetime.now(UTC) - ago
        async with transaction(self.engine) as conn:
            case = (await store.lock_cases(conn, [UUID(self.case_id)]))[UUID(self.case_id)]
            await act(
                case.id,
                lambda case: referral_updates.dispatched(case, solved, LEAD, OFFICE, self.policy),
                conn,
                self.policy,
                initiator=WINDOW,
            )
            await act(
                case.id,
                lambda case: referral_updates.completed(case, solved, LEAD, self.policy),
                conn,
                self.policy,
                initiator=WINDOW,
            )
            if called_back is not None:
                at = datetime.now(UTC) - called_back
                await act(
                    case.id,
                    lambda case: actions.call_back(case, at, self.policy, satisfied=True),
                    conn,
                    self.policy,
                    initiator=WINDOW,
                )

    async def does(self, act: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.http.post(f"/v1/cases/{self.case_id}/{act}", json=body, headers=headers)

    async def told(self) -> dict[str, Any]:
        return (await self.http.get(f"/v1/cases/{self.case_id}")).json()


@pytest.fixture
async def door(database: str) -> AsyncIterator[Door]:
    async with open_client(database) as (http, engine):
        http.headers.update(bearer(WHO[Relation.WINDOW]))
        yield Door(http, engine)


async def test_a_first_call_back_that_comes_too_late_still_opens_the_case_again(door: Door) -> None:
    await door.is_solved(40 * DAY)
    told = await door.told()
    assert told["state"] == "resolved"
    assert datetime.fromisoformat(told["reopen_until"]) < datetime.now(UTC)
    again = (await door.does("callback", UNHAPPY)).json()
    assert (again["state"], again["round"], again["reopen_until"]) == ("in_progress", 2, None)


async def test_who_is_reached_late_and_content_may_still_change_their_mind(door: Door) -> None:
    await door.is_solved(40 * DAY)
    closed = (await door.does("callback", {"satisfied": True})).json()
    assert closed["state"] == "closed"
    assert datetime.fromisoformat(closed["reopen_until"]) > datetime.now(UTC) + 2 * DAY
    again = await door.does("callback", UNHAPPY)
    assert (again.status_code, again.json()["round"]) == (200, 2)


@pytest.mark.parametrize("path", ["callback", "reopen"])
async def test_after_the_right_ended_the_refusal_names_the_date(door: Door, path: str) -> None:
    await door.is_solved(60 * DAY, called_back=55 * DAY)
    ended = datetime.fromisoformat((await door.told())["reopen_until"]).astimezone().date()
    body = UNHAPPY if path == "callback" else {"reason": "not_satisfied"}
    for language in ("zh", "en"):
        refused = await door.does(path, body, **{"accept-language": language})
        assert (refused.status_code, refused.json()["code"]) == (409, "reopen_window_over")
        assert str(ended) in refused.json()["detail"]
    assert (await door.told())["state"] == "closed"


async def test_a_call_that_reached_nobody_is_on_record_and_changes_nothing(door: Door) -> None:
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
