"""How seldom a sweep runs, and that a busy machine does not make it ever rarer."""

import pytest

from services.notify.watching import rate_limits
from services.notify.watching.rate_limits import RestRatio


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(rate_limits.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(("took", "rests"), [(0.01, 0.2), (0.1, 2.0), (0.2, 4.0), (3.0, 4.0), (600.0, 4.0)])
def test_what_takes_long_rests_long_and_never_longer_than_the_longest(
    clock: list[float], took: float, rests: float
) -> None:
    sweep = RestRatio(20, longest_seconds=4.0)
    assert sweep.is_ready()
    sweep.rest(took)
    clock[0] += rests - 0.001
    assert not sweep.is_ready()
    clock[0] += 0.002
    assert sweep.is_ready()
