"""How offices and windows behave: fixed by seed and submission, within what the law and the rules allow."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from console.demo.behaviours import CO_HANDLERS, LEADS, Behaviour, Profile, Script, Step, behaviour, script
from console.demo.hours import AFTER_NOON, OPENS, at_desk
from contracts.codes import ClockKind
from contracts.codes import FeedbackAction as A
from tests.unit.console.demo.test_plan import MANY, plan, policy

CHINA = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=CHINA)
DUE = MONDAY + timedelta(days=28)


def behaviours() -> list[Behaviour]:
    return [planned.behaviour for planned in plan().cases.values()]


def scripts() -> Iterator[Script]:
    for one in behaviours():
        yield from (one.first_lead, one.next_lead, one.co_handler, one.rework)


def test_a_submission_behaves_the_same_whatever_comes_before_it() -> None:
    for planned in list(plan().cases.values())[::97]:
        submission = planned.arrival.submission
        category = policy().categories[submission.category]
        assert behaviour(7, submission.submission_id, category, policy()) == planned.behaviour
        assert behaviour(8, submission.submission_id, category, policy()) != planned.behaviour
        assert behaviour(7, f"{submission.submission_id}x", category, policy()) != planned.behaviour


@pytest.mark.parametrize(("weights", "who"), [(LEADS, "first_lead"), (CO_HANDLERS, "co_handler")], ids=["lead", "co"])
def test_profiles_keep_their_weights(weights: dict[Profile, int], who: str) -> None:
    met = Counter(getattr(one, who).profile for one in behaviours())
    assert met.keys() == weights.keys()
    # Where no extension is lawful, the weight of those who would extend goes to the others.
    wanted = {profile: pytest.approx(weight / sum(weights.values()), abs=0.05) for profile, weight in weights.items()}
    assert {profile: number / MANY for profile, number in met.items()} == wanted


def test_only_a_limit_that_may_be_extended_is_extended() -> None:
    for planned in plan().cases.values():
        row = policy().limit(ClockKind.HANDLING, planned.arrival.submission.category)
        for step in planned.behaviour.first_lead.steps:
            if step.action is A.EXTEND:
                assert row.extension is not None
                assert step.attributes == {"by": str(row.extension.limit)}


def test_reasons_are_of_the_policy() -> None:
    given = {step.reason for one in scripts() for step in (*one.steps, *one.otherwise) if step.reason}
    assert given
    assert given <= policy().reasons.keys()


@pytest.mark.parametrize("profile", Profile)
def test_steps_follow_each_other(profile: Profile) -> None:
    row = next(row for row in policy().limits if row.clock is ClockKind.HANDLING and row.extension)
    for seed in range(50):
        found = script(Random(seed), profile, row, policy())
        meant = [(DUE - MONDAY) * step.share + timedelta(hours=step.hours) for step in found.steps]
        moments = [step.at(MONDAY, DUE, policy().calendar) for step in found.steps]
        assert found.profile is profile
        assert meant == sorted(meant)
        assert all(at_desk(moment, policy().calendar) == moment for moment in moments)


def ends(profile: Profile) -> list[tuple[A, datetime]]:
    """The last step of many offices with this manner."""
    row = next(row for row in policy().limits if row.clock is ClockKind.HANDLING and row.extension)
    last = [script(Random(seed), profile, row, policy()).steps[-1] for seed in range(50)]
    return [(step.action, step.at(MONDAY, DUE, policy().calendar)) for step in last]


@pytest.mark.parametrize("profile", [Profile.PROMPT, Profile.DEEMED])
def test_who_works_in_time_is_done_in_time(profile: Profile) -> None:
    assert all(action is A.COMPLETE and at <= DUE for action, at in ends(profile))


def test_who_is_late_finishes_after_the_limit() -> None:
    assert all(action is A.COMPLETE and at > DUE for action, at in ends(Profile.LATE))


def test_who_is_silent_says_nothing_and_who_fails_says_why() -> None:
    row = policy().limit(ClockKind.HANDLING, "education.student_aid")
    assert script(Random(1), Profile.SILENT, row, policy()).steps == ()
    failing = script(Random(1), Profile.FAILING, row, policy()).steps[-1]
    assert failing.action is A.FAIL
    assert failing.reason


def test_a_return_that_is_refused_ends_in_work() -> None:
    row = policy().limit(ClockKind.HANDLING, "education.student_aid")
    returning = script(Random(1), Profile.RETURNING, row, policy())
    assert [step.action for step in returning.steps] == [A.SIGN, A.RETURN]
    assert returning.otherwise[-1].action is A.COMPLETE


def test_prompt_co_handlers_are_done_before_half_of_the_leads_time() -> None:
    for one in behaviours():
        if one.co_handler.profile is Profile.PROMPT:
            assert one.co_handler.steps[-1].share < 0.4


def test_where_time_is_short_people_answer_at_any_hour() -> None:
    night = datetime(2026, 3, 2, 23, 0, tzinfo=CHINA)
    due = night + timedelta(hours=24)
    at = Step(action=A.SIGN, share=0.1, hours=2).at(night, due, policy().calendar)
    assert night < at < night + timedelta(hours=3)


def on(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("moment", "day", "opens"),
    [
        ("2026-03-02T07:00", "2026-03-02", OPENS),
        ("2026-03-02T12:30", "2026-03-02", AFTER_NOON),
        ("2026-03-02T17:30", "2026-03-03", OPENS),
        ("2026-03-06T20:00", "2026-03-09", OPENS),
        ("2026-04-04T10:00", "2026-04-07", OPENS),
        ("2026-05-09T07:00", "2026-05-09", OPENS),
    ],
    ids=["early", "noon", "evening", "weekend", "holiday", "make-up day"],
)
def test_what_comes_while_the_desk_is_closed_waits(moment: str, day: str, opens: time) -> None:
    found = at_desk(on(moment), policy().calendar)
    opened = on(f"{day}T{opens:%H:%M}")
    assert opened <= found <= opened + timedelta(minutes=90)
