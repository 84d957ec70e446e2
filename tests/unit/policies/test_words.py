"""Events in words: Chinese and English, by the policy's names."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from contracts.codes import ClockKind, ReferralRole, SupervisionLevel
from contracts.events import CaseBound
from contracts.events import alerts as a
from contracts.events import cases as c
from contracts.events import clocks as k
from contracts.events import referrals as r
from services.policies import Policy, load_policy, words

CASE, LEG = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
EDUCATION, CIVIL_AFFAIRS = "education-130722000000", "civil_affairs-130722000000"


@cache
def policy() -> Policy:
    return load_policy(Path(__file__).parents[3] / "deploy" / "policies" / "zhangjiakou")


def clock(kind: ClockKind, office: str = EDUCATION) -> k.ClockFacts:
    return k.ClockFacts(
        clock_id=UUID(int=3),
        kind=kind,
        version=1,
        office=office,
        area="130722100000",
        limit="15wd",
        started_at=NOW,
        due_at=NOW + timedelta(days=7),
        referral_id=LEG,
        basis=k.LimitBasis(policy_version="v", row="r", source="社会救助暂行办法"),
    )


@pytest.mark.parametrize(
    ("event", "zh", "en"),
    [
        (
            r.ReferralOnHold(
                case_id=CASE,
                referral_id=LEG,
                office=EDUCATION,
                role=ReferralRole.LEAD,
                at=NOW,
                reason="hearing",
                stops_clock=True,
            ),
            "张北县教育局:暂停(听证)",
            "Education Bureau, 张北县: put on hold (Hearing)",
        ),
        (
            c.CaseNotAccepted(case_id=CASE, reason="out_of_scope", go_to=CIVIL_AFFAIRS, declined_at=NOW),
            "不予受理:不属于受理范围,可向 张北县民政局 提出",
            "not accepted: Out of scope; go to Civil Affairs Bureau, 张北县",
        ),
        (
            k.ClockStarted(case_id=CASE, clocks=(clock(ClockKind.SIGNING), clock(ClockKind.HANDLING))),
            "办理时限至 3月9日(社会救助暂行办法)",
            "handling until 9 March",
        ),
        (
            k.ClockStarted(case_id=CASE, clocks=(clock(ClockKind.RETURN_DECISION, CIVIL_AFFAIRS),)),
            "张北县民政局 退件审核时限至 3月9日(社会救助暂行办法)",
            "decision on a return by Civil Affairs Bureau, 张北县 until 9 March",
        ),
        (
            a.SupervisionUrged(
                case_id=CASE,
                clock_id=LEG,
                office=EDUCATION,
                area="130722100000",
                level=SupervisionLevel.URGED,
                recipients=(CIVIL_AFFAIRS,),
                at=NOW,
            ),
            "催办:张北县教育局",
            "urged: Education Bureau, 张北县",
        ),
        (
            c.CaseApplicantToBeTold(case_id=CASE, about="extension", owed_at=NOW),
            "延期须告知申请人",
            "applicant to be told of the extension",
        ),
        (
            c.CaseApplicantTold(case_id=CASE, about="extension", told_at=NOW),
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
            "更正暂停,仍暂停计时:实际未暂停",
            "pause corrected, still standing still: There was no such pause",
        ),
        (
            k.ClockPaused(
                case_id=CASE,
                clocks=(clock(ClockKind.HANDLING),),
                reason="hearing",
                paused_at=NOW,
                since=NOW - timedelta(days=1),
            ),
            "自 3月1日 起暂停计时(补报)",
            "the clock stands still since 1 March, reported late",
        ),
        (
            r.RoutingArbitrationRequested(case_id=CASE, referral_id=LEG, arbiter="nowhere-1", requested_at=NOW),
            "再次退件,由 nowhere-1 裁定",
            "returned again: nowhere-1 arbitrates",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, CaseBound) else "",
)
def test_an_event_is_told_by_the_names_of_the_policy(event: CaseBound, zh: str, en: str) -> None:
    assert words.tell(event, policy()) == (zh, en)


def test_what_only_machines_need_has_no_words() -> None:
    signing = k.ClockStarted(case_id=CASE, clocks=(clock(ClockKind.SIGNING),))
    ended = k.ClockStop(clock_id=LEG, kind=ClockKind.HANDLING, version=1, at=NOW)
    assert words.tell(signing, policy()) is None
    assert words.tell(k.ClockMet(case_id=CASE, clocks=(ended,)), policy()) is None


def test_every_event_of_a_referral_has_words() -> None:
    for kind in r.ReferralEvent.__subclasses__():
        known = kind in words._REFERRAL or kind is r.ReferralDispatched
        assert known or kind is r.ReferralReassigned
