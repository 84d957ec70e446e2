"""An application over a real socket, in the loop of the test."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar

from libraries.runtime.web.server import serving


@asynccontextmanager
async def listening(app: Litestar, **bounds: Any) -> AsyncIterator[str]:
    """Its address, while it listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = serving(app, **bounds)
        served = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 -- the server has no event to wait for
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await served
