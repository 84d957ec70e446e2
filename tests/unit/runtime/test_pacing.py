"""How long a loop rests after its batches."""

import asyncio
import time

import pytest

from libraries.runtime.pacing import ENOUGH, LONGEST_SECONDS, Pace, rest_seconds


@pytest.mark.parametrize(
    ("worked", "number", "rests"),
    [
        (0.02, 1, 0.02),
        (0.02, ENOUGH - 1, 0.02),
        (0.02, ENOUGH, 0.0),
        (5.0, 3, LONGEST_SECONDS),
        (0.02, 0, 0.0),
    ],
)
def test_as_long_as_it_worked_but_not_where_the_batch_was_large_or_empty(
    worked: float, number: int, rests: float
) -> None:
    assert rest_seconds(worked, number) == rests


def test_the_work_of_an_idle_machine_is_followed_by_none() -> None:
    assert rest_seconds(0.02, 1, fewest=2) == 0.0
    assert rest_seconds(0.02, 2, fewest=2) == 0.02


async def test_a_loop_rests_from_its_last_batch() -> None:
    pace = Pace()
    pace.begin()
    await asyncio.sleep(0.03)
    ended = time.monotonic()
    await pace.rest(1)
    assert time.monotonic() - ended >= 0.02
    await asyncio.wait_for(pace.rest(ENOUGH), 0.01)
