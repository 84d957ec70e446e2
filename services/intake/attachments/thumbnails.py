"""Thumbnails of pictures, made in a process of their own that may fail."""

import asyncio
import sys
from typing import Final

from contracts.refusals import Refused
from services.intake.attachments.picture import MOST_PIXELS, TOO_LARGE

PATIENCE_SECONDS: Final = 20.0
MEDIA_TYPE: Final = "image/jpeg"


async def thumbnail_of(content: bytes) -> bytes | Refused:
    """A small JPEG; what cannot be decoded is no picture."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.intake.attachments.picture",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            made, _ = await child.communicate(content)
    except TimeoutError:
        made = b""
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == 0 and made:
        return made
    if child.returncode == TOO_LARGE:
        return Refused(code="attachment_pixels", facts={"most": MOST_PIXELS // 1_000_000})
    return Refused(code="attachment_content")
