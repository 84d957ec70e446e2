"""What several people look at is asked for once; a mark changes with what is shown."""

import asyncio

import pytest

from services.portal.domain.live import MARK_CHARACTERS, Rows, mark_of, rows_of
from services.portal.sharing import SharedLists


class Asked:
    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> Rows:
        self.times += 1
        await asyncio.sleep(0)
        return rows_of([("a", mark_of(self.times))])


async def test_who_asks_at_once_or_soon_after_asks_once() -> None:
    shared, asked = SharedLists(), Asked()
    found = await asyncio.gather(*(shared.rows(("inbox", "x"), asked, 60) for _ in range(20)))
    assert asked.times == 1
    assert all(one == found[0] for one in found)
    await shared.rows(("inbox", "x"), asked, 60)
    assert asked.times == 1
    await shared.rows(("inbox", "y"), asked, 60)
    await shared.rows(("inbox", "x"), asked, 0)
    assert asked.times == 3


async def test_who_leaves_takes_nothing_from_the_others() -> None:
    shared, asked = SharedLists(), Asked()
    first = asyncio.ensure_future(shared.rows(("x",), asked, 60))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(shared.rows(("x",), asked, 60))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == {"a": mark_of(1)}


async def test_what_failed_is_asked_again_later() -> None:
    shared = SharedLists()

    async def fails() -> Rows:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            await shared.rows(("x",), fails, 60)
    asked = Asked()
    assert await shared.rows(("x",), asked, 0) == {"a": mark_of(1)}


def test_a_mark_is_of_what_is_shown() -> None:
    assert mark_of("accepted", None) == mark_of("accepted", None)
    assert mark_of("accepted", None) != mark_of("accepted", "late")
    assert len(mark_of("accepted")) == MARK_CHARACTERS
