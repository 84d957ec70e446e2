"""What starts and ends each clock is a row of the policy: what a pack may say, and that the services go by it."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.codes import LEAD_WORK, WINDOWS, ClockKind, ClockStatus, FeedbackAction, Field, ReferralRole
from libraries.policies import Policy, PolicyRefused, load_policy
from libraries.policies.clock_rules import Trigger
from services.intake.domain import referral_updates
from services.routing.domain.dispatching import dispatch, rework
from services.routing.domain.supervision import reassign
from services.routing.domain.timing import Context
from tests.unit.intake.builders import LEAD, NOW, in_progress, registered
from tests.unit.routing.builders import EDUCATION, NOON, Scenario, a_matter, counting_ids, policy

PACKS = Path(__file__).parents[3] / "deploy" / "policies"
DAY = timedelta(days=1)
PETITION = "petition-130722000000"
RIGHT = "source: x, statutory: false, confidence: U"


def packs_with(tmp_path: Path, rows: str, name: str = "clocks.yaml") -> Path:
    shutil.copytree(PACKS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "zhangjiakou" / name).write_text(rows)
    return tmp_path / "zhangjiakou"


def kinds_at(what: Trigger, category: str, role: ReferralRole | None) -> set[ClockKind]:
    return {rule.clock for rule in policy().schedule(category).starting(what, role)}


def a_story(own: Policy, category: str = "education.student_aid") -> Scenario:
    scenario = Scenario(category)
    scenario.context = Context(policy=own, make_id=counting_ids())
    scenario.routing = dispatch(a_matter(category), NOON, scenario.context).routing
    return scenario


def test_each_duty_can_be_met_and_every_kind_is_declared() -> None:
    rules = policy().clocks
    assert {rule.clock for rule in rules} == set(ClockKind)
    assert all(rule.starts for rule in rules), "the nation declares nothing that never runs"
    assert all(rule.meets or rule.clock in WINDOWS for rule in rules)


@pytest.mark.parametrize(
    ("category", "work", "right"),
    [
        ("education.student_aid", ClockKind.HANDLING, ClockKind.RETURN_WINDOW),
        ("petition.request", ClockKind.HANDLING, ClockKind.PETITION_OBJECTION),
        ("petition.review", ClockKind.REVIEW, ClockKind.PETITION_OBJECTION),
        ("petition.re_review", ClockKind.RE_REVIEW, ClockKind.PETITION_OBJECTION),
    ],
)
def test_a_lead_has_one_clock_of_work_and_one_right_to_return(category: str, work: ClockKind, right: ClockKind) -> None:
    assert kinds_at(Trigger.REFERRAL_DISPATCHED, category, ReferralRole.LEAD) == {ClockKind.SIGNING, right, work}
    assert work in LEAD_WORK
    assert kinds_at(Trigger.REFERRAL_DISPATCHED, category, ReferralRole.INFO) == set()


def test_a_review_runs_thirty_days_by_its_own_law_and_is_paused_and_met_like_any_work() -> None:
    scenario = a_story(policy(), "petition.re_review")
    clock = next(one for one in scenario.of(PETITION).clocks if one.kind is ClockKind.RE_REVIEW)
    assert (str(clock.terms.limit), clock.terms.basis.source, clock.terms.basis.article) == (
        "30d",
        "信访工作条例",
        "36",
    )
    assert scenario.answers(FeedbackAction.ACCEPT, office=PETITION) is None
    assert scenario.answers(FeedbackAction.HOLD, office=PETITION, reason="hearing", after=2 * DAY) is None
    assert scenario.of(PETITION).open_clocks({ClockKind.RE_REVIEW})[0].status is ClockStatus.PAUSED
    assert scenario.answers(FeedbackAction.RESUME, office=PETITION, after=4 * DAY) is None
    assert scenario.answers(FeedbackAction.COMPLETE, office=PETITION, after=5 * DAY) is None
    assert scenario.of(PETITION).open_clocks() == ()
    assert {one.status for one in scenario.of(PETITION).clocks} == {ClockStatus.MET}


def test_a_petition_is_returned_within_its_objection_and_an_older_return_window_counts_on() -> None:
    scenario = a_story(policy(), "petition.request")
    lead = scenario.of(PETITION)
    older = tuple(
        replace(clock, kind=ClockKind.RETURN_WINDOW) if clock.kind is ClockKind.PETITION_OBJECTION else clock
        for clock in lead.clocks
    )
    scenario.act(scenario.change(DAY).with_referral(replace(lead, clocks=older)))
    assert scenario.answers(FeedbackAction.RETURN, office=PETITION, reason="wrong_area", after=2 * DAY) is None
    assert [clock.kind for clock in scenario.of(PETITION).open_clocks({*WINDOWS})] == []
    assert scenario.last.routing.referral(lead.id).open_clocks({ClockKind.RETURN_DECISION})


def test_a_pack_may_let_a_clock_start_and_end_with_other_events(tmp_path: Path) -> None:
    rows = f"- {{clock: rework, starts: [referral.signed], meets: [referral.progress_reported], {RIGHT}}}\n"
    scenario = a_story(load_policy(packs_with(tmp_path, rows)))
    assert not scenario.of(EDUCATION).open_clocks({ClockKind.REWORK})
    assert scenario.answers(FeedbackAction.SIGN) is None
    assert len(scenario.of(EDUCATION).open_clocks({ClockKind.REWORK})) == 1
    assert scenario.answers(FeedbackAction.ACCEPT, after=2 * DAY) is None
    assert scenario.answers(FeedbackAction.PROGRESS, after=3 * DAY) is None
    assert not scenario.of(EDUCATION).open_clocks({ClockKind.REWORK})


def test_a_pack_may_leave_a_clock_out_and_what_older_cases_have_still_ends(tmp_path: Path) -> None:
    own = load_policy(packs_with(tmp_path, f"- {{clock: signing, starts: [], {RIGHT}}}\n"))
    assert not [clock for clock in a_story(own).of(EDUCATION).clocks if clock.kind is ClockKind.SIGNING]
    older = Scenario()
    older.context = Context(policy=own, make_id=counting_ids())
    assert older.answers(FeedbackAction.SIGN) is None
    assert not older.of(EDUCATION).open_clocks({ClockKind.SIGNING})


def test_a_pack_may_say_of_the_window_too_what_it_waits_for(tmp_path: Path) -> None:
    rows = f"- {{clock: dispatch, starts: [case.accepted], meets: [referral.signed], {RIGHT}}}\n"
    own = load_policy(packs_with(tmp_path, rows))
    change = referral_updates.dispatched(registered().case, NOW, LEAD, EDUCATION, own)
    assert [clock.kind for clock in change.case.clocks] == [ClockKind.DISPATCH]
    assert referral_updates.apply_update(change, LEAD, Trigger.REFERRAL_SIGNED, own).case.clocks == ()


def test_a_reason_stops_those_clocks_alone_that_it_names(tmp_path: Path) -> None:
    rows = (
        "- {code: flood, for: [hold], zh: 洪水, en: f, stops: [co_handling], source: 法, article: 9, statutory: 是}\n"
    )
    scenario = a_story(load_policy(packs_with(tmp_path, rows, "reasons.yaml")))
    assert scenario.answers(FeedbackAction.ACCEPT) is None
    assert scenario.answers(FeedbackAction.HOLD, reason="flood", after=DAY) is None
    (handling,) = scenario.of(EDUCATION).open_clocks({ClockKind.HANDLING})
    assert handling.status is ClockStatus.RUNNING
    held = next(event for event in scenario.last.events if event.TYPE == "referral.on_hold")
    assert getattr(held, "stops_clock", None) is False


def test_who_may_extend_and_by_whose_word_stands_in_the_row(tmp_path: Path) -> None:
    rows = (
        "- {clock: handling, category: education.student_aid, limit: 10wd, extension: 5wd, approver: county_head,"
        f" {RIGHT}}}\n"
    )
    scenario = a_story(load_policy(packs_with(tmp_path, rows, "limits.yaml")))
    assert scenario.answers(FeedbackAction.ACCEPT) is None
    assert scenario.answers(FeedbackAction.EXTEND, reason="complex", after=DAY, by="5wd") is None
    (decision,) = scenario.of(EDUCATION).open_clocks({ClockKind.EXTENSION_DECISION})
    assert decision.office == "government_office-130700000000", "of whom no row says it, the superior decides"


def test_what_was_met_in_an_earlier_round_does_not_run_again_at_the_next_office() -> None:
    scenario = Scenario()
    for action in (FeedbackAction.ACCEPT, FeedbackAction.COMPLETE):
        for office in {referral.office for referral in scenario.routing.open_co_handlers} | {EDUCATION}:
            if scenario.of(office).role is ReferralRole.CO or action is FeedbackAction.ACCEPT:
                assert scenario.answers(action, office=office, after=DAY) is None
    assert scenario.answers(FeedbackAction.COMPLETE, after=DAY) is None
    scenario.act(rework(scenario.change(40 * DAY), 2, "not_satisfied", scenario.context))
    other = "civil_affairs-130700000000"
    lead = scenario.of(EDUCATION)
    moved = reassign(scenario.change(41 * DAY), lead.id, scenario.context, to=other, reason="coordinator_decision")
    assert scenario.act(moved) is None
    assert {clock.kind for clock in scenario.of(other).open_clocks()} == {
        ClockKind.SIGNING,
        ClockKind.RETURN_WINDOW,
        ClockKind.REWORK,
    }, "the handling clock of the first round was met"


def test_ten_years_of_keeping_ask_for_no_calendar() -> None:
    kept = referral_updates.failed(in_progress(), NOW, LEAD, "not_eligible", policy()).case.clocks
    assert [(clock.kind, clock.by_calendar) for clock in kept] == [(ClockKind.RETENTION, False)]
    assert registered().case.clocks[0].by_calendar


FAULTS = [
    ("clock: siesta, starts: []", "unknown clock siesta"),
    ("clock: rework", "starts is missing; an empty list says that the clock never starts"),
    ("clock: rework, starts: [case.dreamt], meets: [referral.completed]", "unknown starts case.dreamt"),
    ("clock: rework, starts: [referral.signed], meets: [case.dreamt]", "unknown meets case.dreamt"),
    ("clock: rework, starts: [referral.signed], meets: [referral.failed], of: [boss]", "unknown of boss"),
    ("clock: rework, starts: [referral.signed], meets: [referral.failed], of: [info]", "a copy has no clocks"),
    (
        "clock: rework, starts: [referral.signed], meets: [referral.failed], if: sunny",
        "unknown if sunny",
    ),
    (
        "clock: rework, starts: [referral.signed, case.accepted], meets: [referral.failed]",
        "starts must name events of the case, or of its referrals, but not both",
    ),
    (
        "clock: rework, starts: [referral.signed], meets: [case.closed]",
        "a clock of a referral hears only of its referral: a case that ends ends it anyway",
    ),
    (
        "clock: rework, starts: [referral.signed]",
        "meets is missing: only a right or a duty to keep ends by itself",
    ),
    (
        "clock: rework, starts: [referral.signed], meets: [referral.signed]",
        "referral.signed cannot both start and end a clock",
    ),
    (
        "clock: callback, starts: [case.resolved], meets: [case.closed], if: material_missing",
        "material_missing goes with starts: [case.registered]",
    ),
    (
        "clock: callback, starts: [case.resolved], meets: [case.closed], if: returnable",
        "returnable is said of referrals",
    ),
    (
        "clock: rework, starts: [referral.signed], meets: [referral.failed], instead_of: handling",
        "instead_of names another clock, and the matters for which it does not run",
    ),
    (
        "clock: rework, starts: [referral.signed], meets: [referral.failed], silence: accepted",
        "no silence finishes the work: rework cannot say silence",
    ),
    (
        "clock: hold_review, starts: [referral.on_hold], meets: [referral.resumed], silence: accepted",
        "who waits accepts nothing: hold_review cannot say silence",
    ),
    (
        "clock: rework, starts: [referral.signed], meets: [referral.failed], silence: golden",
        "silence can only mean accepted",
    ),
    (
        "clock: signing, starts: [referral.dispatched], meets: [referral.signed], extends: true",
        "only clocks of the work can say extends",
    ),
    (
        "clock: rework, starts: [referral.signed], meets: [referral.failed], categories: [no.such]",
        "unknown category no.such",
    ),
    (
        "clock: rework, starts: [referral.signed], meets: [referral.failed], colour: red",
        "unknown key colour",
    ),
]


@pytest.mark.parametrize(("row", "reason"), FAULTS, ids=[reason for _, reason in FAULTS])
def test_a_wrong_row_is_refused_with_file_line_and_reason(tmp_path: Path, row: str, reason: str) -> None:
    with pytest.raises(PolicyRefused) as caught:
        load_policy(packs_with(tmp_path, f"# a remark\n- {{{row}, {RIGHT}}}\n"))
    assert f"zhangjiakou/clocks.yaml:2: {reason}" in str(caught.value)


def test_a_row_stands_once(tmp_path: Path) -> None:
    row = f"- {{clock: rework, starts: [referral.signed], meets: [referral.failed], {RIGHT}}}\n"
    with pytest.raises(PolicyRefused, match=r"clocks\.yaml:2: clock rework stands here twice"):
        load_policy(packs_with(tmp_path, row + row))


def test_no_city_takes_away_what_a_law_gives_unless_it_cites_one(tmp_path: Path) -> None:
    row = "- {{clock: petition_objection, starts: [], source: city rule, article: '9', statutory: {}, confidence: B}}\n"
    with pytest.raises(PolicyRefused) as caught:
        load_policy(packs_with(tmp_path, row.format("false")))
    (fault,) = map(str, caught.value.faults)
    assert fault.startswith(
        "zhangjiakou/clocks.yaml:1: petition_objection never starts, and its time is set by 信访工作条例 23"
    )
    assert load_policy(packs_with(tmp_path, row.format("true"))).schedule("petition.request").started


def test_a_pack_that_forgets_a_kind_or_its_limit_is_refused(tmp_path: Path) -> None:
    pack = packs_with(tmp_path, "[]\n")
    national = tmp_path / "national"
    whole = (national / "clocks.yaml").read_text("utf-8")
    (national / "clocks.yaml").write_text(whole[: whole.index("- clock: retention")], "utf-8")
    limits = (national / "limits.yaml").read_text("utf-8").replace("- {clock: dispatch,", "- {clock: retention,")
    (national / "limits.yaml").write_text(limits, "utf-8")
    with pytest.raises(PolicyRefused) as caught:
        load_policy(pack)
    faults = [str(fault) for fault in caught.value.faults]
    assert "zhangjiakou/pack.yaml:1: clocks.yaml says nothing of the clock retention" in faults
    assert "zhangjiakou/pack.yaml:1: no limit for the clock dispatch of category education.student_aid" in faults


@pytest.mark.parametrize(
    ("name", "row", "reason"),
    [
        ("limits.yaml", "clock: hold_review, reason: boredom, limit: 3d", "boredom is no reason for a hold"),
        ("limits.yaml", "clock: hold_review, reason: complex, limit: 3d", "complex is no reason for a hold"),
        ("limits.yaml", "clock: rework, reason: hearing, limit: 3d", "only hold_review starts for a reason"),
    ],
)
def test_a_limit_of_a_reason_is_one_of_a_hold(tmp_path: Path, name: str, row: str, reason: str) -> None:
    with pytest.raises(PolicyRefused) as caught:
        load_policy(packs_with(tmp_path, f"- {{{row}, {RIGHT}}}\n", name))
    assert any(str(fault).endswith(reason) for fault in caught.value.faults)


@pytest.mark.parametrize("kind", ["hold_review", "supplement"])
def test_no_reason_stops_the_clock_of_a_wait(tmp_path: Path, kind: str) -> None:
    row = f"- {{code: lunch, for: [hold], zh: 午休, en: Lunch, stops: [rework, {kind}]}}\n"
    with pytest.raises(PolicyRefused) as caught:
        load_policy(packs_with(tmp_path, row, "reasons.yaml"))
    assert [
        str(fault).endswith(f"nothing stops the clock {kind}: it watches how long the case waits")
        for fault in caught.value.faults
    ] == [True]


def test_a_field_narrows_a_row() -> None:
    (row,) = [rule for rule in policy().clocks if rule.clock is ClockKind.PETITION_OBJECTION]
    assert (row.field, row.id) == (Field.PETITION, "petition_objection.petition")
