"""`yimen case export`: the file of a case in one archive, written beside and put in its place when it is whole."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from console.case.services import Services, Unanswered
from libraries.casefile.gathering import CaseFile, Params, gather
from libraries.casefile.writing import Changed, archive

TIMEOUT_SECONDS: Final = 60.0


class Refused(Unanswered):
    """With the status of the refusal."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class ConsoleAsks:
    """With the token of whoever runs the command."""

    services: Services
    client: httpx.AsyncClient

    async def value(self, service: str, path: str, params: Params) -> Any:
        return msgspec.json.decode(await self.content(service, path, params))

    async def content(self, service: str, path: str, params: Params) -> bytes:
        return b"".join([chunk async for chunk in self._stream(service, path, params)])

    def stream(self, service: str, path: str) -> AsyncIterator[bytes]:
        return self._stream(service, path, {})

    def refused(self, error: Exception) -> int | None:
        return error.status if isinstance(error, Refused) else None

    async def _stream(self, service: str, path: str, params: Params) -> AsyncIterator[bytes]:
        url = f"{self.services.intake if service == 'intake' else self.services.routing}{path}"
        asked = {name: value for name, value in params.items() if value is not None}
        try:
            async with self.client.stream("GET", url, params=asked) as reply:
                if not reply.is_success:
                    raise _refusal(url, reply.status_code, await reply.aread())
                async for chunk in reply.aiter_bytes():
                    yield chunk
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unanswered("unreachable", f"{url}: {type(error).__name__}") from None


def _refusal(url: str, status: int, content: bytes) -> Unanswered:
    try:
        problem = msgspec.json.decode(content, type=dict)
    except msgspec.MsgspecError:
        return Unanswered("unreachable", f"{url} answers {status}, and not as our services do")
    return Refused(status, str(problem.get("code") or status), str(problem.get("detail") or problem.get("title")))


def export(services: Services, number: str, output: Path, language: str, zone: tzinfo) -> dict[str, Any]:
    """What was written. Raises `Unanswered`, and leaves nothing behind then."""
    return asyncio.run(_export(services, number, output, language, zone))


async def _export(services: Services, number: str, output: Path, language: str, zone: tzinfo) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {services.token}", "accept-language": "en"}
    beside = output.with_name(f".{output.name}.{secrets.token_hex(4)}")
    async with httpx.AsyncClient(headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        asks = ConsoleAsks(services, client)
        file = await gather(asks, number, language, zone)
        try:
            with beside.open("xb") as written:
                beside.chmod(0o600)
                async for chunk in archive(asks, file):
                    written.write(chunk)
            beside.replace(output)
        except Changed:
            raise Unanswered("attachment_content", "an attachment is not the one that was kept") from None
        finally:
            beside.unlink(missing_ok=True)
    return _told(file, output)


def _told(file: CaseFile, output: Path) -> dict[str, Any]:
    return {
        "number": file.case["number"],
        "output": str(output),
        "documents": len(file.documents),
        "attachments": len(file.attachments),
        "referrals": len(file.referrals),
        "entries": len(file.timeline),
    }
