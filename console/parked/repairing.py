"""The dead letters of all services as one: what waits, and what becomes of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from console.parked.handlers import Handlers, open_databases, open_handlers
from console.preparing import SERVICES
from console.target import Target
from libraries.runtime.database.engine import transaction
from libraries.runtime.kafka import dead_letters, replays
from libraries.runtime.kafka.dead_letters import DeadLetter, DeadLetterFilters, NoSuchDeadLetter, UnsealedDeadLetter
from services.intake import store as cases

STATES: Final = ("parked", "replayed", "dropped")


class Place(msgspec.Struct, frozen=True):
    """A parked record of the installation: ids count for each service by itself."""

    service: str
    id: int

    def __str__(self) -> str:
        return f"{self.service}/{self.id}"


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which records somebody asks for; what is not given is everything."""

    services: Sequence[str] = SERVICES
    state: str | None = "parked"
    reader: str | None = None
    code: str | None = None
    case: str | None = None
    """Id or number."""
    topic: str | None = None
    before: datetime | None = None

    @property
    def narrows(self) -> bool:
        return any(value is not None for value in (self.reader, self.code, self.case, self.topic, self.before))


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of one kind were chosen."""

    service: str
    reader: str
    code: str
    records: int


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What became of records that were given up together; `left` still wait behind them, or before."""

    dropped: int = 0
    handled: int = 0
    left: int = 0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a record and of those that wait with it; `code` says why the first of what is left still waits."""

    id: str
    handled: int = 0
    left: int = 0
    code: str | None = None

    @property
    def well(self) -> bool:
        return self.left == 0 and self.code is None


class NoSuchCase(LookupError):
    """Intake knows no case of this number."""


async def list_all(target: Target, selection: Selection, limit: int) -> list[tuple[Place, DeadLetter]]:
    """At most so many of each service, oldest first."""
    async with open_databases(target) as engines:
        filters = await _filters(engines["intake"], selection)
        found = []
        for service in selection.services:
            rows = await dead_letters.list_dead_letters(engines[service], filters, state=selection.state, limit=limit)
            found += [(Place(service, row.id), row) for row in rows]
    return found


async def find(target: Target, place: Place, *, by: str) -> UnsealedDeadLetter:
    """Opened, and on record. Raises `NoSuchDeadLetter`."""
    async with open_handlers(target, [place.service]) as handlers:
        handler = next(iter(handlers[place.service].values()))
        return await dead_letters.show(handler.engine, place.id, handler.sealer, by=by)


async def replay(
    target: Target, places: Sequence[Place], *, by: str, because: str, accept_gap: bool = False
) -> list[Outcome]:
    """The ordering keys of these records, each once. One that cannot go on holds up none of the others."""
    outcomes = []
    async with open_handlers(target, sorted({place.service for place in places})) as handlers:
        done: set[tuple[str, str, str]] = set()
        for place in places:
            at = handlers[place.service]
            engine = _engine(at)
            try:
                row = await dead_letters.find_dead_letter(engine, place.id)
            except NoSuchDeadLetter:
                outcomes.append(Outcome(id=str(place), code="not_parked"))
                continue
            key = (place.service, row.reader, row.ordering_key or str(place.id))
            if key in done:
                continue
            done.add(key)
            if refused := _refusal(row, at):
                outcomes.append(Outcome(id=str(place), code=refused))
                continue
            try:
                result = await replays.replay(
                    at, engine, dead_letter_id=place.id, by=by, because=because, accept_gap=accept_gap
                )
            except NoSuchDeadLetter:
                # The service has settled it by itself since we looked.
                result = replays.Replayed(handled=0, left=0)
            outcomes.append(_outcome(place, result))
    return outcomes


async def find_heads(target: Target, selection: Selection) -> list[Place]:
    """One record of each ordering key that has one like this."""
    async with open_databases(target) as engines:
        filters = await _filters(engines["intake"], selection)
        return [
            Place(service, head)
            for service in selection.services
            for head in await dead_letters.list_heads(engines[service], filters)
        ]


async def count(target: Target, selection: Selection) -> list[Counted]:
    async with open_databases(target) as engines:
        filters = await _filters(engines["intake"], selection)
        return [
            Counted(service=service, reader=reader, code=code, records=number)
            for service in selection.services
            for (reader, code), number in (await dead_letters.count_selected(engines[service], filters)).items()
        ]


async def drop_all(target: Target, selection: Selection, *, by: str, because: str) -> Given:
    """Ordering key by ordering key, and in batches."""
    async with open_databases(target) as engines:
        filters = await _filters(engines["intake"], selection)
    given = Given()
    async with open_handlers(target, selection.services) as handlers:
        for service in selection.services:
            at = handlers[service]
            done = await replays.drop_selected(at, _engine(at), filters, by=by, because=because)
            waiting = sum((await dead_letters.count_selected(_engine(at), filters)).values())
            given = Given(
                dropped=given.dropped + done.dropped,
                handled=given.handled + done.handled,
                left=given.left + max(done.left, waiting),
            )
    return given


async def drop(target: Target, place: Place, *, by: str, because: str) -> Outcome:
    """Raises `NoSuchDeadLetter`, or `NotFirst` with the record that waits before it."""
    async with open_handlers(target, [place.service]) as handlers:
        at = handlers[place.service]
        result = await replays.drop(at, _engine(at), dead_letter_id=place.id, by=by, because=because)
    return _outcome(place, result)


def _outcome(place: Place, result: replays.Replayed) -> Outcome:
    return Outcome(id=str(place), handled=result.handled, left=result.left, code=result.code)


def _refusal(row: DeadLetter, handlers: Handlers) -> str | None:
    if row.state != "parked":
        return f"already_{row.state}"
    return None if row.reader in handlers else "unknown_reader"


def _engine(handlers: Handlers) -> AsyncEngine:
    return next(iter(handlers.values())).engine


async def _filters(intake: AsyncEngine, selection: Selection) -> DeadLetterFilters:
    case_id = await _case_id(intake, selection.case)
    return DeadLetterFilters(
        reader=selection.reader, code=selection.code, case_id=case_id, topic=selection.topic, before=selection.before
    )


async def _case_id(engine: AsyncEngine, case: str | None) -> UUID | None:
    if case is None:
        return None
    try:
        return UUID(case)
    except ValueError:
        pass
    async with transaction(engine) as conn:
        found = await cases.find_case(conn, case)
    if found is None:
        raise NoSuchCase(case)
    return found.id


def whole(place: Place, record: UnsealedDeadLetter) -> dict[str, Any]:
    """For programs: everything, bytes as text where they are text."""
    return {
        **summary(place, record.parked),
        "key": readable(record.key),
        "value": readable(record.value),
        "headers": [{"name": name, "value": readable(value)} for name, value in record.headers],
        "opened": msgspec.to_builtins(record.opened),
    }


def summary(place: Place, row: DeadLetter) -> dict[str, Any]:
    """For programs: without the content."""
    return {**msgspec.to_builtins(row), "id": str(place), "service": place.service}


def readable(raw: bytes | None) -> dict[str, str] | None:
    if raw is None:
        return None
    try:
        return {"text": raw.decode()}
    except UnicodeDecodeError:
        return {"base64": msgspec.to_builtins(raw)}
