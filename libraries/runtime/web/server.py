"""The HTTP server: uvicorn, with bounds on how long a request may take to arrive, and refusals in our own shape."""

import asyncio
from enum import Enum
from functools import partial
from typing import Any, Final

import uvicorn
from litestar import Litestar
from litestar.datastructures import State
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from contracts.refusals import Refused
from libraries.runtime.web.problems import rendered
from libraries.runtime.web.representations import default_language, language_of

HEAD_SECONDS: Final = 5.0
BODY_SECONDS: Final = 60.0
LARGEST_HEAD: Final = 64 * 1024
MOST_AHEAD: Final = 8
"""Requests that wait in one connection for the answer to the one before."""


class Part(Enum):
    """What of a request has still to come."""

    HEAD = "head"
    BODY = "body"


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Whoever sends half a request does not hold it for long."""

    def __init__(self, *args: Any, head_seconds: float, body_seconds: float, state: State, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._state = state
        self._head_seconds = head_seconds
        self._body_seconds = body_seconds
        self._comes: Part | None = None
        """What the parser is in the middle of."""
        self._head_size = 0
        self._awaits: Part | None = None
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._last = False
        """Nothing is read any more; what is in hand is answered, and that is the end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        super().connection_made(transport)
        self._watch(Part.HEAD)

    def data_received(self, data: bytes) -> None:
        if self._last or self.transport.is_closing():
            return
        super().data_received(data)
        if self._comes is Part.HEAD and not self.transport.is_closing():
            self._head_size += len(data)
            if self._head_size > LARGEST_HEAD:
                self.send_400_response("")
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch(None)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._comes, self._head_size = Part.HEAD, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._comes is Part.HEAD:  # what follows a body is no part of the head that was judged
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._check_head()
        self._comes = Part.BODY
        super().on_headers_complete()
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False  # what follows is not HTTP

    def on_message_complete(self) -> None:
        self._comes = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._last:
            self.transport.close()
        super().on_response_complete()
        self._look()

    def _check_head(self) -> None:
        """Raises where two parties could find the host or the end in different places (RFC 9112, 3.2 and 6.3)."""
        names = [name for name, _ in self.headers]
        old = self.parser.get_http_version() == "1.0"
        chunked = b"transfer-encoding" in names
        if names.count(b"host") != 1 and not (old and b"host" not in names):
            raise ValueError("not one host")
        if chunked and (old or b"content-length" in names):
            raise ValueError("two lengths")
        if len(self.pipeline) >= MOST_AHEAD:
            raise ValueError("too many requests ahead of their answers")

    @property
    def _cycle(self) -> RequestResponseCycle | None:
        """There is none before the first request."""
        return self.cycle

    def _busy(self) -> bool:
        """Whether a request that came whole is being answered."""
        if self.pipeline:
            return True
        return self._cycle is not None and not self._cycle.response_complete and self._comes is not Part.BODY

    def _look(self) -> None:
        """A connection that is kept and idle is uvicorn's to close."""
        if self.transport.is_closing() or self._busy():
            self._watch(None)
        elif self._comes is not None:
            self._unset_keepalive_if_required()
            self._watch(self._comes)
        else:
            self._watch(None if self.timeout_keep_alive_task is not None else Part.HEAD)

    def _watch(self, awaited: Part | None) -> None:
        now = self.loop.time()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if awaited is not self._awaits:
            self._awaits, self._since = awaited, now
        if awaited is Part.BODY:
            # A body may take its time as long as it comes.
            ends = min(self._since + self._body_seconds, now + self._head_seconds)
        elif awaited is not None:
            ends = self._since + self._head_seconds
        else:
            return
        self._timer = self.loop.call_at(ends, self._end)

    def _end(self) -> None:
        if self.transport.is_closing():
            return
        answered = self._awaits is Part.BODY and self.cycle.response_started
        if self.flow.read_paused and self.loop.time() < self._since + self._body_seconds:
            self._watch(self._awaits)  # it is we who do not read
        elif answered:
            self.transport.abort()  # before all of it was there
        elif self._comes is None:
            self.transport.close()  # nothing was asked
        else:
            self._refuse("request_timeout")

    def send_400_response(self, msg: str) -> None:
        del msg
        if self._busy():
            self._last = True
        elif self._comes is Part.BODY and self._cycle is not None and self._cycle.response_started:
            self.transport.abort()
        else:
            self._refuse("bad_http")

    def _refuse(self, code: str) -> None:
        """As a problem, and the end of the connection."""
        accepted = dict(self.headers or ()).get(b"accept-language", b"").decode("latin-1")
        language = language_of(accepted, default_language(self._state))
        status, headers, body = rendered(Refused(code=code), language)
        said = {**headers, "content-length": str(len(body)), "connection": "close"}
        lines = [f"{name}: {value}\r\n".encode("latin-1") for name, value in said.items()]
        if self._comes is Part.BODY and self._cycle is not None and not self._cycle.response_complete:
            self._cycle.disconnected = True
            self._cycle.message_event.set()
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", body]))
        self.transport.close()


def serving(
    app: Litestar,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    head_seconds: float = HEAD_SECONDS,
    body_seconds: float = BODY_SECONDS,
) -> uvicorn.Server:
    """A server for one application, not yet started. Its own lines go where all lines go."""
    protocol: Any = partial(BoundedProtocol, head_seconds=head_seconds, body_seconds=body_seconds, state=app.state)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=protocol,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="on",
        ws="none",
    )
    return uvicorn.Server(config)
