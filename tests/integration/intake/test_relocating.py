"""Open cases move with their areas on the day: seen by the new coordinator and by old tokens, told once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.web.auth import Principal, Role
from services.intake.http import ROUTES
from services.intake.registration import Registered
from services.intake.relocating import Relocator
from tests.integration.intake.test_registration import a_submission, registered
from tests.integration.web import application, bearer
from tests.sealing import SEALER
from tests.unit.intake.builders import needs_material
from tests.unit.policies.changing import AREAS, HEADING, write_pack

EVE = datetime(2026, 3, 31, 8, 0, tzinfo=UTC)
MORNING = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
CATEGORY, _ = needs_material()
OLD_AREA, NEW_AREA = "130721101", "130705001000"


class Place:
    """Intake on a database, in a place whose areas change tonight."""

    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        self.engine, self.now = engine, EVE
        self.pack = write_pack(folder)
        self.watch = PolicyWatch(self.pack, lambda: self.now)
        self.relocator = Relocator(engine=engine, policy=self.watch, clock=Clock())

    async def take(self, *areas: str, **more: object) -> list[Any]:
        bodies = [a_submission(n, area=area, category=CATEGORY, **more) for n, area in enumerate(areas, 1)]
        outcomes = await registered(self.engine, self.watch, *bodies)
        return [outcome.case for outcome in outcomes if isinstance(outcome, Registered)]

    async def the_day_comes(self) -> None:
        self.now = MORNING
        await self.relocator.relocate()

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as conn:
            return [tuple(row) for row in await conn.execute(text(statement))]

    async def sees(self, path: str, **who: Any) -> Any:
        state = {"engine": self.engine, "policy": self.watch, "places": self.watch, "clock": Clock(), "sealer": SEALER}
        app = application("intake", ROUTES, state | {"rules": None})
        token = bearer(Principal(subject="somebody", **who))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://intake") as client:
            return await client.get(path, headers=token)


@pytest.fixture
async def place(database: str, tmp_path: Path) -> AsyncIterator[Place]:
    engine = open_engine(SimpleNamespace(database_url=database), "intake")
    yield Place(engine, tmp_path)
    await engine.dispose()


MOVES = "SELECT count(*) FROM journal WHERE type = 'yimen.case.area_changed.v1'"


async def test_open_cases_move_on_the_day_with_an_event_and_what_is_over_stays(place: Place) -> None:
    waiting, over, elsewhere = await place.take(OLD_AREA, OLD_AREA, "130722201")
    await place.rows("SELECT 1")
    async with place.engine.begin() as conn:
        await conn.execute(text("UPDATE cases SET state = 'withdrawn' WHERE case_id = :id"), {"id": over.id})
        await conn.execute(text("DELETE FROM clocks WHERE case_id = :id"), {"id": over.id})
    await place.relocator.relocate()
    assert await place.rows(MOVES) == [(0,)], "not before the day"

    await place.the_day_comes()
    await place.relocator.relocate()

    found = {row[0]: row[1:] for row in await place.rows("SELECT case_id, area, first_contact_office FROM cases")}
    assert found[waiting.id] == (NEW_AREA, f"township-{NEW_AREA}")
    assert found[over.id] == (over.area, over.first_contact_office)
    assert found[elsewhere.id] == (elsewhere.area, elsewhere.first_contact_office)
    told = (
        f"SELECT type, convert_from(value, 'UTF8')::json FROM journal WHERE case_id = '{waiting.id}' ORDER BY sequence"
    )
    (*_, (changed_type, changed), (counted_type, counted)) = await place.rows(told)
    assert (changed_type, counted_type) == ("yimen.case.area_changed.v1", "yimen.clock.recalculated.v1")
    assert (changed["area_before"], changed["area"]) == (f"{OLD_AREA}000", NEW_AREA)
    assert counted["reason"] == "office_succeeded"
    assert [clock["due_at"] for clock in counted["clocks"]] == counted["previous_due_at"], "nobody loses a day"
    assert await place.rows(MOVES) == [(1,)], "once"
    kept = await place.rows(
        f"SELECT count(*) FROM case_timeline WHERE case_id = '{waiting.id}' AND type = 'case.area_changed'"
    )
    assert kept == [(1,)]


async def test_rights_and_lists_follow_the_tree_and_an_old_token_its_successor(place: Place) -> None:
    case, moved_township = await place.take(OLD_AREA, "130722200")
    coordinator = {"role": Role.COORDINATOR, "area": "130705000000"}
    path = f"/v1/cases/{case.id}"
    assert (await place.sees(path, **coordinator)).status_code == 404

    await place.the_day_comes()

    assert (await place.sees(path, **coordinator)).status_code == 200
    # The one whose code was kept lies under another county now.
    assert (await place.sees(f"/v1/cases/{moved_township.id}", **coordinator)).status_code == 200
    listed = (await place.sees("/v1/cases", **coordinator)).json()["items"]
    assert {one["case_id"] for one in listed} == {str(case.id), str(moved_township.id)}
    of_the_area = (await place.sees("/v1/cases?area=130721", **coordinator)).json()["items"]
    assert {one["case_id"] for one in of_the_area} == {str(case.id), str(moved_township.id)}
    before = {"role": Role.COORDINATOR, "area": "130722000000"}
    assert (await place.sees(f"/v1/cases/{moved_township.id}", **before)).status_code == 404
    assert (await place.sees("/v1/cases", **before)).json()["items"] == []
    old = {"role": Role.COORDINATOR, "area": "130721000000"}
    assert (await place.sees(path, **old)).status_code == 200
    window = {"role": Role.CLERK, "office": f"township-{OLD_AREA}000", "area": f"{OLD_AREA}000"}
    assert (await place.sees(path, **window)).status_code == 200


async def test_a_new_matter_for_an_old_code_is_taken_where_it_now_lies(place: Place) -> None:
    await place.the_day_comes()
    (case,) = await place.take(OLD_AREA)
    assert (case.area, case.first_contact_office) == (NEW_AREA, f"township-{NEW_AREA}")


async def test_a_township_that_was_taken_out_of_the_list_keeps_its_open_work(place: Place) -> None:
    case, *_ = await place.take(OLD_AREA, OLD_AREA)
    rows = [line for line in (HEADING + AREAS).splitlines() if not line.startswith(f"{OLD_AREA},")]
    (place.pack / "areas.csv").write_text("\n".join(rows) + "\n")

    # An installation that begins with such a pack has nothing to compare it with: the work is where its digits say.
    place.watch = PolicyWatch(place.pack, lambda: EVE)
    relocator = Relocator(engine=place.engine, policy=place.watch, clock=Clock())
    await relocator.relocate()
    assert (await place.rows(f"SELECT area FROM cases WHERE case_id = '{case.id}'")) == [("130721000000",)]
    assert REGISTRY.get_sample_value("yimen_open_at_nobody", {"service": "intake"}) == 2.0
    seen = await place.sees(f"/v1/cases/{case.id}", role=Role.COORDINATOR, area="130721000000")
    assert seen.status_code == 200
