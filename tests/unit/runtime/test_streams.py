"""A stream of events ends with the token that opened it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from libraries.runtime.web.streams import Entry, stream


async def test_a_stream_ends_when_its_token_does() -> None:
    async def fetch(after: str | None) -> Sequence[Entry]:
        del after
        return [Entry(cursor="1", type="clock.due", data="{}")]

    ends_at = datetime.now(UTC) + timedelta(seconds=0.2)
    async with asyncio.timeout(20):
        said = [message async for message in stream(fetch, None, ends_at=ends_at).iterator]

    assert len(said) > 1
    assert datetime.now(UTC) >= ends_at


async def test_a_stream_of_a_token_that_has_ended_says_nothing() -> None:
    async def fetch(after: str | None) -> Sequence[Entry]:
        raise AssertionError(after)

    ended = datetime.now(UTC) - timedelta(seconds=1)
    assert len([message async for message in stream(fetch, None, ends_at=ended).iterator]) == 1
