"""Facts behind the figures: the same however the two topics and the cases are interleaved."""

import random
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import Exclusion, Figure
from services.notify.domain.figures import DEFINITIONS
from services.notify.domain.outcomes import Outcomes, changed, note
from services.notify.figures.measures import Measured, ranked, verdict
from tests.life_cycles import lives

NOW = datetime(2026, 3, 4, 2, tzinfo=UTC)


@given(seed=st.integers(0, 2**16), order=st.integers(0, 2**16))
def test_the_order_between_topics_and_between_cases_changes_nothing(seed: int, order: int) -> None:
    found = lives(seed, 4, NOW)
    in_turn, mixed = Outcomes(), Outcomes()
    for life in found:
        for event in [*life.intake, *life.routing]:
            note(event, in_turn)
    dice = random.Random(order)
    waiting = [list(topic) for life in found for topic in (life.intake, life.routing)]
    while left := [topic for topic in waiting if topic]:
        note(dice.choice(left).pop(0), mixed)
    assert mixed == in_turn


@given(seed=st.integers(0, 2**16))
def test_of_what_began_before_us_nothing_is_noted(seed: int) -> None:
    outcomes = Outcomes()
    for life in lives(seed, 2, NOW):
        for event in life.intake[1:]:
            note(event, outcomes)
    assert outcomes == Outcomes()


def test_only_what_changed_is_written() -> None:
    (life,) = lives(1, 1, NOW)
    outcomes = Outcomes()
    for event in life.intake:
        note(event, outcomes)
    same = {key: dict(rounds) for key, rounds in outcomes.cases.items()}
    assert list(changed(outcomes.cases, same)) == []
    assert list(changed({}, same)) == [one for rounds in same.values() for one in rounds.values()]


def test_every_figure_is_defined_and_its_reasons_can_be_asked_for() -> None:
    assert set(DEFINITIONS) == set(Figure)
    for figure, definition in DEFINITIONS.items():
        assert len(set(definition.exclusions)) == len(definition.exclusions)
        assert all(f"THEN '{code}'" in verdict(figure) for code in definition.exclusions)
    assert {code for one in DEFINITIONS.values() for code in one.exclusions} == set(Exclusion)


def test_the_ratio_of_nothing_is_nothing() -> None:
    one = Measured()
    one.add("came_late", 3)
    assert (one.ratio, one.denominator, one.excluded) == (None, 0, {Exclusion.CAME_LATE: 3})
    one.add("0", 3)
    one.add("1", 1)
    assert (one.ratio, one.numerator, one.denominator) == (0.25, 1, 4)


def test_equals_share_a_place_and_who_has_nothing_comes_last() -> None:
    shares = {"a": (1, 2), "b": (3, 4), "c": (0, 0), "d": (2, 4), "e": (0, 4)}
    groups = {key: {figure: Measured(*of) for figure in Figure} for key, of in shares.items()}
    assert list(ranked(groups, Figure.ENDED_IN_TIME)) == [(1, "b"), (2, "a"), (2, "d"), (4, "e"), (None, "c")]
    assert list(ranked(groups, Figure.RETURN_RATE)) == [(1, "e"), (2, "a"), (2, "d"), (4, "b"), (None, "c")]
