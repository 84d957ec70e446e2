"""The public doors of an installation: its HTTP addresses, its broker, and tokens for who comes in."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
from aiokafka import AIOKafkaProducer

from libraries.runtime.web.auth import Principal, issue_token

ATTEMPTS = 5
PATIENT = httpx.Timeout(30, pool=None)
FEW = 16
"""The client looks through all its connections and all who wait for one, for each request: many make it slow."""
UNAVAILABLE = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    intake: str
    routing: str
    kafka: str
    token_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    body: Any

    @property
    def code(self) -> str:
        """Why it was refused; empty if it was not."""
        return str(self.body.get("code", self.status)) if self.status >= httpx.codes.BAD_REQUEST else ""


@dataclass(slots=True, kw_only=True)
class Client:
    """Everything that the simulated city sends goes through here."""

    addresses: Addresses
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=PATIENT))
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FEW))
    producer: AIOKafkaProducer = field(init=False)
    _tokens: dict[Principal, str] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self.producer = AIOKafkaProducer(bootstrap_servers=self.addresses.kafka, acks="all", linger_ms=2)
        await self.producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()
        await self.producer.stop()

    async def post(self, who: Principal, url: str, body: object) -> Answer:
        return await self._ask("POST", who, url, content=msgspec.json.encode(body))

    async def get(self, who: Principal, url: str, **params: str | int) -> Answer:
        return await self._ask("GET", who, url, params=params)

    async def send(self, topic: str, key: str, body: object) -> None:
        """Until the broker has it."""
        await self.producer.send_and_wait(topic, msgspec.json.encode(body), key=key.encode())

    async def _ask(
        self, method: str, who: Principal, url: str, *, content: bytes | None = None, params: Mapping[str, Any] = {}
    ) -> Answer:
        """Asks again where the service is away for a moment: every door takes the same thing twice."""
        headers = {"authorization": f"Bearer {self._token(who)}", "content-type": "application/json"}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self.turns:
                    found = await self.http.request(method, url, content=content, params=params, headers=headers)
            except httpx.TransportError:
                if attempt == ATTEMPTS:
                    raise
            else:
                if found.status_code not in UNAVAILABLE or attempt == ATTEMPTS:
                    return Answer(status=found.status_code, body=msgspec.json.decode(found.content or b"{}"))
            await asyncio.sleep(0.1 * attempt)
        raise AssertionError("the last attempt returns or raises")

    def _token(self, who: Principal) -> str:
        if who not in self._tokens:
            self._tokens[who] = issue_token(self.addresses.token_key, who)
        return self._tokens[who]
