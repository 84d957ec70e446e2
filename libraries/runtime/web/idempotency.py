"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a request that comes again gets its answer again.

The answer is stored by the transaction that does what is asked, so there is never the one without the other. It is
sealed under a key of its own, because it says who did what with which case. Of the header only a keyed hash is stored.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.refusals import Refused
from libraries.runtime.database import answers
from libraries.runtime.database.answers import SealedAnswer
from libraries.runtime.database.engine import joined, wrote_messages
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import Rejected
from libraries.runtime.web.problems import IN_PROGRESS, SECURITY_HEADERS, on_error, problem

HEADER: Final = "Idempotency-Key"
FORM: Final = r'^(?:"[!#-\[\]-~]{1,128}"|[!#-+\--\[\]-~]{1,128})$'
"""A string as the draft has it (RFC 9651), or the same without quotes, as many clients write it."""
IN_PARTS: Final = "answered_in_parts"
"""Marks a route that works in several transactions, and keeps an answer with each of them itself."""
SHARED: Final = "shares_a_transaction"
"""Marks a route whose requests are done together with others, where the answer is kept too."""
LEFT_OUT: Final = frozenset({"content-length", *SECURITY_HEADERS})
"""Headers that every answer gets anew."""


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed."""

    status: int
    headers: list[tuple[str, str]] = []
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """A request by who sends it, where to and under which key; and what it asks. Both are keyed hashes."""

    identity: bytes
    fingerprint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStore:
    """Where answers are kept, and for how long."""

    engine: AsyncEngine
    sealer: Sealer
    lifetime: timedelta

    def request_key(self, request: Request[Any, Any, Any], key: str, body: bytes) -> RequestKey:
        user, scope = request.user, request.scope
        who = (user.subject, user.role.value, user.office, user.area)
        where = (scope["method"], scope["path"], scope.get("query_string", b""))
        return RequestKey(
            identity=self.sealer.keyed_hash("idempotency/key", msgspec.msgpack.encode((*who, *where, key))),
            fingerprint=self.sealer.keyed_hash("idempotency/body", body),
        )

    async def claim(self, conn: AsyncConnection, key: RequestKey, part: int = 0) -> StoredAnswer | None:
        """The answer, if there is one; else nobody else may give one until the commit. Raises `Rejected`."""
        if part > 0:
            await answers.wait_for(conn, key.identity)
        elif not await answers.lock(conn, [key.identity]):
            raise Rejected(IN_PROGRESS)
        stored = (await answers.find(conn, [key.identity], part, self.lifetime)).get(key.identity)
        return self._opened(key, stored) if stored is not None else None

    async def claim_all(
        self, conn: AsyncConnection, keys: Sequence[RequestKey]
    ) -> list[StoredAnswer | Rejected | None]:
        """As `claim`, for several at once; of two with one key the second is told to wait."""
        mine = await answers.lock(conn, [key.identity for key in keys])
        stored = await answers.find(conn, list(mine), 0, self.lifetime)
        found: list[StoredAnswer | Rejected | None] = []
        for key in keys:
            if key.identity not in mine:
                found.append(Rejected(IN_PROGRESS))
                continue
            mine.discard(key.identity)
            try:
                found.append(self._opened(key, stored[key.identity]) if key.identity in stored else None)
            except Rejected as refused:
                found.append(refused)
        return found

    async def keep(self, conn: AsyncConnection, key: RequestKey, answer: StoredAnswer, part: int = 0) -> None:
        await self.keep_all(conn, [(key, answer)], part)

    async def keep_all(
        self, conn: AsyncConnection, given: Sequence[tuple[RequestKey, StoredAnswer]], part: int = 0
    ) -> None:
        sealed = []
        for key, answer in given:
            wrapped = self.sealer.new_data_key()
            content = self.sealer.seal(wrapped, msgspec.msgpack.encode(answer), _context(key))
            sealed.append((key.identity, SealedAnswer(key.fingerprint, wrapped, content)))
        await answers.save(conn, part, sealed)

    def _opened(self, key: RequestKey, stored: SealedAnswer) -> StoredAnswer:
        if stored.fingerprint != key.fingerprint:
            raise Rejected("idempotency_key_used")
        return msgspec.msgpack.decode(
            self.sealer.open(stored.wrapped_key, stored.content, _context(key)), type=StoredAnswer
        )

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """Holds the answer to a request with a key back until it is stored together with what was done."""

        async def run(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP or scope["method"] != "POST" or not _names_key(scope):
                await app(scope, receive, send)
                return
            async with AsyncExitStack() as stack:
                keyed = KeyedRequest(store=self, request=Request(scope, receive, send), send=send, stack=stack)
                token = _CURRENT.set(keyed)
                try:
                    await app(scope, receive, keyed.answer)
                finally:
                    _CURRENT.reset(token)

        return run


@dataclass(slots=True, kw_only=True)
class KeyedRequest:
    """One request with a key, from its arrival to its answer."""

    store: AnswerStore
    request: Request[Any, Any, Any]
    send: Send
    stack: AsyncExitStack
    """Ends the transaction in which everything is done."""
    key: RequestKey | None = None
    conn: AsyncConnection | None = None
    """Of that transaction, while the request is being worked on."""
    messages: list[Message] = field(default_factory=list)

    @property
    def known_key(self) -> RequestKey:
        """Once the request has begun."""
        if self.key is None:
            raise LookupError("the request has not begun")
        return self.key

    async def begin(self, request: Request[Any, Any, Any], body: bytes) -> Response[bytes] | None:
        """What is answered without doing anything, if so. Where nobody is known yet, nothing is kept for anybody."""
        if request.scope.get("user") is None:
            return None
        key = read_key(request.headers.getall(HEADER))
        if key is None:
            return problem(request, Refused(code="bad_idempotency_key"))
        self.key = self.store.request_key(request, key, body)
        if not {IN_PARTS, SHARED}.isdisjoint(request.route_handler.opt):
            return None
        conn = await self.stack.enter_async_context(joined(self.store.engine))
        try:
            before = await self.store.claim(conn, self.key)
            answered = again(before) if before is not None else None
        except Rejected as refused:
            answered = on_error(request, refused)
        if answered is None:
            self.conn = conn
        else:
            await self.stack.aclose()
        return answered

    async def answer(self, message: Message) -> None:
        """What the application sends; nothing of it leaves before it is stored and everything is committed."""
        if self.conn is None:
            await self.send(message)
            return
        self.messages.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            await self._end(self.conn)

    async def _end(self, conn: AsyncConnection) -> None:
        self.conn = None
        try:
            async with self.stack:
                await self._settle(conn)
        except Exception as error:  # noqa: BLE001 -- all of it is undone, and nothing was sent yet: the caller hears why
            response = on_error(self.request, error).to_asgi_response(app=None, request=self.request)
            await response(self.request.scope, self.request.receive, self.send)
        else:
            for message in self.messages:
                await self.send(message)

    async def _settle(self, conn: AsyncConnection) -> None:
        """An answer is kept where something was done: a refusal that changed nothing is judged anew."""
        answer = _answer(self.messages)
        if answer.status >= 500:
            await conn.rollback()
        elif self.key is not None and (answer.status < 300 or wrote_messages(conn)):
            await self.store.keep(conn, self.key, answer)


@dataclass(slots=True)
class Part:
    """What is done in one of several transactions, and answered there."""

    body: bytes = b""
    before: bool = False
    """Whether it was done and answered by the same request before."""


_CURRENT: Final[ContextVar[KeyedRequest | None]] = ContextVar("request_with_a_key", default=None)


def has_key() -> bool:
    """Whether the request at hand has one, right or wrong."""
    return _CURRENT.get() is not None


def keyed_request() -> KeyedRequest | None:
    """The request at hand, if it has a key."""
    return _CURRENT.get()


async def begin(request: Request[Any, Any, Any], body: bytes) -> Response[bytes] | None:
    """Before anything is done: the answer of the same request before, or why this one cannot be taken."""
    keyed = _CURRENT.get()
    return await keyed.begin(request, body) if keyed is not None else None


@asynccontextmanager
async def part(number: int) -> AsyncIterator[Part]:
    """One of the transactions of a route that is marked with `IN_PARTS`; its `body` is kept, if there is a key.

    Who sends the same at the same time waits, once the first part is done, and finds the others done too.
    """
    keyed, found = _CURRENT.get(), Part()
    if keyed is None or keyed.key is None:
        yield found
        return
    async with joined(keyed.store.engine) as conn:
        before = await keyed.store.claim(conn, keyed.key, number)
        if before is not None:
            found.body, found.before = before.body, True
        yield found
        if before is None:
            await keyed.store.keep(conn, keyed.key, StoredAnswer(status=200, body=found.body), number)


def read_key(values: Sequence[str]) -> str | None:
    """The key that the header names; `None` if it names none, or several."""
    if len(values) != 1 or not re.fullmatch(FORM, values[0], re.ASCII):
        return None
    return values[0].strip('"')


def again(answer: StoredAnswer) -> Response[bytes]:
    """As it was given before."""
    headers = dict(answer.headers)
    media_type = headers.pop("content-type", None)
    return Response(answer.body, status_code=answer.status, media_type=media_type, headers=headers)


def _answer(messages: Sequence[Message]) -> StoredAnswer:
    status, headers, body = 0, [], b""
    for message in messages:
        if message["type"] == "http.response.start":
            status = message["status"]
            named = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"])
            headers = [(name, value) for name, value in named if name not in LEFT_OUT]
        elif message["type"] == "http.response.body":
            body += message["body"]
    return StoredAnswer(status=status, headers=headers, body=body)


def _context(key: RequestKey) -> str:
    return f"answer/{key.identity.hex()}"


def _names_key(scope: Scope) -> bool:
    return any(name == b"idempotency-key" for name, _ in scope["headers"])
