"""A virus scanner that is asked before anything is kept: ClamAV's clamd, by its command INSTREAM."""

import asyncio
import struct
from dataclasses import dataclass
from typing import Final

import structlog

from libraries.runtime.failures import Rejected

PATIENCE_SECONDS: Final = 30.0
CHUNK: Final = 64 * 1024
LONGEST_ANSWER: Final = 4096
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """Where clamd listens: `host:port`, or the path of its socket."""

    address: str

    async def is_clean(self, content: bytes) -> bool:
        """Raises `Rejected("scanner_away")` where it does not answer, or says neither: nothing is kept unseen."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await self._ask(content)
        except (OSError, TimeoutError, EOFError) as error:
            log.error("scanner_away", error=type(error).__name__)  # noqa: TRY400 -- a trace says no more
            raise Rejected("scanner_away") from None
        if answer.endswith(b"FOUND"):
            return False
        if not answer.endswith(b"OK"):
            log.error("scanner_away", error="clamd could not scan it")
            raise Rejected("scanner_away")
        return True

    async def _ask(self, content: bytes) -> bytes:
        reader, writer = await self._open()
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(content), CHUNK):
                chunk = content[start : start + CHUNK]
                writer.write(struct.pack("!I", len(chunk)) + chunk)
                await writer.drain()
            writer.write(struct.pack("!I", 0))
            await writer.drain()
            return (await reader.read(LONGEST_ANSWER)).rstrip(b"\0\n")
        finally:
            writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.address.startswith("/"):
            return await asyncio.open_unix_connection(self.address)
        host, _, port = self.address.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port))
