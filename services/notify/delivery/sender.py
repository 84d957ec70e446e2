"""One attempt to deliver a webhook: the name is resolved at the moment of sending, and what was vetted is dialled.

No redirect is followed, no proxy of the environment is used, and of an answer only its status and some bytes are read.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx

from contracts.codes import AttemptResult
from services.notify.delivery.store import Attempt
from services.notify.domain.targets import BadTarget, Target, read_target, vetted

ATTEMPT_SECONDS: Final = 10.0
"""From the look-up of the name to the end of the answer."""
LONGEST_ANSWER: Final = 64 * 1024
CONNECTIONS: Final = 4
"""To one endpoint at the same time: as many cases as are served at once."""
ADDRESSES: Final = 3
"""Of one name, that are tried in one attempt."""
RESOLVERS: Final = 32
"""Names that are looked up at the same time: a slow server of names holds up its own alone."""
ANSWER_LATER: Final = frozenset({429, 503})
GONE: Final = 410
USER_AGENT: Final = "Yimen-Webhooks/1"

Resolve = Callable[[str, int], Awaitable[list[str]]]
_RESOLVERS: Final = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of an attempt, and how long the endpoint wants to be left alone."""

    attempt: Attempt
    rest: timedelta | None = None
    again_at: datetime | None = None
    """Put off till then by our own rules, and no fault of anybody."""
    of_endpoint: bool = True
    """Whether the other side has shown by it that it is there, or away."""


def tls_context(authorities: Path | None = None) -> ssl.SSLContext:
    """The system's authorities, and those of a file."""
    context = ssl.create_default_context()
    if authorities is not None:
        context.load_verify_locations(cafile=str(authorities))
    return context


async def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, in the order in which the system would try them."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_RESOLVERS, socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSender:
    """`named` are the targets that may be private, and speak http."""

    named: frozenset[str] = frozenset()
    tls: ssl.SSLContext = field(default_factory=tls_context)
    resolve: Resolve = resolve
    seconds: float = ATTEMPT_SECONDS

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Of one subscription alone: connections are found by their address, and two names may share one."""
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        async with httpx.AsyncClient(
            verify=self.tls, trust_env=False, follow_redirects=False, limits=limits, timeout=self.seconds
        ) as client:
            yield client

    async def send(self, client: httpx.AsyncClient, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Never raises, whatever the other side does."""
        at, began = datetime.now(UTC), time.monotonic()
        result, status, rest = await self._result(client, url, headers, body)
        milliseconds = int((time.monotonic() - began) * 1000)
        return Answer(attempt=Attempt(at=at, result=result, status=status, milliseconds=milliseconds), rest=rest)

    async def _result(
        self, client: httpx.AsyncClient, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[AttemptResult, int | None, timedelta | None]:
        try:
            async with asyncio.timeout(self.seconds):
                target = read_target(url, self.named)
                addresses = vetted(await self.resolve(target.host, target.port), target)[:ADDRESSES]
                return await _post_to_any(client, target, addresses, {"user-agent": USER_AGENT, **headers}, body)
        except BadTarget as error:
            missing = error.code == "no_address"
            return AttemptResult.NO_CONNECTION if missing else AttemptResult.NOT_ALLOWED, None, None
        except (TimeoutError, httpx.TimeoutException):
            return AttemptResult.TIMED_OUT, None, None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):
            return AttemptResult.NO_CONNECTION, None, None


async def _post_to_any(
    client: httpx.AsyncClient, target: Target, addresses: Sequence[str], headers: Mapping[str, str], body: bytes
) -> tuple[AttemptResult, int, timedelta | None]:
    """Where nobody listens at one address, the next is dialled; nothing was sent then."""
    for address in addresses[:-1]:
        try:
            return await _post(client, target, address, headers, body)
        except httpx.ConnectError:
            continue
    return await _post(client, target, addresses[-1], headers, body)


async def _post(
    client: httpx.AsyncClient, target: Target, address: str, headers: Mapping[str, str], body: bytes
) -> tuple[AttemptResult, int, timedelta | None]:
    """The certificate has to be that of the name, although an address is dialled."""
    async with client.stream(
        "POST",
        target.at(address),
        content=body,
        headers={**headers, "host": target.authority},
        extensions={"sni_hostname": target.host},
    ) as answer:
        status = answer.status_code
        await _drain(answer)
    if 200 <= status < 300:
        return AttemptResult.DELIVERED, status, None
    if 300 <= status < 400:
        return AttemptResult.REDIRECTED, status, None
    if status == GONE:
        return AttemptResult.GONE, status, None
    return AttemptResult.REFUSED, status, _rest(answer) if status in ANSWER_LATER else None


async def _drain(answer: httpx.Response) -> None:
    """A short answer leaves the connection fit for the next; a long one is cut off."""
    read = 0
    async for piece in answer.aiter_raw():
        read += len(piece)
        if read > LONGEST_ANSWER:
            return


def _rest(answer: httpx.Response) -> timedelta | None:
    """`Retry-After` in seconds (RFC 9110); a date is as good as none."""
    asked = answer.headers.get("retry-after", "")
    return timedelta(seconds=int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 8 else None
