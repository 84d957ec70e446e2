"""The HTTP server: uvicorn, with bounds on how long a request may take to arrive, and refusals in our own shape."""

import asyncio
from functools import partial
from typing import Any, Final

import h11
import uvicorn
from litestar import Litestar
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from contracts.refusals import Refused
from libraries.runtime.web.problems import rendered

HEAD_SECONDS: Final = 5.0
BODY_SECONDS: Final = 60.0


class _Connection(h11.Connection):
    """Refuses a request whose end two parties could find in different places (RFC 9112, section 6.3)."""

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            names = {name for name, _ in event.headers}
            chunked = b"transfer-encoding" in names
            if chunked and (b"content-length" in names or event.http_version == b"1.0"):
                raise h11.RemoteProtocolError("two lengths")
        return event


class BoundedProtocol(H11Protocol):
    """One connection. Whoever sends half a request does not hold it for long."""

    def __init__(self, *args: Any, head_seconds: float, body_seconds: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = _Connection(h11.SERVER)
        self._head_seconds = head_seconds
        self._body_seconds = body_seconds
        self._awaits: type[h11._util.Sentinel] | None = None
        """What has still to come, as h11 names it: a head (`IDLE`), a body, or nothing."""
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        super().connection_made(transport)
        self._watch(h11.IDLE)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch(None)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def _look(self) -> None:
        """A connection that is kept and idle is uvicorn's to close."""
        state = self.conn.their_state
        half = state is h11.SEND_BODY or (state is h11.IDLE and self.conn.trailing_data[0])
        self._watch(state if half and not self.transport.is_closing() else None)

    def _watch(self, awaited: type[h11._util.Sentinel] | None) -> None:
        now = self.loop.time()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if awaited is not self._awaits:
            self._awaits, self._since = awaited, now
        if awaited is h11.SEND_BODY:
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
        if self.flow.read_paused and self.loop.time() < self._since + self._body_seconds:
            self._watch(self._awaits)  # it is we who do not read
        elif self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.abort()  # answered before all of it was there
        elif self._awaits is h11.IDLE and not self.conn.trailing_data[0]:
            self.transport.close()  # nothing was asked
        else:
            self._refuse("request_timeout")

    def send_400_response(self, msg: str) -> None:
        del msg
        self._refuse("bad_http")

    def _refuse(self, code: str) -> None:
        """As a problem, and the end of the connection."""
        language = dict(self.headers or ()).get(b"accept-language", b"").decode("latin-1")
        status, headers, body = rendered(Refused(code=code), language)
        said = [(name.encode(), value.encode()) for name, value in headers.items()]
        head = h11.Response(status_code=status, headers=[*said, (b"content-length", b"%d" % len(body)), CLOSE_HEADER])
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        cycle: RequestResponseCycle | None = self.cycle  # there is none before the first request
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
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
    protocol: Any = partial(BoundedProtocol, head_seconds=head_seconds, body_seconds=body_seconds)
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
