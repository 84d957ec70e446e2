"""A light client: HTTP/1.1 over kept connections, so that what is measured is the service and not who asks."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec

ENDS = b"\r\n\r\n"
KEPT_SECONDS = 2.0
"""The server closes a connection that has been idle for longer than five."""


class Connection:
    """One connection to a service; one request at a time."""

    def __init__(self, url: str) -> None:
        self._where = urlsplit(url)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._used = 0.0

    async def ask(self, method: str, path: str, token: str, body: bytes = b"", key: str = "") -> tuple[int, bytes]:
        """Status and body."""
        if self._reader is None or self._writer is None or time.perf_counter() > self._used + KEPT_SECONDS:
            self.close()
            self._reader, self._writer = await asyncio.open_connection(self._where.hostname, self._where.port)
        keyed = f"idempotency-key: {key}\r\n" if key else ""
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: {self._where.netloc}\r\nauthorization: Bearer {token}\r\n{keyed}"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(ENDS)
        self._used = time.perf_counter()
        length = int(answer.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        return int(answer[9:12]), await self._reader.readexactly(length)

    async def json(self, method: str, path: str, token: str, body: Any = None) -> Any:
        """What a request that has to succeed answers."""
        status, answer = await self.ask(method, path, token, msgspec.json.encode(body) if body is not None else b"")
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {answer.decode()}")
        return msgspec.json.decode(answer)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


@asynccontextmanager
async def connections(url: str, number: int) -> AsyncIterator[list[Connection]]:
    async with AsyncExitStack() as stack:
        found = [Connection(url) for _ in range(number)]
        for one in found:
            stack.callback(one.close)
        yield found


async def share(
    work: Iterable[Any], using: list[Connection], do: Callable[[Connection, Any], Awaitable[None]]
) -> float:
    """Do all of it with these connections, each taking the next when it is free. Returns how many a second."""
    left = iter(list(work))
    done = 0

    async def run(connection: Connection) -> None:
        nonlocal done
        for one in left:
            await do(connection, one)
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(run(one) for one in using))
    return done / (time.perf_counter() - began)
