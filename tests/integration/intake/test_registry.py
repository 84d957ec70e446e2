"""People and households at the window: who finds whom, by what, how often; and nobody else learns anything."""

from typing import Any

import pytest
from sqlalchemy import text

from contracts.access import Relation
from libraries.runtime.database.engine import transaction
from libraries.runtime.web.auth import Principal, Role
from services.intake.people import erase_match_keys
from services.intake.registry import MOST_SEARCHES
from tests.integration.intake.test_access import WHO, Stage, own_stage
from tests.integration.intake.test_merging import registered
from tests.integration.intake.test_people import ELSEWHERE
from tests.integration.web import bearer

__all__ = ["own_stage"]
WINDOW = WHO[Relation.WINDOW]
ID_NUMBER = "130722198001010026"
PERSON = {"name": "钱示例", "phone": "0313-0000001", "household": "H-7"}


async def search(stage: Stage, who: Principal = WINDOW, **sought: object) -> Any:
    body = {"purpose": "handling", **sought}
    return await stage.http.post("/v1/people/search", json=body, headers=bearer(who))


async def found(stage: Stage, who: Principal = WINDOW, **sought: str) -> list[list[list[str]]]:
    """For each person the numbers of the cases, and those of the household."""
    reply = await search(stage, who, **sought)
    assert reply.status_code == 200, reply.text
    assert "钱" not in reply.text
    people = reply.json()["people"]
    return [[[case["number"] for case in person[part]] for part in ("cases", "household")] for person in people]


async def test_a_person_is_found_by_what_the_window_knows_of_them(own_stage: Stage) -> None:
    one = (await registered(own_stage, 7, applicant=PERSON))["number"]
    two = (await registered(own_stage, 8, applicant=PERSON | {"phone": "(0313) 000 0001"}))["number"]
    kin = (await registered(own_stage, 9, applicant=PERSON | {"name": "钱小示", "phone": "0313-0000002"}))["number"]
    person = [[[two, one], [kin]]]
    assert await found(own_stage, phone="0313 0000001") == person
    assert await found(own_stage, name="钱 示例") == person
    assert await found(own_stage, name="示例", phone="03130000001", household="h-7") == person
    assert await found(own_stage, household="Ｈ-7") == [[[kin], [two, one]], [[two, one], [kin]]]
    assert await found(own_stage, name="例示") == []
    assert await found(own_stage, name="钱示例", phone="0313-0000002") == []
    async with transaction(own_stage.engine) as conn:
        wanted = text("SELECT case_id FROM cases WHERE number = :number")
        await erase_match_keys(conn, [await conn.scalar(wanted, {"number": two})])
    assert await found(own_stage, name="钱示例") == [[[one], [kin]]]


async def test_only_who_may_open_the_applicant_finds_anybody(own_stage: Stage) -> None:
    own = (await registered(own_stage, 7, applicant=PERSON))["number"]
    far = (await registered(own_stage, 8, applicant=PERSON, who=ELSEWHERE, area="130722101"))["number"]
    assert await found(own_stage, name="钱示例") == [[[own], []]]
    assert await found(own_stage, ELSEWHERE, name="钱示例") == [[[far], []]]
    assert await found(own_stage, WHO[Relation.COORDINATOR], name="钱示例") == [[[far, own], []]]
    nobody = Principal(subject="clerk-n", role=Role.CLERK, office="township-130723100000", area="130723100000")
    assert await found(own_stage, nobody, name="钱示例") == []
    for relation in (Relation.LEAD, Relation.OPS, Relation.AUDITOR, Relation.ASSISTANT, Relation.APPLICANT):
        assert (await search(own_stage, WHO[relation], name="钱示例")).status_code == 403, relation


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, {"nothing_sought"}),
        ({"name": " 　 "}, {"name_too_short", "nothing_sought"}),
        ({"purpose": "curiosity", "name": "钱", "phone": "--"}, {"unknown_purpose", "name_too_short", "no_digits"}),
        ({"name": "钱示例", "email": "x"}, {"unknown_field"}),
        ({"name": "钱\0示例"}, {"bad_character"}),
        ({"name": ["钱示例"]}, {"wrong_type"}),
        ({"name": "%_" * 60}, {"too_long"}),
    ],
)
async def test_what_is_no_search_is_refused_with_every_fault(
    own_stage: Stage, body: dict[str, Any], codes: set[str]
) -> None:
    reply = await search(own_stage, **body)
    assert (reply.status_code, {one["code"] for one in reply.json()["errors"]}) == (422, codes)


async def test_each_search_is_on_record_and_there_is_a_limit(own_stage: Stage) -> None:
    await registered(own_stage, 7, applicant=PERSON)
    await found(own_stage, name="钱示例", phone="0313-0000001")
    await found(own_stage, name="无此人")
    async with own_stage.engine.connect() as conn:
        noted = "SELECT about, purpose, subject, case_id IS NULL FROM audit_entries WHERE what = 'people' ORDER BY id"
        rows = [tuple(row) for row in await conn.execute(text(noted))]
    both = ("name phone", "handling", "clerk-w")
    assert rows == [(*both, True), (*both, False), ("name", "handling", "clerk-w", True)]
    async with transaction(own_stage.engine) as conn:
        more = "INSERT INTO person_searches (subject) SELECT 'clerk-w' FROM generate_series(1, :more)"
        await conn.execute(text(more), {"more": MOST_SEARCHES - 2})
    refused = await search(own_stage, name="钱示例")
    assert (refused.status_code, refused.json()["code"]) == (429, "searches_too_many")
    assert (await search(own_stage, WHO[Relation.COORDINATOR], name="钱示例")).status_code == 200
    async with transaction(own_stage.engine) as conn:
        await conn.execute(text("UPDATE person_searches SET searched_at = now() - interval '61 minutes'"))
    assert (await search(own_stage, name="钱示例")).status_code == 200


async def link(stage: Stage, act: str, who: Principal = WINDOW, **body: str) -> Any:
    body = {"purpose": "handling", **body}
    return await stage.http.post(f"/v1/people/{act}", json=body, headers=bearer(who))


async def test_two_records_of_one_person_are_merged_and_parted(own_stage: Stage) -> None:
    married = PERSON | {"name": "钱换名", "phone": "0313-0000003", "household": "H-8"}
    ones = [(await registered(own_stage, number, applicant=PERSON))["number"] for number in (7, 8)]
    others = [(await registered(own_stage, number, applicant=married))["number"] for number in (9, 10)]
    moved = PERSON | {"name": "钱示例", "phone": "0313-0000004", "household": ""}
    third = (await registered(own_stage, 11, applicant=moved))["number"]
    reply = await link(own_stage, "merge", one=ones[0], other=others[1])
    assert (reply.status_code, reply.json()) == (200, {"cases": [ones[0], others[1]]}), reply.text
    together = sorted([*ones, *others], reverse=True)
    for name in ("钱换名", "钱示例"):
        assert together in [sorted(person[0], reverse=True) for person in await found(own_stage, name=name)], name
    later = (await registered(own_stage, 12, applicant=married))["number"]
    assert (await link(own_stage, "merge", one=third, other=later)).status_code == 200
    assert [len(person[0]) for person in await found(own_stage, phone="0313-0000004")] == [6]
    again = await link(own_stage, "merge", one=third, other=ones[1])
    assert (again.status_code, again.json()["code"]) == (409, "one_person_already")
    assert (await link(own_stage, "part", case=ones[1])).status_code == 200, "by any case of the person"
    assert sorted(len(person[0]) for person in await found(own_stage, name="钱示例")) == [2, 4]
    again = await link(own_stage, "part", case=ones[0])
    assert (again.status_code, again.json()["code"]) == (409, "people_not_merged")
    async with own_stage.engine.connect() as conn:
        wanted = "SELECT what, count(*) FROM audit_entries WHERE what LIKE 'people.%' GROUP BY what ORDER BY what"
        noted = [tuple(row) for row in await conn.execute(text(wanted))]
    assert noted == [("people.merged", 4), ("people.parted", 1)]


async def test_who_may_not_open_both_applicants_merges_nobody(own_stage: Stage) -> None:
    own = (await registered(own_stage, 7, applicant=PERSON))["number"]
    far = await registered(own_stage, 8, applicant=PERSON | {"phone": "0313-0000099"}, who=ELSEWHERE, area="130722101")
    assert (await link(own_stage, "merge", one=own, other=far["number"])).status_code == 404
    assert (await link(own_stage, "merge", WHO[Relation.LEAD], one=own, other=own)).status_code == 403
    assert (await link(own_stage, "merge", one=own, other=own)).json()["code"] == "one_person_already"
    wrong = await link(own_stage, "merge", one=own, other=far["number"], purpose="curiosity")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "unknown_purpose")
