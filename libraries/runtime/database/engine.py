"""The engine of one service, and its transactions. One schema, one role and one search path per service."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Engine, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from libraries.runtime.database.wakeups import wake

STATEMENT_SECONDS: Final = 30
IDLE_IN_TRANSACTION_SECONDS: Final = 30
LOCK_SECONDS: Final = 10
TRANSACTION_SECONDS: Final = 60
"""A session whose client stands still between preparing a statement and running it counts as busy, and no other limit
ends it (PostgreSQL 17 or newer; an older server has none for that)."""
POOL_SIZE: Final = 10
TO_WAKE: Final = "yimen_to_wake"
_JOINED: Final[ContextVar[AsyncConnection | None]] = ContextVar("joined_transaction", default=None)
_AWAY: Final[WeakKeyDictionary[Engine, float]] = WeakKeyDictionary()
"""Since when, of each engine whose database is away."""


class DatabaseSettings(Protocol):
    """What the engine wants to know; the runtime's settings have it."""

    @property
    def database_url(self) -> Any: ...


def async_url(database_url: object) -> URL:
    """The address with the driver that we use, whatever driver it names."""
    return make_url(str(database_url)).set(drivername="postgresql+asyncpg")


def session_settings(service: str, url: URL) -> dict[str, str]:
    """What the server enforces on every session of a service, whatever the client does."""
    chosen = {
        "application_name": f"yimen-{service}",
        "search_path": service,
        "TimeZone": "UTC",
        # The relay waits for the oldest writing transaction of the whole cluster: nobody may dawdle.
        "statement_timeout": f"{STATEMENT_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
        "lock_timeout": f"{LOCK_SECONDS}s",
        "jit": "off",  # our statements are short; compiling them costs more than it saves
    }
    if url.username != service:
        chosen["role"] = service
    return chosen


def open_engine(settings: DatabaseSettings, service: str, *, pool_size: int = POOL_SIZE) -> AsyncEngine:
    """An engine that sees the service's own schema only. Opens no connection yet."""
    url = async_url(settings.database_url)
    engine = create_async_engine(
        url,
        connect_args={"server_settings": session_settings(service, url), "timeout": 10},
        pool_size=pool_size,
        max_overflow=0,  # one beyond the pool is closed after each use, and opening it costs more than a short wait
        hide_parameters=True,  # the text of an error ends in places where personal data must not
    )
    event.listen(engine.sync_engine, "connect", _bound_transactions)
    event.listen(engine.sync_engine, "checkout", _refuse_a_closed_one)
    return engine


def _bound_transactions(connection: Any, _record: object) -> None:
    """Not among the session's settings: an older server would refuse the connection because of it."""
    connection.run_async(
        lambda driver: driver.execute(
            f"SELECT set_config(name, '{TRANSACTION_SECONDS}s', false) FROM pg_settings"
            " WHERE name = 'transaction_timeout'"
        )
    )


def _refuse_a_closed_one(connection: Any, _record: object, _proxy: object) -> None:
    """After a restart of the database the first caller shall not pay for it: the pool opens another.

    The driver knows of a connection that the server has closed. SQLAlchemy would ask the server each time, with three
    round trips, as many as a short transaction has itself.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def outage_seconds(engine: AsyncEngine) -> float:
    """How long the database has been away, now that work has failed because it is; it ends with the next commit."""
    now = time.monotonic()
    return now - _AWAY.setdefault(engine.sync_engine, now)


def outage_over(engine: AsyncEngine) -> None:
    """The database does its work."""
    _AWAY.pop(engine.sync_engine, None)


@asynccontextmanager
async def read_once(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """For one statement that only reads: without a transaction around it, it is one round trip."""
    async with engine.connect() as conn:
        yield await conn.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Begin, commit, and only then wake the relay if messages were written; inside of `joined`, a part of that."""
    outer = _JOINED.get()
    if outer is not None and outer.sync_engine is engine.sync_engine:
        async with _inside(outer):
            yield outer
    else:
        async with _of_its_own(engine) as conn:
            yield conn


@asynccontextmanager
async def joined(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction of which every `transaction` of the same task is a part, until the block ends."""
    async with _of_its_own(engine) as conn:
        token = _JOINED.set(conn)
        try:
            yield conn
        finally:
            _JOINED.reset(token)


def is_joined(engine: AsyncEngine) -> bool:
    """Whether the task at hand holds a transaction on this engine, so that what it does is a part of that."""
    outer = _JOINED.get()
    return outer is not None and outer.sync_engine is engine.sync_engine


def wrote_messages(conn: AsyncConnection) -> bool:
    """Whether the transaction has written messages so far."""
    return bool(conn.info.get(TO_WAKE))


@asynccontextmanager
async def _inside(conn: AsyncConnection) -> AsyncIterator[None]:
    """What fails is undone alone, with the messages that it has written."""
    before = set(conn.info.get(TO_WAKE, ()))
    try:
        async with conn.begin_nested():
            yield
    except BaseException:
        conn.info[TO_WAKE] = before
        raise


@asynccontextmanager
async def _of_its_own(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as conn:
        async with conn.begin():
            yield conn
        outage_over(engine)
        for name in conn.info.pop(TO_WAKE, ()):
            wake(name)
