"""Group commit without a database: who is in which group, and what one that fails does to the others."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from libraries.runtime.database.held import Held
from libraries.runtime.failures import InfrastructureDown, Rejected
from libraries.runtime.grouping import BUSY, Busy, Grouping

Done = tuple[tuple[int, ...], Held]


class Worker:
    """Doubles numbers, at most once its gate is open; keeps what it was given together."""

    def __init__(self, most: int = 64, fails: Callable[[Sequence[int]], Exception | None] = lambda _: None) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.groups: list[Done] = []
        self.fails = fails
        self.busy: set[int] = set()
        self.group = Grouping[int, int](self.work, most=most)

    async def work(self, items: Sequence[int], held: Held) -> list[int | Rejected | Busy]:
        self.groups.append((tuple(items), held))
        await self.gate.wait()
        if (error := self.fails(items)) is not None:
            raise error
        left = self.busy if held is Held.LEFT else set[int]()
        return [BUSY if item in left else Rejected("odd") if item % 2 else item * 2 for item in items]

    async def all(self, *items: int) -> list[int | BaseException]:
        return await asyncio.gather(*(self.group.do(item) for item in items), return_exceptions=True)


async def test_what_comes_alone_is_done_at_once() -> None:
    worker = Worker()
    assert await worker.group.do(2) == 4
    assert await worker.group.do(4) == 8
    assert worker.groups == [((2,), Held.LEFT), ((4,), Held.LEFT)]


async def test_what_comes_meanwhile_is_the_next_group_and_groups_are_bounded() -> None:
    worker = Worker(most=3)
    worker.gate.clear()
    first = asyncio.create_task(worker.group.do(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = asyncio.create_task(worker.all(4, 6, 8, 10))
    await asyncio.sleep(0)
    worker.gate.set()
    assert (await first, await others) == (4, [8, 12, 16, 20])
    assert [group for group, _ in worker.groups] == [(2,), (4, 6, 8), (10,)]


async def test_each_has_its_own_outcome() -> None:
    worker = Worker()
    found = await worker.all(2, 3, 4)
    assert isinstance(found[1], Rejected)
    assert [found[0], found[2]] == [4, 8]


async def test_one_that_breaks_its_group_breaks_alone() -> None:
    worker = Worker(fails=lambda items: ValueError("bad") if 6 in items else None)
    found = await worker.all(2, 4, 6)
    assert found[:2] == [4, 8]
    assert isinstance(found[2], ValueError)
    assert (await worker.group.do(8)) == 16


async def test_an_engine_that_is_away_is_not_asked_again_for_each() -> None:
    worker = Worker(fails=lambda _: InfrastructureDown())
    found = await worker.all(2, 4, 6)
    assert [type(one) for one in found] == [InfrastructureDown] * 3
    assert len(worker.groups) == 1


async def test_what_somebody_holds_waits_alone_and_stops_nobody() -> None:
    worker = Worker()
    worker.busy = {4}
    assert await worker.all(2, 4, 6) == [4, 8, 12]
    assert worker.groups == [((2, 4, 6), Held.LEFT), ((4,), Held.AWAITED)]


async def test_who_gives_up_before_it_is_begun_is_not_done_and_who_gives_up_later_waits_for_the_end() -> None:
    worker = Worker()
    worker.gate.clear()
    begun = asyncio.create_task(worker.group.do(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting = asyncio.create_task(worker.group.do(4))
    await asyncio.sleep(0)
    begun.cancel()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert not begun.done()
    worker.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await begun
    assert await worker.group.do(6) == 12
    assert [group for group, _ in worker.groups] == [(2,), (6,)]
