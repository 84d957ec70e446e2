"""What is live of a case goes on with the successors of its offices, and nobody loses a day."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.codes import FeedbackAction as A
from contracts.codes import ReferralRole
from contracts.events.clocks import ClockRecalculated
from contracts.events.referrals import ReferralCancelled, ReferralOfficeSucceeded
from libraries.policies import Policy
from services.routing.domain.referral import Change, Routing
from services.routing.domain.relocating import relocated
from services.routing.domain.timing import Desk
from services.routing.translate import copies_of
from tests.unit.policies.changing import BEFORE, DAY, policy_on
from tests.unit.routing.builders import NOON, Story, counting_ids

OLD, NEW = "education-130721000000", "education-130705000000"
LATER = NOON + timedelta(days=30)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return policy_on(tmp_path_factory.mktemp("pack"), BEFORE)


@pytest.fixture(scope="module")
def after(before: Policy) -> Policy:
    return before.on(DAY)


def moved(routing: Routing, policy: Policy) -> Change:
    return relocated(Change(routing=routing, at=LATER), Desk(policy=policy, make_id=counting_ids()))


def test_the_successor_goes_on_with_the_same_referral_and_the_time_it_has(before: Policy, after: Policy) -> None:
    story = Story("education.student_aid", "130721100000", own=before)
    story.answers(A.SIGN, office=OLD)
    was = story.of(OLD)
    change = moved(story.routing, after)
    now = change.routing.referral(was.id)
    assert (now.office, now.state, now.dispatched_at) == (NEW, was.state, was.dispatched_at)
    assert change.routing.matter.area == "130705101000"
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
    story = Story("education.student_aid", "130721100000", own=before)
    change = moved(story.routing, after)
    again = moved(change.routing, after)
    assert again.events == ()
    assert again.routing is change.routing
    assert moved(story.routing, before).routing is story.routing


def test_one_office_has_one_live_referral_and_the_greater_role_stays(before: Policy, after: Policy) -> None:
    story = Story("education.student_aid", "130721100000", own=before)
    helper = next(one for one in story.routing.referrals if one.role is ReferralRole.CO)
    # The successor already helps with the case that its predecessor leads.
    others = tuple(one for one in story.routing.referrals if one.id != helper.id)
    routing = replace(story.routing, referrals=(*others, replace(helper, office=NEW)))
    change = moved(routing, after)
    live = [one for one in change.routing.referrals if one.live]
    assert [(one.office, one.role) for one in live] == [(NEW, ReferralRole.LEAD)]
    taken_back = [event for event in change.events if isinstance(event, ReferralCancelled)]
    assert [(one.referral_id, one.reason) for one in taken_back] == [(helper.id, "role_changed")]


def test_the_old_office_s_last_answer_counts(before: Policy, after: Policy) -> None:
    story = Story("education.student_aid", "130721100000", own=before)
    referral = story.of(OLD).id
    story.routing = moved(story.routing, after).routing
    story.desk = Desk(policy=after, make_id=counting_ids())
    story.answers(A.SIGN, office=NEW, sender=OLD, after=timedelta(days=31))
    assert story.routing.referral(referral).state.value == "signed"


def test_what_ended_stays_where_it_was(before: Policy, after: Policy) -> None:
    story = Story("education.student_aid", "130721100000", own=before)
    ended = tuple(replace(one, ended_at=LATER, state="completed") for one in story.routing.referrals)
    change = moved(replace(story.routing, referrals=ended), after)
    assert {one.office for one in change.routing.referrals} == {one.office for one in ended}
