"""How far a service may say that it has come."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libraries.marks import Mark, Need
from libraries.runtime.clock import Clock
from libraries.runtime.kafka.watermarks import (
    LONGEST_REQUEST,
    OWN_REQUESTS,
    SETTLE,
    OpenRequests,
    ProgressSources,
    moments,
)

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MOMENTS = st.integers(min_value=0, max_value=3600).map(lambda ago: NOW - timedelta(seconds=ago))
KNOWN = st.dictionaries(
    st.sampled_from([Need("one", 1), Need("one", 2), Need("two", 1)]),
    st.builds(Mark, until=st.one_of(st.none(), MOMENTS), moved_at=MOMENTS),
)
FOLLOWS = ProgressSources(feedback_readers=("answers",), follows={"one": ("a",), "two": ("b",)})


@given(st.dictionaries(st.sampled_from([OWN_REQUESTS, "answers", "other"]), MOMENTS), KNOWN)
def test_no_moment_is_said_that_somebody_has_not_reached(settled: dict[str, datetime], known: dict[Need, Mark]) -> None:
    found = moments(settled, known, FOLLOWS, Clock())
    assert bool(found) == (settled.keys() >= {OWN_REQUESTS, "answers"})
    assert all(until <= min(settled[OWN_REQUESTS], settled["answers"]) for until in found)
    heard = [known[Need(name, 1)].until if Need(name, 1) in known else None for name in ("one", "two")]
    assert (len(found) == 2) == (bool(found) and None not in heard)
    if len(found) == 2:
        assert found[1] == min(found[0], *(until for until in heard if until is not None))


def test_who_follows_nobody_knows_only_itself() -> None:
    assert moments({OWN_REQUESTS: NOW}, {}, ProgressSources(), Clock()) == (NOW,)


def test_the_moments_are_those_of_business_time() -> None:
    clock = Clock(speed=10, origin=NOW, anchor=NOW)
    later = NOW + timedelta(seconds=6)
    assert moments({OWN_REQUESTS: later}, {}, ProgressSources(), clock) == (NOW + timedelta(minutes=1),)


def test_what_was_begun_first_counts_and_nobody_waits_for_a_request_that_never_ends() -> None:
    open_requests, now = OpenRequests(), datetime.now(UTC)
    with open_requests.in_hand():
        with open_requests.in_hand():
            assert (
                now - SETTLE <= open_requests.settled(now + timedelta(seconds=5)) < now + timedelta(seconds=5) - SETTLE
            )
        late = datetime.now(UTC) + LONGEST_REQUEST
        assert open_requests.settled(late) == late - SETTLE
    assert open_requests.settled(now) == now - SETTLE


@pytest.mark.parametrize(
    ("kind", "method", "holds"), [("http", "POST", True), ("http", "GET", False), ("lifespan", "", False)]
)
def test_only_a_request_that_may_change_something_is_in_hand(kind: str, method: str, *, holds: bool) -> None:
    open_requests, seen = OpenRequests(), []

    async def app(_: object, __: object, ___: object) -> None:
        later = datetime.now(UTC) + timedelta(seconds=5)
        seen.append(open_requests.settled(later) < later - SETTLE)

    asyncio.run(open_requests.middleware(app)({"type": kind, "method": method}, None, None))
    assert seen == [holds]
