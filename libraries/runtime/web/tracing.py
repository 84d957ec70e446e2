"""The trace of an HTTP request, from its `traceparent` or from here on."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from contracts.tracing import Trace, read_trace
from libraries.runtime.tracing import step, within


def traces(app: ASGIApp) -> ASGIApp:
    """Middleware: all that is done for a request is a step of its trace."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        with within(step(_named(scope))):
            await app(scope, receive, send)

    return run


def _named(scope: Scope) -> Trace | None:
    """Sent twice it names none: nobody knows which is meant."""
    values = [value for name, value in scope["headers"] if name == b"traceparent"]
    return read_trace(values[0]) if len(values) == 1 else None
