"""Other cases of a person or household: who finds them, what they are told, and that erasing ends it."""

from typing import Any

from sqlalchemy import text

from contracts.access import Relation
from libraries.runtime.database.engine import transaction
from libraries.runtime.web.auth import Principal, Role
from services.intake.people import erase_match_keys
from tests.integration.intake.test_access import WHO, Stage, own_stage
from tests.integration.intake.test_merging import merged, registered
from tests.integration.web import bearer

__all__ = ["own_stage"]
WINDOW = WHO[Relation.WINDOW]
ELSEWHERE = Principal(subject="clerk-z", role=Role.CLERK, office="township-130722101000", area="130722101000")


async def related(stage: Stage, key: str, who: Principal = WINDOW) -> list[dict[str, Any]]:
    reply = await stage.http.get(f"/v1/cases/{key}/related", headers=bearer(who))
    assert reply.status_code == 200, reply.text
    return list(reply.json())


async def test_cases_of_one_person_find_each_other(own_stage: Stage) -> None:
    person = {"name": "钱示例", "phone": "0313-0000001", "household": "H-7"}
    first = await registered(own_stage, 7, applicant=person)
    second = await registered(own_stage, 8, applicant=person | {"phone": "(0313) 000 0001"})
    other = await registered(own_stage, 9, applicant=person | {"name": "钱小示例"}, category="petition.request")
    await registered(own_stage, 10, applicant={"name": "钱示例"})
    found = await related(own_stage, first["number"])
    assert [(one["number"], one["same"], one["duplicate"]) for one in found] == [
        (other["number"], ["household"], False),
        (second["number"], ["household", "name_and_phone"], True),
    ]
    assert "钱" not in str(found)
    await merged(own_stage, first["number"], second["number"])
    assert {one["duplicate"] for one in await related(own_stage, first["number"])} == {False}


async def test_what_the_caller_may_not_know_of_is_not_shown(own_stage: Stage) -> None:
    person = {"name": "钱示例", "phone": "0313-0000001"}
    own = await registered(own_stage, 7, applicant=person)
    far = await registered(own_stage, 8, applicant=person, who=ELSEWHERE, area="130722101")
    assert [one["number"] for one in await related(own_stage, far["number"], ELSEWHERE)] == []
    assert [one["number"] for one in await related(own_stage, own["number"])] == []
    county = WHO[Relation.COORDINATOR]
    assert [one["number"] for one in await related(own_stage, own["number"], county)] == [far["number"]]
    for relation, status in ((Relation.STRANGER, 404), (Relation.OPS, 403), (Relation.AUDITOR, 403)):
        reply = await own_stage.http.get(f"/v1/cases/{own['number']}/related", headers=bearer(WHO[relation]))
        assert reply.status_code == status, relation


async def test_nothing_of_a_person_can_be_read_in_the_table_and_erasing_takes_it(own_stage: Stage) -> None:
    person = {"name": "钱示例", "phone": "0313-0000001"}
    first, second = [await registered(own_stage, number, applicant=person) for number in (7, 8)]
    async with own_stage.engine.connect() as conn:
        rows = (await conn.execute(text("SELECT kind, match_key FROM match_keys"))).all()
    keys = {bytes(row.match_key) for row in rows if row.kind == "name_and_phone"}
    assert all(len(key) == 16 for key in keys)
    assert len(await related(own_stage, first["number"])) == 1
    async with transaction(own_stage.engine) as conn:
        await erase_match_keys(conn, [second["case_id"]])
    assert await related(own_stage, first["number"]) == []
