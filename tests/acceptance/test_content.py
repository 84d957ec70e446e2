"""A referral with content: from an applicant's words at the window to an office's words, by public doors only."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from console.topics import DEFAULT_POLICY
from libraries.policies import load_policy
from libraries.runtime.web.auth import Role
from tests.acceptance.installation import Installation, installed, until
from tests.acceptance.test_mission import answers, becomes, referrals, registered, run

pytestmark = pytest.mark.engines

ZHANGBEI, KANGBAO = "130722000000", "130723000000"
WINDOW = "township-130722100000"


@pytest.fixture(scope="module")
async def city(postgres: str, kafka: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    name = f"content_{uuid4().hex[:8]}"
    await run(postgres, f"CREATE DATABASE {name}")
    folder: Path = tmp_path_factory.mktemp("content")
    policy = load_policy(DEFAULT_POLICY)
    offices = [o.code for o in policy.offices.values() if o.area == ZHANGBEI and "kafka" in o.channels]
    async with installed(f"{postgres.rpartition('/')[0]}/{name}", kafka, folder, offices=offices) as installation:
        yield installation
    await run(postgres, f"DROP DATABASE {name} WITH (FORCE)")


class Person:
    """Somebody with a token, who follows links to whichever service has them."""

    def __init__(self, city: Installation, role: Role, **scope: str) -> None:
        self.intake, self.routing = (city.client(name, role, **scope) for name in ("intake", "routing"))

    async def opens(self, link: str, **params: str) -> httpx.Response:
        service = self.routing if link.startswith("/v1/referrals") else self.intake
        return await service.get(link, params=params or None)

    async def reads(self, link: str, **params: str) -> Any:
        reply = await self.opens(link, **params)
        assert reply.status_code == 200, (link, reply.text)
        return reply.json()

    async def heard_of(self, link: str) -> Any:
        """What an event has told the service, a moment later at most."""

        async def there() -> Any:
            reply = await self.opens(link)
            assert reply.status_code in {200, 404}, reply.text
            return reply.json() if reply.status_code == 200 else None

        return await until(f"{link} is opened", there)

    async def leaves(self) -> None:
        await self.intake.aclose()
        await self.routing.aclose()


@pytest.fixture
async def person(city: Installation) -> AsyncIterator[Callable[..., Person]]:
    made: list[Person] = []

    def comes(role: Role, **scope: str) -> Person:
        made.append(Person(city, role, **scope))
        return made[-1]

    yield comes
    for one in made:
        await one.leaves()


WORDS = {
    "category": "housing.rural_dilapidated",
    "applicant": {"name": "李示例", "phone": "000-1111111"},
    "summary": "房屋漏雨，墙体开裂（示例）",
}
HOUSING, HELPER = f"housing-{ZHANGBEI}", f"emergency_management-{ZHANGBEI}"


async def referred(window: Person, office: Person) -> tuple[dict[str, Any], Any]:
    """A case that the window registers, and the referral as the office finds it in its inbox."""
    case = await registered(window.intake, **WORDS)
    assert "summary" not in case, "the window has just written it"

    async def in_the_inbox() -> Any:
        listed = (await office.reads("/v1/referrals"))["items"]
        return next((one for one in listed if one["number"] == case["number"]), None)

    found = await until("the referral is in the inbox", in_the_inbox)
    return case, await office.reads(f"/v1/referrals/{found['referral_id']}")


async def test_an_office_finds_by_the_links_of_its_referral_what_it_is_about(
    city: Installation, person: Callable[..., Person]
) -> None:
    window, housing = person(Role.CLERK, office=WINDOW), person(Role.OFFICER, office=HOUSING)
    case, referral = await referred(window, housing)
    about = await housing.heard_of(referral["links"]["case"])
    assert (about["summary"], about["relations"]) == (WORDS["summary"], ["lead"])
    link = referral["links"]["applicant"]
    assert (await housing.opens(link)).json()["code"] == "unknown_purpose"
    assert await housing.reads(link, purpose="handling") == WORDS["applicant"]
    coordinator = person(Role.COORDINATOR, area=ZHANGBEI)
    reads = await coordinator.reads(f"/v1/cases/{case['number']}/reads")
    assert ("applicant", HOUSING, "handling") in {(r["part"], r["office"], r["purpose"]) for r in reads}
    stranger = person(Role.OFFICER, office=f"housing-{KANGBAO}")
    for door in filter(None, referral["links"].values()):
        reply = await stranger.opens(door)
        assert reply.status_code == 404 or reply.json()["items"] == [], door


async def test_what_a_co_handler_waits_for_reaches_the_window_and_the_lead(
    city: Installation, person: Callable[..., Person]
) -> None:
    window, housing = person(Role.CLERK, office=WINDOW), person(Role.OFFICER, office=HOUSING)
    case, referral = await referred(window, housing)
    others = {one["office"]: one for one in referral["others"]}
    assert others.keys() == {HELPER, WINDOW}
    helping = others[HELPER]
    await answers(city, helping, "accept")
    await answers(city, helping, "hold", reason="supplement", text="请补交危房鉴定书（示例）")

    async def waiting() -> Any:
        return (await window.reads(f"/v1/cases/{case['number']}"))["waiting"]

    (wait,) = await until("the window hears of the hold", waiting)
    assert (wait["office"], wait["reason_zh"]) == (HELPER, "等待申请人补正材料")
    assert (await window.reads(wait["answers"]))[-1]["text"] == "请补交危房鉴定书（示例）"
    listed = (await window.reads("/v1/cases"))["items"]
    assert [one["waiting"][0]["office"] for one in listed if one["number"] == case["number"]] == [HELPER]
    assert (await housing.reads(helping["answers"]))[-1]["text"] == "请补交危房鉴定书（示例）"
    helper = person(Role.OFFICER, office=HELPER)
    assert (await helper.opens(referral["links"]["answers"])).status_code == 404, "a co-handler reads its own"


async def test_the_window_knows_the_result_when_it_calls_back_and_the_offices_are_cut_off(
    city: Installation, person: Callable[..., Person]
) -> None:
    window, housing = person(Role.CLERK, office=WINDOW), person(Role.OFFICER, office=HOUSING)
    case, referral = await referred(window, housing)
    for one in (*referral["others"], referral):
        await answers(city, one, "accept")
        await answers(city, one, "complete", text=f"已办（{one['office']}）")
    await becomes(window.intake, case, "resolved")
    assert (await window.reads(referral["links"]["answers"]))[-1]["text"] == f"已办（{HOUSING}）"
    called = await window.intake.post(f"/v1/cases/{case['number']}/callback", json={"satisfied": True})
    assert called.json()["state"] == "closed"
    for office in (housing, person(Role.OFFICER, office=HELPER)):
        left = await office.reads(referral["links"]["case"])
        assert (left["relations"], left["state"], "summary" in left) == (["former"], "closed", False)
        assert (await office.opens(referral["links"]["applicant"], purpose="handling")).status_code == 403
    assert (await housing.reads(referral["links"]["answers"]))[-1]["text"] == f"已办（{HOUSING}）"


async def test_whoever_decides_on_a_return_reads_and_decides_and_knows_no_more_afterwards(
    city: Installation, person: Callable[..., Person]
) -> None:
    window = person(Role.CLERK, office=WINDOW)
    decider = person(Role.OFFICER, office=f"civil_affairs-{ZHANGBEI}")
    case = await registered(window.intake, category="social_security.personal_registration", summary="参保（示例）")
    (first,) = await referrals(city, case)
    path = f"/v1/cases/{case['number']}"
    assert (await decider.opens(path)).status_code == 404
    await answers(city, first, "return", reason="not_competent", text="应由就业服务局办理（示例）")
    assert (await decider.heard_of(path))["relations"] == ["decider"]
    assert (await decider.reads(path))["summary"] == "参保（示例）"
    own = f"/v1/referrals/{first['referral_id']}"
    assert (await decider.reads(f"{own}/answers"))[-1]["text"] == "应由就业服务局办理（示例）"
    body = {"approve": True, "to": f"employment-{ZHANGBEI}"}
    second = (await decider.routing.post(f"{own}/decide-return", json=body)).json()["successor"]
    assert second["office"] == body["to"]

    next_lead = person(Role.OFFICER, office=second["office"])
    assert (await next_lead.heard_of(path))["summary"] == "参保（示例）"
    before = person(Role.OFFICER, office=first["office"])
    for gone in (before, decider):
        left = await gone.reads(path)
        assert (left["relations"], "summary" in left) == (["former"], False)
        assert (await gone.opens(f"{path}/timeline")).status_code == 403
    assert (await before.reads(f"{own}/answers"))[-1]["text"] == "应由就业服务局办理（示例）"
    assert (await next_lead.reads(f"{own}/answers"))[-1]["action"] == "return"
