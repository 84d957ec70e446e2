"""Requests in flight that share a transaction: each has its own outcome, and its own answer under its own key."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from litestar import Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.runtime.audit.doers import Doer, acting
from libraries.runtime.database.engine import transaction
from libraries.runtime.database.held import Held
from libraries.runtime.failures import Rejected
from libraries.runtime.grouping import BUSY, Busy, Grouping, R, T
from libraries.runtime.web.idempotency import (
    LEFT_OUT,
    SHARED,
    KeyedRequest,
    StoredAnswer,
    again,
    keyed_request,
)

__all__ = ["BUSY", "SHARED", "Busy", "Shared"]

Work = Callable[[AsyncConnection, Sequence[T], Held], Awaitable[Sequence[R | Rejected | Busy]]]
"""Does what several ask in the given transaction; an outcome for each, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked(Generic[T, R]):
    item: T
    keyed: KeyedRequest | None
    answer: Callable[[R], Response[Any]]
    wrote: Callable[[R], bool]


def _several() -> Doer:
    raise LookupError("what is put on record of one request among several names who it is")


def _never(outcome: object) -> bool:
    del outcome
    return False


@dataclass(slots=True)
class Shared(Generic[T, R]):
    """One kind of request. Its routes are marked with `SHARED`."""

    engine: AsyncEngine
    work: Work[T, R]
    _group: Grouping[_Asked[T, R], R | StoredAnswer] = field(init=False)

    def __post_init__(self) -> None:
        self._group = Grouping(self._do)

    async def ask(
        self, item: T, answer: Callable[[R], Response[Any]], *, wrote: Callable[[R], bool] = _never
    ) -> Response[Any]:
        """Its answer, once what it asks is committed. `wrote` says of a refusal that it is on record."""
        keyed = keyed_request()
        if keyed is not None and keyed.conn is not None:
            return answer(await self._alone(item))
        outcome = await self._group.do(_Asked(item=item, keyed=keyed, answer=answer, wrote=wrote))
        return again(outcome) if isinstance(outcome, StoredAnswer) else answer(outcome)

    async def _alone(self, item: T) -> R:
        """In the transaction of a request whose route is not marked."""
        async with transaction(self.engine) as conn:
            (outcome,) = await self.work(conn, [item], Held.AWAITED)
            if isinstance(outcome, Busy):
                raise TypeError("what is held is waited for")
            if isinstance(outcome, Rejected):
                raise outcome
        return outcome

    async def _do(self, asked: Sequence[_Asked[T, R]], held: Held) -> list[R | StoredAnswer | Rejected | Busy]:
        with acting(_several):
            return await self._together(asked, held)

    async def _together(self, asked: Sequence[_Asked[T, R]], held: Held) -> list[R | StoredAnswer | Rejected | Busy]:
        async with transaction(self.engine) as conn:
            known = await _claim(conn, asked)
            left = [one for one, found in zip(asked, known, strict=True) if found is None]
            done = await self.work(conn, [one.item for one in left], held) if left else []
            told = await _keep(conn, left, done)
        rest = iter(told)
        return [found if found is not None else next(rest) for found in known]


async def _claim(conn: AsyncConnection, asked: Sequence[_Asked[Any, Any]]) -> list[StoredAnswer | Rejected | None]:
    """What is answered without doing anything: by the same request before, or as that is still being worked on."""
    keyed = [one.keyed for one in asked if one.keyed is not None]
    if not keyed:
        return [None] * len(asked)
    found = iter(await keyed[0].store.claim_all(conn, [one.known_key for one in keyed]))
    return [next(found) if one.keyed is not None else None for one in asked]


async def _keep(
    conn: AsyncConnection, asked: Sequence[_Asked[T, R]], done: Sequence[R | Rejected | Busy]
) -> list[R | StoredAnswer | Rejected | Busy]:
    """Those that have a key get their answers stored with what was done."""
    told: list[R | StoredAnswer | Rejected | Busy] = []
    kept = []
    for one, outcome in zip(asked, done, strict=True):
        if isinstance(outcome, Rejected | Busy) or one.keyed is None:
            told.append(outcome)
            continue
        answer = _stored(one.answer(outcome), one.keyed.request)
        told.append(answer)
        if answer.status < 300 or one.wrote(outcome):
            kept.append((one.keyed, answer))
    if kept:
        await kept[0][0].store.keep_all(conn, [(keyed.known_key, answer) for keyed, answer in kept])
    return told


def _stored(response: Response[Any], request: Request[Any, Any, Any]) -> StoredAnswer:
    """As it leaves, but for what every answer gets anew."""
    said = response.to_asgi_response(app=None, request=request)
    named = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in said.encode_headers())
    headers = [(name, value) for name, value in named if name not in LEFT_OUT]
    return StoredAnswer(status=said.status_code, headers=headers, body=said.body)
