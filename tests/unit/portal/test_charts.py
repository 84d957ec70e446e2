"""Bars stay inside their picture, months are months, and a scale ends at a round number."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.domain.charts import HEIGHT, WIDTH, Point, chart, month_after, months_before, round_above

VALUES = st.lists(st.none() | st.floats(0, 1e9), max_size=36)


def points(values: list[float | None]) -> list[Point]:
    return [Point(label=str(number), value=value, shown="x") for number, value in enumerate(values)]


@given(VALUES)
def test_every_bar_stands_inside_the_picture(values: list[float | None]) -> None:
    made = chart(points(values))
    assert len(made.bars) == len(values)
    for bar in made.bars:
        assert 0 <= bar.x <= bar.middle <= bar.x + bar.width <= WIDTH
        assert 0 <= bar.y <= bar.y + bar.height <= made.ground + 0.2 < HEIGHT
    tall = [bar.height for bar, value in zip(made.bars, values, strict=True) if value]
    assert sorted(tall) == [height for _, height in sorted(zip([v for v in values if v], tall, strict=True))]


def test_a_share_has_its_own_scale_and_nothing_has_no_bar() -> None:
    made = chart(points([0.5, None, 1.0]), most=1.0)
    half, none, whole = made.bars
    assert half.height * 2 == pytest.approx(whole.height, abs=0.2)
    assert (none.height, none.shown) == (0, "")
    assert [value for _, value in made.lines] == [0, 0.25, 0.5, 0.75, 1.0]


def test_the_last_month_is_always_named() -> None:
    made = chart(points([1.0] * 24))
    assert made.bars[-1].label == "23"
    assert sum(bool(bar.label) for bar in made.bars) == 12


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(1, 60))
def test_months_follow_each_other(last: date, number: int) -> None:
    months = months_before(last, number)
    assert months[-1] == last.replace(day=1)
    assert len(months) == number
    assert [month_after(one) for one in months[:-1]] == months[1:]


@pytest.mark.parametrize(("value", "top"), [(0, 4), (3, 4), (4, 4), (5, 8), (9, 10), (11, 20), (100, 100), (101, 200)])
def test_a_scale_ends_at_a_round_number(value: float, top: float) -> None:
    assert round_above(value) == top
