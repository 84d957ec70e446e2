"""What the demo tells at the end: figures by field, and three cases chosen and told."""

from io import StringIO

from rich.console import Console

from console.demo import stories, tables
from contracts.codes import ClockKind, Field
from contracts.events import referrals
from tests.civil_time import CIVIL_TIME
from tests.unit.console.demo.cases import CO, EDUCATION, LEAD, FakeCase, late, sent_on, smooth
from tests.unit.console.demo.test_plan import policy


def titles(*told: FakeCase) -> list[str]:
    return [story.title.partition(" · ")[2] for story in stories.choose([one.case for one in told], policy())]


def test_one_story_of_each_kind_is_chosen() -> None:
    every = [smooth(1), sent_on(2), late(3)]
    assert titles(*every) == ["all went well", "returned and sent on", "too late"]
    assert titles(*reversed(every)) == titles(*every)
    assert titles(smooth(1), late(2)) == ["all went well", "too late"]
    assert titles() == []


def test_a_story_is_only_chosen_if_it_fits() -> None:
    without_co_handler = FakeCase(1).dispatched(1).completed(2).closed(3)
    held = smooth(2).referral(referrals.ReferralOnHold, 2, reason="hearing", stops_clock=True)
    discontent = FakeCase(3).dispatched(1).dispatched(1, CO).completed(2, CO).completed(2).closed(3, satisfied=False)
    only_signing_was_late = FakeCase(4).dispatched(1).breached(2, ClockKind.SIGNING).completed(3).closed(4)
    assert titles(without_co_handler, held, discontent, only_signing_was_late) == []


def test_the_richest_story_is_told_and_the_number_breaks_ties() -> None:
    rich = late(1).referral(referrals.ReferralProgressReported, 2)
    for cases in ([rich, late(2)], [late(2), rich]):
        (story,) = stories.choose([one.case for one in cases], policy())
        assert story.about.startswith("130722-20260302-00001-1 ")
    (story,) = stories.choose([late(5).case, late(4).case], policy())
    assert story.about.startswith("130722-20260302-00005-1 ")


def test_a_story_is_told_in_order_and_names_each_day_once() -> None:
    (story,) = stories.choose([sent_on(1).case], policy())
    told = "\n".join(stories.drawn(story, CIVIL_TIME))
    office, reason = policy().offices[EDUCATION].en, policy().reasons["not_competent"].en
    assert [line.en for line in story.lines] == [
        "registered (window)",
        f"dispatched to {office} (lead)",
        f"{office}: return approved ({reason})",
        f"dispatched to {office} (lead)",
        f"{office}: finished",
        "satisfied, closed",
    ]
    assert told.count("3月4日 周三") == 1
    assert told.index("退件") < told.index("回访满意")


def test_figures_count_each_case_in_its_field() -> None:
    open_ = FakeCase(4).dispatched(1)
    waiting = FakeCase(5, Field.HOUSING)
    found = tables.by_field(one.case for one in (smooth(1), sent_on(2), late(3), open_, waiting))
    assert found.keys() == set(Field)
    assert found[Field.EDUCATION].as_json() == {
        "cases": 4,
        "dispatched": 4,
        "returned": 1,
        "on_time": 2,
        "late": 1,
        "median_days": 11.0,
    }
    assert found[Field.HOUSING].as_json() == tables.Figures(cases=1).as_json()
    whole = tables.total(found.values())
    assert (whole.cases, whole.dispatched, whole.on_time, whole.late) == (5, 4, 2, 1)


def test_a_co_handler_or_a_second_round_changes_no_figure_of_the_lead() -> None:
    told = FakeCase(1).dispatched(1).dispatched(1, CO).completed(3, CO).breached(4, ClockKind.CO_HANDLING)
    before = tables.by_field([told.case])[Field.EDUCATION]
    assert (before.on_time, before.late, before.days) == (0, 0, [])
    told.completed(11).referral(referrals.ReferralCompleted, 40, LEAD, round=2)
    after = tables.by_field([told.case])[Field.EDUCATION]
    assert (after.on_time, after.late, after.median_days) == (1, 0, 10.0)


def test_the_table_has_a_row_for_each_field_and_one_for_all() -> None:
    output = StringIO()
    Console(file=output, width=160).print(tables.draw(tables.by_field([smooth(1).case])))
    drawn = output.getvalue()
    assert all(field.en in drawn for field in Field)
    assert "合计 total" in drawn
