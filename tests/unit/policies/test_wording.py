"""Events in words: Chinese and English, by the policy's names."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import msgspec
import pytest

from contracts.clocks import ClockExtended, ClockFacts, ClockMet, ClockPaused, ClockResumed, ClockStarted, LimitBasis
from contracts.codes import (
    CaseState,
    ClockKind,
    Door,
    FeedbackAction,
    ReferralRole,
    ReferralState,
    Role,
    SupervisionLevel,
)
from contracts.events import CaseBound
from contracts.events import alerts as a
from contracts.events import cases as c
from contracts.events import clocks as k
from contracts.events import referrals as r
from contracts.events.base import Actor
from libraries.clocks import wording
from libraries.deadlines.rendering import source_in
from libraries.policies import Policy, load_policy
from tests.events import of_clocks

Facts = TypeVar("Facts", bound=ClockFacts)
CASE, REFERRAL = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
EDUCATION, CIVIL_AFFAIRS = "education-130722000000", "civil_affairs-130722000000"


@cache
def policy() -> Policy:
    return load_policy(Path(__file__).parents[3] / "deploy" / "policies" / "zhangjiakou")


def clock(kind: ClockKind, office: str = EDUCATION) -> ClockStarted:
    return changed(ClockStarted, kind=kind, office=office)


def changed(how: type[Facts], **more: object) -> Facts:
    facts: dict[str, object] = {
        "clock_id": UUID(int=3),
        "kind": ClockKind.HANDLING,
        "version": 1,
        "office": EDUCATION,
        "area": "130722100000",
        "limit": "15wd",
        "started_at": NOW,
        "due_at": NOW + timedelta(days=7),
        "referral_id": REFERRAL,
        "basis": LimitBasis(policy_version="v", row="r", source="社会救助暂行办法"),
    }
    return how(**(facts | more))


@pytest.mark.parametrize(
    ("event", "zh", "en"),
    [
        (
            r.ReferralOnHold(
                state=ReferralState.ON_HOLD,
                case_id=CASE,
                referral_id=REFERRAL,
                office=EDUCATION,
                role=ReferralRole.LEAD,
                at=NOW,
                reason="hearing",
                stops_clock=True,
            ),
            "张北县教育局：暂停（听证）",
            "Education Bureau, 张北县: put on hold (Hearing)",
        ),
        (
            c.CaseNotAccepted(
                state=CaseState.NOT_ACCEPTED, case_id=CASE, reason="out_of_scope", go_to=CIVIL_AFFAIRS, declined_at=NOW
            ),
            "不予受理：不属于受理范围，可向 张北县民政局 提出",
            "not accepted: Out of scope; go to Civil Affairs Bureau, 张北县",
        ),
        (
            of_clocks(CASE, NOW, clock(ClockKind.SIGNING), clock(ClockKind.HANDLING)),
            "办理时限至 3月9日（社会救助暂行办法）",
            "handling until 9 March (社会救助暂行办法)",
        ),
        (
            of_clocks(CASE, NOW, clock(ClockKind.RETURN_DECISION, CIVIL_AFFAIRS)),
            "张北县民政局 退件审核时限至 3月9日（社会救助暂行办法）",
            "decision on a return by Civil Affairs Bureau, 张北县 until 9 March (社会救助暂行办法)",
        ),
        (
            a.SupervisionUrged(
                case_id=CASE,
                clock_id=REFERRAL,
                office=EDUCATION,
                area="130722100000",
                level=SupervisionLevel.URGED,
                recipients=(CIVIL_AFFAIRS,),
                at=NOW,
            ),
            "催办：张北县教育局",
            "urged: Education Bureau, 张北县",
        ),
        (
            c.CaseApplicantToBeTold(state=CaseState.IN_PROGRESS, case_id=CASE, about="extension", owed_at=NOW),
            "延期须告知申请人",
            "applicant to be told of the extension",
        ),
        (
            c.CaseApplicantNotReached(state=CaseState.RESOLVED, case_id=CASE, called_at=NOW),
            "回访未接通",
            "called back, nobody was reached",
        ),
        (
            c.CaseApplicantTold(state=CaseState.IN_PROGRESS, case_id=CASE, about="extension", told_at=NOW),
            "延期已告知申请人",
            "applicant told of the extension",
        ),
        (
            k.ClockRecalculated(
                case_id=CASE,
                clocks=(msgspec.structs.replace(clock(ClockKind.HANDLING), due_at=None),),
                previous_due_at=(None,),
                reason="pause_corrected",
                recalculated_at=NOW,
                correction=k.PauseCorrection(
                    pause=0, was_start=NOW, start=NOW, reason="never_paused", approver="unit_head"
                ),
            ),
            "更正暂停，仍暂停计时（本单位负责人批准，实际未暂停）",
            "pause corrected, still standing still (agreed by the head of the office: There was no such pause)",
        ),
        (
            of_clocks(CASE, NOW, changed(ClockPaused, reason="hearing", since=NOW - timedelta(days=1))),
            "自 3月1日 起暂停计时（补报）",
            "the clock stands still since 1 March, reported late",
        ),
        (
            r.RoutingArbitrationRequested(case_id=CASE, referral_id=REFERRAL, arbiter="nowhere-1", requested_at=NOW),
            "再次退件，由 nowhere-1 裁定",
            "returned again: nowhere-1 arbitrates",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, CaseBound) else "",
)
def test_an_event_is_told_by_the_names_of_the_policy(event: CaseBound, zh: str, en: str) -> None:
    assert wording.describe(event, policy()) == (zh, en)


def recalculated(*clocks: ClockFacts, before: datetime | None, **more: object) -> k.ClockRecalculated:
    return k.ClockRecalculated(
        case_id=CASE,
        clocks=clocks,
        previous_due_at=(before,) * len(clocks),
        reason="calendar_changed",
        recalculated_at=NOW,
        **more,
    )


NEW_YEAR = datetime(2027, 1, 4, 15, 59, 59, tzinfo=UTC)
NOTICE = k.CalendarNotice(year=2027, source="国办发明电〔2026〕9号", published_on=date(2026, 11, 4))


@pytest.mark.parametrize(
    ("event", "zh", "en"),
    [
        (
            recalculated(
                clock(ClockKind.SIGNING), clock(ClockKind.HANDLING), before=NOW, calendar="cn-2026-0a1b2c3d4e"
            ),
            "办理时限由 3月2日 改至 3月9日（日历变更：cn-2026-0a1b2c3d4e）",
            "handling moved from 2 March to 9 March (another calendar: cn-2026-0a1b2c3d4e)",
        ),
        (
            recalculated(
                msgspec.structs.replace(clock(ClockKind.HANDLING), due_at=NEW_YEAR),
                before=NEW_YEAR - timedelta(days=5),
                calendar="cn-2027-0a1b2c3d4e",
                notices=(NOTICE,),
            ),
            "办理时限由 12月30日 改至 2027年1月4日（2027 年日历：国办发明电〔2026〕9号，2026年11月4日公布）",
            (
                "handling moved from 30 December to 4 January 2027"
                " (calendar of 2027: 国办发明电〔2026〕9号, published on 4 November 2026)"
            ),
        ),
        (
            recalculated(clock(ClockKind.SUPPLEMENT_NOTICE), before=NOW + timedelta(days=7)),
            "补正告知时限仍至 3月9日（日历变更）",
            "notice of missing material still until 9 March (another calendar)",
        ),
        (
            recalculated(clock(ClockKind.ACCEPTANCE), clock(ClockKind.CALLBACK), before=NOW),
            "受理时限由 3月2日 改至 3月9日；回访时限由 3月2日 改至 3月9日（日历变更）",
            "acceptance moved from 2 March to 9 March; callback moved from 2 March to 9 March (another calendar)",
        ),
    ],
    ids=["a place's day", "a year was published", "only a warning moved", "two clocks"],
)
def test_a_date_that_moved_is_told_with_the_old_one_and_why(event: CaseBound, zh: str, en: str) -> None:
    assert wording.describe(event, policy()) == (zh, en)


def extended(due_at: datetime | None, approver: str = "unit_head", **more: object) -> CaseBound:
    longer = changed(
        ClockExtended, due_at=due_at, extensions=("10wd",), added="10wd", approver=approver, reason="complex", **more
    )
    return of_clocks(CASE, NOW, longer)


def test_an_extension_is_told_with_who_agreed_and_why() -> None:
    zh, en = wording.describe(extended(NEW_YEAR), policy()) or ("", "")
    assert zh == "延期 10个工作日，至 2027年1月4日（本单位负责人批准，情况复杂）"
    assert en == (
        "extended by 10 working days until 4 January 2027 (agreed by the head of the office: The matter is complex)"
    )


def test_an_extension_of_what_stands_still_has_no_date_and_an_unknown_approver_is_told_by_code() -> None:
    zh, en = wording.describe(extended(None, "county_head"), policy()) or ("", "")
    assert zh == "延期 10个工作日（county_head批准，情况复杂）"
    assert en == "extended by 10 working days (agreed by county_head: The matter is complex)"


def test_a_date_of_another_year_names_it() -> None:
    resumed = of_clocks(CASE, NOW, changed(ClockResumed, due_at=NEW_YEAR, since=NOW))
    assert wording.describe(resumed, policy()) == (
        "办理时限至 2027年1月4日（社会救助暂行办法）",
        "handling until 4 January 2027 (社会救助暂行办法)",
    )
    at = NEW_YEAR - timedelta(days=1)
    in_january = of_clocks(CASE, at, changed(ClockResumed, due_at=NEW_YEAR, since=at))
    assert (wording.describe(in_january, policy()) or ("", ""))[1] == "handling until 4 January (社会救助暂行办法)"


def test_a_date_that_a_notice_may_still_move_says_so() -> None:
    spare = msgspec.structs.replace(clock(ClockKind.HANDLING), due_at=NEW_YEAR, provisional=True)
    told = [
        of_clocks(CASE, NOW, spare),
        of_clocks(CASE, NOW, changed(ClockResumed, due_at=NEW_YEAR, provisional=True, since=NOW)),
        recalculated(spare, before=NOW),
        extended(NEW_YEAR, provisional=True),
    ]
    for event in told:
        zh, en = wording.describe(event, policy()) or ("", "")
        assert "2027年1月4日（暂定）" in zh
        assert "4 January 2027 (provisional)" in en


def test_what_only_machines_need_has_no_words() -> None:
    ended = ClockMet(clock_id=REFERRAL, kind=ClockKind.HANDLING, version=1, at=NOW)
    assert wording.describe(of_clocks(CASE, NOW, clock(ClockKind.SIGNING)), policy()) is None
    assert wording.describe(of_clocks(CASE, NOW, ended), policy()) is None


def test_what_happened_and_until_when_stand_in_one_line() -> None:
    accepted = msgspec.structs.replace(
        c.CaseResolved(case_id=CASE, state=CaseState.RESOLVED, resolved_at=NOW, round=1),
        clocks=(changed(ClockStarted, kind=ClockKind.CALLBACK),),
    )
    assert wording.describe(accepted, policy()) == (
        "办结，待回访；回访时限至 3月9日（社会救助暂行办法）",
        "resolved, callback due; callback until 9 March (社会救助暂行办法)",
    )


def test_every_event_of_a_referral_has_words() -> None:
    for kind in r.ReferralEvent.__subclasses__():
        known = kind in wording._REFERRAL or kind is r.ReferralDispatched
        assert known or kind in {
            r.ReferralReassigned,
            r.ReferralOfficeSucceeded,
            r.ReferralLeadActed,
            r.ReferralClassified,
            r.ReferralExtensionRequested,
            r.ReferralExtended,
            r.ReferralExtensionRefused,
        }


def test_what_a_lead_does_with_another_office_is_told_with_both() -> None:
    of = {"case_id": CASE, "referral_id": CASE, "office": CIVIL_AFFAIRS, "role": ReferralRole.LEAD, "at": NOW}
    of |= {"state": ReferralState.IN_PROGRESS}
    other = "education-130722000000"
    urged = r.ReferralLeadActed(**of, action=FeedbackAction.URGE, to=other, other_id=CASE)
    assert wording.describe(urged, policy()) == (
        "张北县民政局催办：张北县教育局",
        "Civil Affairs Bureau, 张北县, urge a co-handler: Education Bureau, 张北县",
    )
    lead = Actor(door=Door.HTTP, role=Role.OFFICER, office=CIVIL_AFFAIRS)
    moved = r.ReferralReassigned(**of, to=other, reason="other_competence", transferred=True, by=lead)
    zh = "张北县民政局（承办人员）移送：张北县民政局 → 张北县教育局（依法属于其他单位职责）"
    assert (wording.describe(moved, policy()) or ("",))[0] == zh


def test_more_time_is_told_as_it_was_asked_for_and_refused() -> None:
    of = {"case_id": CASE, "referral_id": CASE, "office": CIVIL_AFFAIRS, "role": ReferralRole.LEAD, "at": NOW}
    of |= {"state": ReferralState.IN_PROGRESS}
    asked = r.ReferralExtensionRequested(**of, asked="10wd", approver="unit_head", reason="complex")
    assert wording.describe(asked, policy()) == (
        "张北县民政局：申请延期 10个工作日（情况复杂）",
        "Civil Affairs Bureau, 张北县: asked for an extension of 10 working days (The matter is complex)",
    )
    silent = r.ReferralExtensionRefused(**of, silent=True)
    assert (wording.describe(silent, policy()) or ("",))[0] == "张北县民政局：延期逾期未决定，视为不同意"
    head = Actor(door=Door.HTTP, role=Role.HEAD, office=CIVIL_AFFAIRS)
    refused = r.ReferralExtensionRefused(**of, reason="can_be_done_in_time", by=head)
    zh = "张北县民政局（单位负责人）不同意延期：张北县民政局（可以按期办结）"
    assert (wording.describe(refused, policy()) or ("",))[0] == zh


def test_no_source_of_the_shipped_packs_says_english_in_chinese() -> None:
    rows = [*policy().limits, *policy().clocks, *policy().reasons.values(), policy().late_reports, policy().reopening]
    sources = {row.source for row in rows if row.source}
    assert {source_in("产品默认值 | product default", lang) for lang in ("zh", "en")} == {
        "产品默认值",
        "product default",
    }
    assert len(sources) > 10
    for source in sources:
        assert not re.search(r"[A-Za-z]", source_in(source, "zh")), source
