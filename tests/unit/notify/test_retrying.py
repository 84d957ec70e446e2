"""When a delivery is tried again, and when an endpoint is left alone."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.retrying import (
    FIRST_WAIT,
    GIVEN_UP_AFTER,
    LONGEST_WAIT,
    OPENS_AFTER,
    Circuit,
    after_failure,
    after_success,
    next_attempt,
    wait,
)

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
chances = st.floats(0, 1)


@given(st.integers(1, 10_000), chances)
def test_waits_grow_within_their_bounds(attempts: int, chance: float) -> None:
    assert FIRST_WAIT / 2 <= wait(attempts, chance) <= LONGEST_WAIT
    assert wait(attempts, 0) <= wait(attempts + 1, 0)


def test_a_delivery_is_tried_for_days_and_then_given_up() -> None:
    now, attempts = NOW, 0
    while (again := next_attempt(attempts + 1, since=NOW, now=now, chance=0.5)) is not None:
        now, attempts = again, attempts + 1
    assert GIVEN_UP_AFTER <= now - NOW <= GIVEN_UP_AFTER + LONGEST_WAIT
    assert 100 < attempts < 250


@given(st.integers(1, 50), chances, st.timedeltas(timedelta(), timedelta(days=400)))
def test_what_the_endpoint_asks_for_only_lengthens_a_wait_and_not_beyond_an_hour(
    attempts: int, chance: float, asked: timedelta
) -> None:
    again = next_attempt(attempts, since=NOW, now=NOW, chance=chance, asked=asked)
    assert again is not None
    assert again - NOW == max(wait(attempts, chance), min(asked, LONGEST_WAIT))


@given(st.lists(st.tuples(st.booleans(), chances), max_size=60))
def test_the_circuit_is_open_after_so_many_failures_in_a_row_and_closed_by_one_success(
    outcomes: list[tuple[bool, float]],
) -> None:
    circuit, row = Circuit(), 0
    for well, chance in outcomes:
        circuit = after_success() if well else after_failure(circuit, now=NOW, chance=chance)
        row = 0 if well else row + 1
        assert circuit.failures == row
        assert circuit.is_closed == (row < OPENS_AFTER)
        assert circuit.is_open(NOW) == (row >= OPENS_AFTER)
        assert not circuit.is_open(NOW + LONGEST_WAIT)
