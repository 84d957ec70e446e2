"""The file of a case (档案) as one archive, for handing over: as much of it as the person may read, on record."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from contracts.codes import Role
from libraries.casefile.gathering import Params, gather
from libraries.casefile.writing import archive
from services.portal.look import HEADERS
from services.portal.pages import ROLES, visit
from services.portal.remote import Caller, ServiceRefused
from services.portal.visits import Call

FILERS: Final[Mapping[str, Any]] = {ROLES: (Role.CLERK, Role.COORDINATOR)}


@dataclass(frozen=True, slots=True)
class PortalAsks:
    """As the person who asks."""

    caller: Caller

    async def value(self, service: str, path: str, params: Params) -> Any:
        return await self.caller.get(service, path, params)

    async def content(self, service: str, path: str, params: Params) -> bytes:
        return await self.caller.file(service, path, params)

    def stream(self, service: str, path: str) -> AsyncIterator[bytes]:
        return self.caller.stream(service, path)

    def refused(self, error: Exception) -> int | None:
        return error.problem.status if isinstance(error, ServiceRefused) else None


@get("/files/{key:str}", opt=FILERS)
async def case_file(request: Call, key: FromPath[str]) -> Stream:
    """Written as it is sent; what breaks off on its way is no archive that opens."""
    found = visit(request)
    asks = PortalAsks(found.caller)
    file = await gather(asks, key, found.language, found.policy.calendar.zone)
    name = f"{file.case['number']}.zip"
    headers = HEADERS | {"content-disposition": f'attachment; filename="{name}"'}
    return Stream(archive(asks, file), media_type="application/zip", headers=headers)


FILING: list[HTTPRouteHandler] = [case_file]
