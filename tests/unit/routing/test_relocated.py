"""What is live of a case goes on with the successors of its offices, and nobody loses a day."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from contracts.codes import ClockKind, ReferralRole
from contracts.codes import FeedbackAction as A
from contracts.events.clocks import ClockRecalculated
from contracts.events.referrals import ReferralCancelled, ReferralOfficeSucceeded
from contracts.refusals import Refused
from libraries.policies import Policy
from services.routing.domain.deciders import decides
from services.routing.domain.feedback import FOREIGN
from services.routing.domain.referral import Change, Routing
from services.routing.domain.relocating import relocated
from services.routing.domain.supervision import decide_return, reassign
from services.routing.domain.timing import Context
from services.routing.translate import copies_of
from tests.unit.policies.changing import BEFORE, DAY, policy_on
from tests.unit.routing.builders import COORDINATOR, NOON, Scenario, counting_ids

OLD, NEW = "education-130721000000", "education-130705000000"
LATER = NOON + timedelta(days=30)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return policy_on(tmp_path_factory.mktemp("pack"), BEFORE)


@pytest.fixture(scope="module")
def after(before: Policy) -> Policy:
    return before.on(DAY)


def moved(routing: Routing, policy: Policy) -> Change:
    return relocated(Change(routing=routing, at=LATER), Context(policy=policy, make_id=counting_ids()))


def test_the_successor_goes_on_with_the_same_referral_and_the_time_it_has(before: Policy, after: Policy) -> None:
    scenario = Scenario("education.student_aid", "130721100000", own=before)
    scenario.answers(A.SIGN, office=OLD)
    was = scenario.of(OLD)
    change = moved(scenario.routing, after)
    now = change.routing.referral(was.id)
    assert (now.office, now.state, now.dispatched_at) == (NEW, was.state, was.dispatched_at)
    assert change.routing.request.area == "130705101000"
    both = [(old, new) for old, new in zip(was.clocks, now.clocks, strict=True) if old.open]
    assert both
    for old, new in both:
        assert (new.office, new.area, new.version) == (NEW, "130705101000", old.version + 1)
        assert (new.started_at, new.pauses, new.extensions) == (old.started_at, old.pauses, old.extensions)
        assert new.due(after.calendar).due_at == old.due(before.calendar).due_at
    succeeded = [event for event in change.events if isinstance(event, ReferralOfficeSucceeded)]
    assert [(one.predecessor, one.office, one.state) for one in succeeded if one.referral_id == was.id] == [
        (OLD, NEW, was.state)
    ]
    told = [event for event in change.events if isinstance(event, ClockRecalculated)]
    assert {one.reason for one in told} == {"office_succeeded"}
    assert all(one.previous_due_at == tuple(clock.due_at for clock in one.clocks) for one in told)
    # Both hear of it: the one that has it now, and the one that may still read its topic.
    topics = copies_of(succeeded[0], after)
    assert topics == tuple(f"departments.{office}.referrals.v1" for office in (NEW, OLD))


def test_it_happens_once(before: Policy, after: Policy) -> None:
    scenario = Scenario("education.student_aid", "130721100000", own=before)
    change = moved(scenario.routing, after)
    again = moved(change.routing, after)
    assert again.events == ()
    assert again.routing is change.routing
    assert moved(scenario.routing, before).routing is scenario.routing


def test_one_office_has_one_live_referral_and_the_greater_role_stays(before: Policy, after: Policy) -> None:
    scenario = Scenario("education.student_aid", "130721100000", own=before)
    helper = next(one for one in scenario.routing.referrals if one.role is ReferralRole.CO)
    # The successor already helps with the case that its predecessor leads.
    others = tuple(one for one in scenario.routing.referrals if one.id != helper.id)
    routing = replace(scenario.routing, referrals=(*others, replace(helper, office=NEW)))
    change = moved(routing, after)
    live = [one for one in change.routing.referrals if one.live]
    assert [(one.office, one.role) for one in live] == [(NEW, ReferralRole.LEAD)]
    taken_back = [event for event in change.events if isinstance(event, ReferralCancelled)]
    assert [(one.referral_id, one.reason) for one in taken_back] == [(helper.id, "role_changed")]


def test_the_old_office_s_last_answer_counts(before: Policy, after: Policy) -> None:
    scenario = Scenario("education.student_aid", "130721100000", own=before)
    referral = scenario.of(OLD).id
    scenario.routing = moved(scenario.routing, after).routing
    scenario.context = Context(policy=after, make_id=counting_ids())
    scenario.answers(A.SIGN, office=NEW, sender=OLD, after=timedelta(days=31))
    assert scenario.routing.referral(referral).state.value == "signed"


def test_what_ended_stays_where_it_was(before: Policy, after: Policy) -> None:
    scenario = Scenario("education.student_aid", "130721100000", own=before)
    ended = tuple(replace(one, ended_at=LATER, state="completed") for one in scenario.routing.referrals)
    change = moved(replace(scenario.routing, referrals=ended), after)
    assert {one.office for one in change.routing.referrals} == {one.office for one in ended}


P, Q = "education-130722000000", "education-130705000000"
CIVIL_P, CIVIL_Q = "civil_affairs-130722000000", "civil_affairs-130705000000"
ARBITER = "government_office-130700000000"
MOVED = "130722200000"


def in_the_moved_township(before: Policy) -> Scenario:
    return Scenario("education.student_aid", MOVED, own=before)


def test_what_lies_in_a_township_that_moves_to_another_county_goes_to_the_office_there(
    before: Policy, after: Policy
) -> None:
    scenario = in_the_moved_township(before)
    scenario.answers(A.SIGN, office=P)
    change = moved(scenario.routing, after)
    assert change.routing.request.area == MOVED
    for was in scenario.routing.referrals:
        now = change.routing.referral(was.id)
        assert now.office == was.office.replace("130722", "130705")
        assert replace(now, office=was.office, clocks=was.clocks, changed_at=was.changed_at) == was
        for old, new in zip(was.clocks, now.clocks, strict=True):
            assert new.office == (now.office if old.open else was.office)
            assert new.due(after.calendar).due_at == old.due(before.calendar).due_at
    succeeded = [event for event in change.events if isinstance(event, ReferralOfficeSucceeded)]
    assert {(one.predecessor, one.office) for one in succeeded} == {(P, Q), (CIVIL_P, CIVIL_Q)}
    assert set(copies_of(succeeded[0], after)) == {f"departments.{office}.referrals.v1" for office in (P, Q)}
    assert moved(change.routing, after).events == ()
    assert moved(scenario.routing, before).routing is scenario.routing


def test_a_return_that_waits_for_the_old_county_is_decided_in_the_new_one(before: Policy, after: Policy) -> None:
    scenario = in_the_moved_township(before)
    scenario.answers(A.RETURN, office=P, reason="not_competent")
    (asked,) = scenario.of(P).open_clocks({ClockKind.RETURN_DECISION})
    change = moved(scenario.routing, after)
    now = change.routing.referral(scenario.of(P).id)
    assert (scenario.of(P).decider, now.decider) == (CIVIL_P, CIVIL_Q)
    told = [event for event in change.events if isinstance(event, ClockRecalculated)]
    (told_of,) = [one for one in told if any(clock.clock_id == asked.id for clock in one.clocks)]
    assert f"departments.{CIVIL_Q}.referrals.v1" in copies_of(told_of, after)
    scenario.routing, scenario.context = change.routing, Context(policy=after, make_id=counting_ids())
    by = msgspec.structs.replace(COORDINATOR, office=CIVIL_Q)
    assert decides(scenario.routing, now, after) == (CIVIL_Q,)
    kept = decide_return(scenario.change(LATER - NOON, by), now.id, scenario.context, approve=False, reason="", to=None)
    assert scenario.act(kept) is None
    assert scenario.routing.referral(now.id).return_locked


def test_nobody_decides_on_a_return_of_its_own_after_the_move(before: Policy, after: Policy) -> None:
    scenario = in_the_moved_township(before)
    referral = scenario.of(P)
    to = reassign(
        scenario.change(timedelta(hours=1)), referral.id, scenario.context, to=CIVIL_Q, reason="coordinator_decision"
    )
    assert scenario.act(to) is None
    scenario.answers(A.RETURN, office=CIVIL_Q, reason="not_competent", after=timedelta(hours=2))
    assert scenario.of(CIVIL_Q).decider == CIVIL_P
    change = relocated(
        Change(routing=scenario.routing, at=LATER), Context(policy=after, make_id=counting_ids()), _by_hand(scenario)
    )
    assert change.routing.referral(scenario.of(CIVIL_Q).id).decider == ARBITER


def _by_hand(scenario: Scenario) -> frozenset[UUID]:
    lead = scenario.routing.lead
    return frozenset({lead.decision_id}) if lead is not None else frozenset()


def test_what_a_coordinator_has_sent_elsewhere_stays_there_and_before_the_day_too(
    before: Policy, after: Policy
) -> None:
    scenario = in_the_moved_township(before)
    elsewhere = "education-130708000000"
    lead = replace(scenario.of(P), office="education-130729000000")
    by_hand = {lead.decision_id}
    routing = replace(scenario.routing, referrals=(lead,))
    context = Context(policy=after, make_id=counting_ids())
    assert relocated(Change(routing=routing, at=LATER), context, by_hand).routing.referral(lead.id).office == elsewhere
    # Named by a coordinator, and what the role resolved to at the time: it goes along.
    routing = replace(scenario.routing, referrals=(replace(lead, office=P),))
    assert relocated(Change(routing=routing, at=LATER), context, by_hand).routing.referral(lead.id).office == Q
    # Named after the day.
    routing = replace(scenario.routing, referrals=(replace(lead, office=P, dispatched_at=LATER),))
    assert relocated(Change(routing=routing, at=LATER), context, by_hand).routing.referrals == routing.referrals
    # Sent by the rules by a process that had not heard of the day yet.
    assert relocated(Change(routing=routing, at=LATER), context).routing.referral(lead.id).office == Q


def test_where_the_new_county_s_office_has_a_part_already_the_greater_role_stays(before: Policy, after: Policy) -> None:
    scenario = in_the_moved_township(before)
    lead, helper = scenario.of(P), scenario.of(CIVIL_P)
    routing = replace(scenario.routing, referrals=(lead, replace(helper, office=Q)))
    change = moved(routing, after)
    assert [(one.office, one.role) for one in change.routing.referrals if one.live] == [(Q, ReferralRole.LEAD)]
    assert change.routing.referral(helper.id).ended_at == LATER
    # The other way round the one that moves is the lesser.
    routing = replace(scenario.routing, referrals=(replace(lead, office=CIVIL_Q), helper))
    change = moved(routing, after)
    assert [(one.office, one.role) for one in change.routing.referrals if one.live] == [(CIVIL_Q, ReferralRole.LEAD)]


def test_what_the_old_office_answered_before_the_day_counts_and_later_no_more(before: Policy, after: Policy) -> None:
    scenario = in_the_moved_township(before)
    referral = scenario.of(P).id
    scenario.routing = moved(scenario.routing, after).routing
    scenario.context = Context(policy=after, make_id=counting_ids())
    late = scenario.answers(A.SIGN, office=Q, sender=P, after=timedelta(days=30))
    assert late == Refused.of(FOREIGN)
    assert scenario.routing.referral(referral).state.value == "dispatched"
    scenario.answers(A.SIGN, office=Q, sender=P, after=timedelta(days=1))
    assert scenario.routing.referral(referral).state.value == "signed"


def test_whoever_has_settled_it_is_followed_by_the_superior_of_the_new_place(before: Policy, after: Policy) -> None:
    scenario = in_the_moved_township(before)
    settled = replace(scenario.of(P), arbitrated_by=CIVIL_P)
    assert decides(scenario.routing, settled, before) == (CIVIL_P,)
    assert decides(scenario.routing, settled, after) == (ARBITER,)
    city = replace(settled, arbitrated_by=ARBITER)
    assert decides(scenario.routing, city, after) == (ARBITER,)
    abolished = replace(settled, arbitrated_by="civil_affairs-130729000000")
    assert decides(scenario.routing, abolished, after) == ("civil_affairs-130708000000",)
