"""What is wrong with the body of an act: every field at once, where a decoder would stop at the first."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request, Response

from contracts.refusals import Refused
from services.runtime.checking import read
from services.runtime.problems import problem

Check = Callable[[Request[Any, Any, Any]], Awaitable[Response[bytes] | None]]


def checks(kind: type[msgspec.Struct]) -> Check:
    """Answers a body that cannot be meant, before the route is asked. No body at all is one without fields."""

    async def check(request: Request[Any, Any, Any]) -> Response[bytes] | None:
        wanted = read(kind, await request.body() or b"{}")
        return problem(request, wanted) if isinstance(wanted, Refused) else None

    return check
