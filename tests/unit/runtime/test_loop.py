"""What aiokafka takes for a lost connection, on the loop that the services run on."""

import asyncio

import aiokafka.conn
import pytest
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from services.runtime import loop


def test_a_write_to_a_connection_that_just_broke_is_a_lost_connection() -> None:
    """Anything else ends the library's background tasks without a word, and readers and relay stand still."""

    async def lose() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connection = aiokafka.conn.AIOKafkaConnection("127.0.0.1", port)
        # Connected, without the reader that would soon notice.
        connection._versions = {MetadataRequest.API_KEY: (0, 5)}
        connection._read_task = asyncio.create_task(asyncio.sleep(0))
        connection._reader, connection._writer = await asyncio.open_connection("127.0.0.1", port)
        connection._writer.transport.abort()
        await asyncio.sleep(0.05)
        with pytest.raises(KafkaConnectionError):
            connection.send(MetadataRequest([]))
        assert not connection.connected()
        server.close()

    loop.run(asyncio.wait_for(lose(), 10))
