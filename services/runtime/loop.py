"""The faster event loop, and what aiokafka needs to live on it."""

from collections.abc import Coroutine
from typing import Any, TypeVar

import aiokafka.conn
import uvloop
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

T = TypeVar("T")


class SteadyConnection(AIOKafkaConnection):  # type: ignore[misc]
    """Says that it is lost when it is.

    A write after the connection broke and before its reader noticed is passed over by asyncio; uvloop raises
    `RuntimeError` for it. aiokafka 0.14 expects connection errors only: its background tasks end by any other one,
    unheard, and whoever waits for the metadata that they fetch waits for ever.
    """

    def send(self, request: Any, expect_response: bool = True) -> Any:  # noqa: FBT001, FBT002 -- as the base has it
        try:
            return super().send(request, expect_response)
        except RuntimeError as error:
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"connection at {self.host}:{self.port} lost") from error


def run(main: Coroutine[Any, Any, T]) -> T:
    """`main` on uvloop."""
    # The library offers no seam here; on another loop the class does nothing.
    aiokafka.conn.AIOKafkaConnection = SteadyConnection
    return uvloop.run(main)
