"""What a coordinator sees: what is urged, supervised and listed below, who holds it, and how each office does."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import text

from contracts.clocks import ClockStop
from contracts.codes import CaseState, ClockKind, Field, ReferralRole, ReferralState, SubmissionChannel
from contracts.events import CaseBound
from contracts.events.cases import CaseClosed, CaseRegistered, CaseReopened
from contracts.events.referrals import (
    ReferralCompleted,
    ReferralDispatched,
    ReferralReturnRequested,
    ReferralReworkRequested,
)
from libraries.ids import new_id
from libraries.policies import load_policy
from libraries.runtime.web.auth import Principal, Role, issue_token
from tests.events import AFTER
from tests.integration.notify.api import application
from tests.integration.notify.harness import (
    HOUR,
    NOW,
    OFFICE,
    PACK,
    Notify,
    clock_cancelled,
    clock_met,
    clock_started,
    facts,
    started,
)
from tests.integration.web import KEY

DAY = timedelta(days=1)
URGED = (NOW + HOUR).replace(hour=1, day=6)
SUPERVISED = URGED.replace(day=12)
AREA = "130722100000"
OTHER = "education-130730000000"


def token(role: Role = Role.COORDINATOR, **more: Any) -> dict[str, str]:
    principal = Principal(subject="somebody", role=role, installation=not more, **more)
    return {"authorization": f"Bearer {issue_token(KEY, principal)}"}


@pytest.fixture
async def http(notify: Notify) -> AsyncIterator[httpx.AsyncClient]:
    app = application(notify, now=SUPERVISED + HOUR)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notify") as client:
        client.headers.update(token())
        yield client


def registered() -> CaseRegistered:
    return CaseRegistered(
        state=CaseState.REGISTERED,
        case_id=new_id(),
        number="130722-20260304-00001-1",
        category="education.student_aid",
        field=Field.EDUCATION,
        area=AREA,
        channel=SubmissionChannel.WINDOW,
        source="test",
        submission_id="1",
        received_at=NOW,
        registered_at=NOW,
        first_contact_office="township-130722100000",
    )


def dispatched(case_id: Any, referral_id: Any) -> ReferralDispatched:
    return ReferralDispatched(
        state=ReferralState.DISPATCHED,
        case_id=case_id,
        referral_id=referral_id,
        office=OFFICE,
        role=ReferralRole.LEAD,
        at=NOW,
        number="130722-20260304-00001-1",
        category="education.student_aid",
        field=Field.EDUCATION,
        area=AREA,
        decision_id=new_id(),
    )


async def late_case(notify: Notify) -> None:
    case, referral = registered(), new_id()
    clock = facts(new_id(), referral_id=referral)
    await notify.consumes(
        case, dispatched(case.case_id, referral), clock_started(case_id=case.case_id, clocks=(clock,))
    )


async def is_supervised(notify: Notify) -> None:
    await notify.caught_up_to(NOW + 99 * DAY)
    for _ in range(2):
        await notify.alert_scheduler(at=NOW + 2 * HOUR).fire()
    for at in (URGED, SUPERVISED):
        await notify.escalation_scheduler(at=at).escalate()


async def test_who_holds_it_how_late_and_who_was_told(notify: Notify, http: httpx.AsyncClient) -> None:
    await late_case(notify)
    await is_supervised(notify)
    (one,) = (await http.get("/v1/supervisions")).json()["items"]
    assert (one["level"], one["level_zh"], one["next_level_zh"]) == ("supervised", "督办", "挂牌督办")
    assert (one["office_zh"], one["kind_zh"], one["number"]) == ("张北县教育局", "办理时限", "130722-20260304-00001-1")
    assert one["told_zh"] == ["张北县教育局", "张北县民政局", "张北县人民政府办公室"]
    assert one["late_seconds"] == int((SUPERVISED - NOW).total_seconds())


async def test_in_english_nothing_but_places_is_chinese(notify: Notify, http: httpx.AsyncClient) -> None:
    await late_case(notify)
    await is_supervised(notify)
    (one,) = (await http.get("/v1/supervisions")).json()["items"]
    assert (one["level_en"], one["next_level_en"]) == ("Supervised", "Listed supervision")
    assert (one["kind_en"], len(one["told_en"])) == ("Handling", 3)
    (line,) = (await http.get("/v1/overview")).json()["by_office"]
    policy = load_policy(PACK)
    assert (
        (line["zh"], line["en"]) == ("张北县教育局", policy.offices[OFFICE].en) == (one["office_zh"], one["office_en"])
    )
    (alert, *_) = (await http.get("/v1/alerts")).json()["items"]
    assert (alert["kind_en"], alert["office_en"]) == ("Handling", policy.offices[OFFICE].en)


async def test_behind_a_figure_stand_the_clocks_that_it_counts(notify: Notify, http: httpx.AsyncClient) -> None:
    await late_case(notify)
    await is_supervised(notify)
    total = (await http.get("/v1/overview")).json()["total"]
    for figure in ("late", "due_soon", "silent"):
        listed = (await http.get("/v1/watches", params={"figure": figure})).json()["items"]
        assert len(listed) == total[figure], figure
    assert total["late"] == 1


async def test_an_officer_s_overview_is_headed_by_the_own_office(notify: Notify, http: httpx.AsyncClient) -> None:
    told = (await http.get("/v1/overview", headers=token(Role.OFFICER, office=OFFICE))).json()
    assert (told["office"], told["office_zh"], told["area_zh"]) == (OFFICE, "张北县教育局", "")
    assert (await http.get("/v1/overview", headers=token(Role.CLERK, area=AREA))).status_code == 403


async def test_an_officer_s_overview_counts_the_cases_of_the_own_office_alone(
    notify: Notify, http: httpx.AsyncClient
) -> None:
    await late_case(notify)
    await notify.consumes(registered(), registered())
    for headers, number in ((token(), 3), (token(Role.OFFICER, office=OFFICE), 1), (token(area="130730000000"), 0)):
        told = (await http.get("/v1/overview", headers=headers)).json()["cases"]
        assert sum(line["number"] for line in told) == number
    assert (await http.get("/v1/overview", headers=token(Role.OFFICER, office=OTHER))).json()["cases"] == []
    (chosen,) = (await http.get(f"/v1/overview?office={OFFICE}")).json()["cases"]
    assert chosen["number"] == 1


async def test_a_coordinator_sees_the_own_area_and_an_officer_the_own_office(
    notify: Notify, http: httpx.AsyncClient
) -> None:
    await late_case(notify)
    await notify.consumes(started(facts(new_id(), office=OTHER, area="130730100000")))
    await is_supervised(notify)

    async def sees(path: str = "/v1/supervisions", **who: Any) -> list[str]:
        return [one["office"] for one in (await http.get(path, headers=token(**who))).json()["items"]]

    assert sorted(await sees()) == [OFFICE, OTHER]
    assert await sees(area="130722000000") == [OFFICE]
    assert await sees(area="130700000000", path="/v1/supervisions?area=130730") == [OTHER]
    assert await sees(role=Role.OFFICER, office=OTHER) == [OTHER]
    assert await sees(path="/v1/supervisions?level=urged") == []
    refused = await http.get("/v1/supervisions?area=130730", headers=token(area="130722000000"))
    assert refused.status_code == 403


async def test_pages_follow_each_other_and_what_nobody_holds_is_on_them(
    notify: Notify, http: httpx.AsyncClient
) -> None:
    await notify.consumes(*(started(facts(new_id(), kind=ClockKind.UNMATCHED, office="")) for _ in range(5)))
    await is_supervised(notify)
    seen, cursor = [], ""
    while cursor is not None:
        page = (await http.get("/v1/supervisions", params={"limit": 2, "cursor": cursor})).json()
        seen += [one["clock_id"] for one in page["items"]]
        cursor = page["next"]
    assert len(set(seen)) == len(seen) == 5


async def test_the_overview_names_a_service_that_stands_still(http: httpx.AsyncClient) -> None:
    (stalled,) = (await http.get("/v1/overview")).json()["standing"]
    assert stalled["service"] == "routing"
    assert datetime.fromisoformat(stalled["since"]) == NOW


async def test_the_overview_counts_what_is_supervised(notify: Notify, http: httpx.AsyncClient) -> None:
    await late_case(notify)
    await notify.consumes(started(facts(new_id(), kind=ClockKind.UNMATCHED, office="", referral_id=None)))
    await is_supervised(notify)
    overview = (await http.get("/v1/overview")).json()
    assert overview["supervision"] == {"reminded": 0, "urged": 0, "supervised": 2, "listed": 0}
    assert overview["total"]["supervised"] == 1, "a referral; the other has none"
    assert overview["by_office"][0]["supervised"] == 1


async def test_how_an_office_does(notify: Notify, http: httpx.AsyncClient) -> None:
    """Four referrals: one done and the applicant content, one returned, one done again after a no, one late."""
    cases = [registered() for _ in range(3)]
    referrals = [new_id() for _ in cases]
    events: list[CaseBound] = []
    for case, referral in zip(cases, referrals, strict=True):
        events += [case, dispatched(case.case_id, referral)]

    def of(number: int, kind: type[CaseBound], **more: Any) -> CaseBound:
        values = {
            "state": AFTER.get(kind),
            "referral_id": referrals[number],
            "office": OFFICE,
            "role": ReferralRole.LEAD,
            "at": NOW + DAY,
        }
        return kind(case_id=cases[number].case_id, **values | more)

    again = facts(new_id(), kind=ClockKind.REWORK, due_in=30 * DAY, referral_id=referrals[2])
    events += [
        of(0, ReferralCompleted),
        CaseClosed(state=CaseState.CLOSED, case_id=cases[0].case_id, closed_at=NOW + DAY, satisfied=True),
        of(1, ReferralReturnRequested, reason="not_competent"),
        of(2, ReferralCompleted),
        CaseReopened(
            state=CaseState.IN_PROGRESS,
            case_id=cases[2].case_id,
            reopened_at=NOW + DAY,
            round=2,
            reason="not_satisfied",
        ),
        of(2, ReferralReworkRequested, round=2, reason="not_satisfied"),
        clock_started(case_id=cases[2].case_id, clocks=(again,)),
        of(2, ReferralCompleted, round=2),
    ]
    await notify.consumes(*events)
    await late_case(notify)
    await is_supervised(notify)
    found = (await http.get(f"/v1/offices/{OFFICE}/performance")).json()
    counts = {name: found[name] for name in ("dispatched", "completed", "on_time", "returned", "reworked", "late")}
    assert counts == {"dispatched": 4, "completed": 2, "on_time": 2, "returned": 1, "reworked": 1, "late": 1}
    assert (found["asked"], found["satisfied"], found["supervised"]) == (2, 1, 1)
    assert found["rates"] == {"on_time": 1.0, "returned": 0.25, "reworked": 0.25, "satisfied": 0.5, "supervised": 0.25}


async def test_an_office_is_not_judged_by_a_limit_that_broke_before_it_had_the_case(
    notify: Notify, http: httpx.AsyncClient
) -> None:
    case, first, later = registered(), new_id(), new_id()
    clock = facts(new_id(), referral_id=first)
    await notify.consumes(case, writer="intake")
    await notify.consumes(dispatched(case.case_id, first), clock_started(case_id=case.case_id, clocks=(clock,)))
    await notify.caught_up_to(NOW + 9 * DAY)
    await notify.alert_scheduler(at=NOW + DAY).fire()
    stop = ClockStop(clock_id=clock.clock_id, kind=clock.kind, version=1, at=NOW + DAY)
    on = msgspec.structs.replace(clock, clock_id=new_id(), office=OTHER, referral_id=later, continues=clock.clock_id)
    sent = msgspec.structs.replace(dispatched(case.case_id, later), office=OTHER, at=NOW + DAY)
    await notify.consumes(
        clock_cancelled(case_id=case.case_id, clocks=(stop,)),
        sent,
        clock_started(case_id=case.case_id, clocks=(on,)),
        sent_at=NOW + DAY,
    )
    found = (await http.get(f"/v1/offices/{OTHER}/performance")).json()
    assert (found["dispatched"], found["late"], found["came_late"], found["judged"]) == (1, 0, 1, 0)
    before = (await http.get(f"/v1/offices/{OFFICE}/performance")).json()
    assert (before["late"], before["came_late"]) == (1, 0)


async def test_an_alert_says_whom_it_concerned_which_level_and_how_late(
    notify: Notify, http: httpx.AsyncClient
) -> None:
    await late_case(notify)
    await is_supervised(notify)
    (alert,) = (await http.get("/v1/alerts")).json()["items"]
    assert alert["recipients"] == [OFFICE, "civil_affairs-130722000000"]
    assert (alert["type"], alert["level"], alert["late_seconds"]) == ("clock.breached", "", 3600)
    assert alert["number"] == "130722-20260304-00001-1"
    before = (await http.get("/v1/alerts", params={"cursor": "0-0"})).json()["items"]
    assert before == [alert]


async def test_an_alert_of_a_case_that_was_not_read_yet_has_no_number(notify: Notify, http: httpx.AsyncClient) -> None:
    await notify.consumes(started(facts(new_id())))
    await is_supervised(notify)
    (alert,) = (await http.get("/v1/alerts")).json()["items"]
    assert alert["number"] is None


async def test_the_board_knows_who_explains_a_date_and_may_ask_nobody_else(http: httpx.AsyncClient) -> None:
    assert (await http.get("/board.json")).json() == {
        "intake": "https://intake.example",
        "routing": "https://routing.example/r",
        "time_zone": "Asia/Shanghai",
        "language": "zh",
    }
    policy = (await http.get("/")).headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; style-src 'self' 'sha256-")
    assert policy.endswith("; connect-src 'self' https://intake.example https://routing.example")


async def test_a_referral_with_two_late_clocks_is_supervised_once(notify: Notify, http: httpx.AsyncClient) -> None:
    """And a clock without a referral is no share of referrals."""
    case, referral = registered(), new_id()
    clocks = tuple(facts(new_id(), kind=kind, referral_id=referral) for kind in (ClockKind.HANDLING, ClockKind.REWORK))
    await notify.consumes(case, dispatched(case.case_id, referral), clock_started(case_id=case.case_id, clocks=clocks))
    await notify.consumes(started(facts(new_id(), kind=ClockKind.CALLBACK, referral_id=None)))
    await is_supervised(notify)
    assert await notify.rows("SELECT count(*) FROM escalations WHERE level = 'supervised'") == [(3,)]
    found = (await http.get(f"/v1/offices/{OFFICE}/performance")).json()
    assert (found["supervised"], found["rates"]["supervised"]) == (1, 1.0)


async def test_a_date_that_a_notice_may_still_move_is_provisional_where_it_is_shown(
    notify: Notify, http: httpx.AsyncClient
) -> None:
    """In the alert and its event, in the level's event, and until the clock has ended."""
    clock = facts(new_id(), provisional=True)
    start = started(clock)
    await notify.consumes(start)
    await is_supervised(notify)

    async def shown() -> tuple[list[bool], list[bool]]:
        items = [(await http.get(path)).json()["items"] for path in ("/v1/alerts", "/v1/supervisions")]
        return tuple([one["provisional"] for one in page] for page in items)

    assert await shown() == ([True], [True])
    events = await notify.rows(
        "SELECT value FROM journal WHERE type LIKE 'yimen.supervision.%' OR type = 'yimen.clock.breached.v1'"
    )
    assert [msgspec.json.decode(value)["provisional"] for (value,) in events] == [True] * 3
    stop = ClockStop(clock_id=clock.clock_id, kind=clock.kind, version=2, at=NOW + 9 * DAY)
    await notify.consumes(clock_met(case_id=start.case_id, clocks=(stop,)))
    assert await shown() == ([False], [])


async def test_a_level_beyond_the_published_days_is_provisional(notify: Notify, http: httpx.AsyncClient) -> None:
    await late_case(notify)
    await is_supervised(notify)
    (one,) = (await http.get("/v1/supervisions")).json()["items"]
    assert (one["provisional"], one["next_provisional"]) == (False, False)
    async with notify.engine.begin() as conn:
        await conn.execute(text("UPDATE escalations SET next_at = '2026-12-30T01:00:00Z'"))
    (one,) = (await http.get("/v1/supervisions")).json()["items"]
    assert (one["provisional"], one["next_provisional"]) == (False, True)


async def test_the_board_has_a_place_for_it(http: httpx.AsyncClient) -> None:
    page, script = (await http.get("/")).text, (await http.get("/board.js")).text
    assert 'id="supervisions"' in page
    assert "/v1/supervisions" in script
