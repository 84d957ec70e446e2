"""More time: asked for by the office, decided by whom the policy names, refused by silence, capped by the law."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from contracts.codes import ClockKind, ClockStatus, ReferralState
from contracts.codes import FeedbackAction as A
from contracts.events.referrals import ReferralExtended, ReferralExtensionRefused, ReferralExtensionRequested
from libraries.policies import Policy, load_policy
from services.routing.domain.extension import needs_head, refuse_silent
from services.routing.domain.referral import Change
from services.routing.domain.supervision import reassign
from tests.unit.policies.test_clock_rules import RIGHT, packs_with
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION, NOON, Scenario, policy

DAY = timedelta(days=1)
HEALTH = "health-130722000000"
GOVERNMENT = "government_office-130722000000"
SUPERIOR = "government_office-130700000000"


def at_work(own: Policy | None = None) -> Scenario:
    scenario = Scenario(own=own)
    assert scenario.answers(A.ACCEPT) is None
    return scenario


def asked(by: str = "10wd", reason: str = "complex", after: timedelta = DAY) -> Scenario:
    scenario = at_work()
    assert scenario.answers(A.EXTEND, reason=reason, by=by, after=after) is None
    return scenario


def handling_due(scenario: Scenario) -> datetime | None:
    (handling,) = scenario.of(EDUCATION).open_clocks({ClockKind.HANDLING})
    return handling.due(scenario.context.policy.calendar).due_at


def decision_due(scenario: Scenario) -> datetime:
    (clock,) = scenario.of(EDUCATION).open_clocks({ClockKind.EXTENSION_DECISION})
    end = clock.due(scenario.context.policy.calendar).due_at
    assert end is not None
    return end


def passes(scenario: Scenario, at: datetime) -> Change:
    change = refuse_silent(Change(routing=scenario.routing, at=at), scenario.of(EDUCATION).id, scenario.context)
    scenario.act(change)
    return change


def test_asking_gives_no_time() -> None:
    scenario = at_work()
    before = handling_due(scenario)
    assert scenario.answers(A.EXTEND, reason="complex", by="10wd", after=DAY, approver="me") is None
    assert handling_due(scenario) == before
    (said,) = scenario.last.events
    assert isinstance(said, ReferralExtensionRequested)
    assert (said.asked, said.approver, said.reason, said.feedback_id) == ("10wd", "unit_head", "complex", "f2")
    assert scenario.of(EDUCATION).decider == EDUCATION
    assert needs_head(scenario.of(EDUCATION), policy())


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"by": "11wd"}, "extension_too_long"),
        ({"by": "10d"}, "extension_too_long"),
        ({"by": "soon"}, "limit_form"),
        ({}, "limit_form"),
        ({"by": "10wd", "reason": "workload"}, "unknown_reason"),
    ],
)
def test_what_is_asked_for_must_be_lawful(more: dict[str, str], code: str) -> None:
    refused = at_work().answers(A.EXTEND, after=DAY, **{"reason": "complex", **more})  # type: ignore[arg-type]  # what an office sends may be anything
    assert refused is not None
    assert refused.code == code


def test_while_it_is_decided_nobody_asks_again() -> None:
    scenario = asked()
    refused = scenario.answers(A.EXTEND, reason="complex", by="1wd", after=DAY)
    assert refused is not None
    assert (refused.code, refused.facts) == (
        "extension_pending",
        {"decider": EDUCATION, "until": decision_due(scenario)},
    )


def test_it_is_longer_by_the_decision_and_once() -> None:
    scenario = asked()
    before = handling_due(scenario)
    assert scenario.decide(after=2 * DAY) is None
    said = scenario.last.events[0]
    assert isinstance(said, ReferralExtended)
    after = handling_due(scenario)
    assert before is not None
    assert after is not None
    assert after > before
    (handling,) = scenario.of(EDUCATION).open_clocks({ClockKind.HANDLING})
    assert [(one.approver, one.reason, one.at) for one in handling.grants] == [("unit_head", "complex", NOON + 2 * DAY)]
    assert scenario.of(EDUCATION).extension is None
    refused = scenario.answers(A.EXTEND, reason="complex", by="1wd", after=3 * DAY)
    assert refused is not None
    assert refused.code == "already_extended"


def test_less_may_be_granted_and_not_more() -> None:
    scenario = asked(by="5wd")
    for by, code in (("6wd", "extension_too_long"), ("5d", "extension_too_long"), ("x", "limit_form")):
        said = scenario.decide(after=DAY, by=by)
        assert said is not None
        assert said.code == code
    assert scenario.decide(after=DAY, by="2wd") is None
    (handling,) = scenario.of(EDUCATION).open_clocks({ClockKind.HANDLING})
    assert [str(limit) for limit in handling.extensions] == ["2wd"]


def test_a_refusal_needs_a_reason_and_leaves_the_time() -> None:
    scenario = asked()
    before = handling_due(scenario)
    for reason in ("", "complex"):
        refused = scenario.decide(after=DAY, approve=False, reason=reason)
        assert refused is not None
        assert refused.code == "unknown_reason"
    assert scenario.decide(after=DAY, approve=False, reason="can_be_done_in_time") is None
    said = scenario.last.events[0]
    assert isinstance(said, ReferralExtensionRefused)
    assert (said.reason, said.silent) == ("can_be_done_in_time", False)
    assert handling_due(scenario) == before
    refused = scenario.decide(after=DAY)
    assert refused is not None
    assert refused.code == "no_extension_asked"
    assert scenario.answers(A.EXTEND, reason="consultation", by="10wd", after=2 * DAY) is None, "there are new facts"


def test_silence_refuses_when_the_time_to_decide_has_passed() -> None:
    scenario = asked()
    before, until = handling_due(scenario), decision_due(scenario)
    assert not passes(scenario, until).events
    (said,) = passes(scenario, until + timedelta(seconds=1)).events
    assert isinstance(said, ReferralExtensionRefused)
    assert (said.silent, said.reason) == (True, "")
    assert handling_due(scenario) == before
    (decision,) = [one for one in scenario.of(EDUCATION).clocks if one.kind is ClockKind.EXTENSION_DECISION]
    assert (decision.status, decision.stopped_at) == (ClockStatus.MET, until + timedelta(seconds=1)), "late, on record"


def test_a_decision_after_its_time_is_none() -> None:
    scenario = asked()
    until = decision_due(scenario)
    refused = scenario.decide(after=until - NOON + timedelta(seconds=1))
    assert refused is not None
    assert (refused.code, refused.facts) == ("decision_too_late", {"until": until})


def test_it_is_decided_before_the_time_ends_that_was_to_be_longer() -> None:
    scenario = asked(after=21 * DAY)
    assert decision_due(scenario) == handling_due(scenario)


def test_it_may_be_decided_while_the_office_waits() -> None:
    scenario = asked()
    assert scenario.answers(A.HOLD, reason="hearing", after=DAY) is None
    assert scenario.decide(after=2 * DAY) is None
    assert scenario.of(EDUCATION).state is ReferralState.ON_HOLD


def test_whoever_lets_it_go_asks_for_nothing_any_more() -> None:
    scenario = asked()
    to = reassign(
        scenario.change(DAY), scenario.of(EDUCATION).id, scenario.context, to=HEALTH, reason="coordinator_decision"
    )
    assert scenario.act(to) is None
    assert (scenario.of(EDUCATION).extension, scenario.of(EDUCATION).decider) == (None, None)
    assert scenario.of(HEALTH).extension is None


@pytest.mark.parametrize(
    ("approver", "decides"),
    [
        ("unit_head", EDUCATION),
        ("coordinator", CIVIL_AFFAIRS),
        ("superior", SUPERIOR),
        ("government_head", GOVERNMENT),
        ("nobody_knows", SUPERIOR),
    ],
)
def test_the_policy_names_who_decides(tmp_path: Path, approver: str, decides: str) -> None:
    row = (
        "- {clock: handling, category: education.student_aid, limit: 10wd, extension: 5wd,"
        f" approver: {approver}, {RIGHT}}}\n"
    )
    scenario = at_work(load_policy(packs_with(tmp_path, row, "limits.yaml")))
    assert scenario.answers(A.EXTEND, reason="complex", by="5wd", after=DAY) is None
    assert scenario.of(EDUCATION).decider == decides
    assert needs_head(scenario.of(EDUCATION), scenario.context.policy) is (approver == "unit_head")
