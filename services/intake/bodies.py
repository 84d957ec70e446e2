"""What is wrong with the body of an act: every field at once, where a decoder would stop at the first."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import msgspec
from litestar import Request, Response

from services.runtime.problems import problem

LONGEST_NAME = 64

Check = Callable[[Request[Any, Any, Any]], Awaitable[Response[bytes] | None]]


class BodyFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with a body. `detail` states the rule and never repeats what was sent."""

    field: str
    detail: str


def checks(kind: type[msgspec.Struct]) -> Check:
    """Answers a body that cannot be meant, before the route is asked. No body at all is one without fields."""

    async def check(request: Request[Any, Any, Any]) -> Response[bytes] | None:
        try:
            given = msgspec.json.decode(await request.body() or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            given = None
        if not isinstance(given, dict):
            return problem(400, code="not_json", detail="the body must be one JSON object")
        faults = list(faults_of(kind, given))
        return problem(422, code="invalid", detail="nothing changed", errors=faults) if faults else None

    return check


def faults_of(kind: type[msgspec.Struct], given: Mapping[str, Any]) -> Iterator[BodyFault]:
    fields = msgspec.structs.fields(kind)
    for field in fields:
        if field.encode_name in given:
            try:
                msgspec.convert(given[field.encode_name], field.type)
            except msgspec.ValidationError as error:
                yield BodyFault(field=field.name, detail=str(error))
        elif field.required:
            yield BodyFault(field=field.name, detail="is mandatory")
    for name in given.keys() - {field.encode_name for field in fields}:
        yield BodyFault(field=name[:LONGEST_NAME], detail="is not known here")
