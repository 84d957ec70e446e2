"""What a request asks, understood before its route sees it: everything unknown or senseless is refused at once.

What a route knows is read from its own signature: its query parameters and the struct of its body. A body is read as
JSON whatever its content type says; none at all is one without fields.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, get_args
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter
from msgspec import inspect

from contracts.reading import read_object
from contracts.refusals import Fault, Refused
from libraries.checking import ASKED_AREA_FORM, CASE_FORM, check, check_value
from libraries.runtime.web.idempotency import begin, has_key
from libraries.runtime.web.problems import problem

AskedArea = Annotated[str, QueryParameter(pattern=ASKED_AREA_FORM, description="With all below it.")]
AskedCase = Annotated[str | None, QueryParameter(pattern=CASE_FORM, description="Its id or its number.")]
AskedOffice = Annotated[str, QueryParameter(max_length=64)]
MOST_PARAMETERS: Final = 50
LARGEST: Final = 1024 * 1024
CONSTRAINTS: Final = ("ge", "le", "min_length", "max_length", "pattern")
UNESCAPED_PLUS: Final = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")
"""A plus sign that was not escaped arrives as a blank; no moment has one there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestShape:
    """What a route takes: each query parameter with its type, and the kind of its body."""

    query: Mapping[str, Any]
    body: type[msgspec.Struct] | None


async def check_request(request: Request[Any, Any, Any]) -> Response[bytes] | None:
    """Litestar's `before_request`. The route finds what was understood in the place of what was sent."""
    if request.method == "OPTIONS":
        return _methods(request)
    shape = shape_of(request.route_handler)
    sent = await request.body() if shape.body is not None or has_key() else b""
    faults = list(_query(request, shape.query))
    if shape.body is not None:
        faults += _body(request, sent, shape.body)
    return problem(request, Refused.of(*faults)) if faults else await begin(request, sent)


def _methods(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Litestar names those of the handler that a path had first."""
    path = request.scope["path_template"]
    known = {method for route in request.app.routes if route.path_format == path for method in route.methods}
    return Response(b"", status_code=204, headers={"allow": ", ".join(sorted(known))})


def shape_of(handler: BaseRouteHandler) -> RequestShape:
    """Kept with the handler, as routes are made anew for each application."""
    found: RequestShape | None = handler.opt.get("shape")
    if found is None:
        fields = handler.parsed_fn_signature.parameters
        data = fields.get("data")
        kind = data.annotation if data is not None else None
        found = RequestShape(
            query=dict(_asked(fields.values())),
            body=kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None,
        )
        handler.opt["shape"] = found
    return found


def _asked(fields: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Each query parameter by the name that it has outside."""
    for field in fields:
        if isinstance(field.kwarg_definition, QueryParameter):
            yield field.kwarg_definition.name or field.name, _typed(field)


def _typed(field: Any) -> Any:
    """Its type with the bounds that the parameter names."""
    kwarg = field.kwarg_definition
    bounds = {name: getattr(kwarg, name) for name in CONSTRAINTS if getattr(kwarg, name) is not None}
    kind = _given(field.annotation)
    return Annotated[kind, msgspec.Meta(**bounds)] if bounds else kind


def _given(annotation: Any) -> Any:
    """Without the `None` that stands for a parameter that is left out."""
    others = [one for one in get_args(annotation) if one is not type(None)]
    return others[0] if type(None) in get_args(annotation) and len(others) == 1 else annotation


def _query(request: Request[Any, Any, Any], known: Mapping[str, Any]) -> Iterator[Fault]:
    """An empty value says as much as leaving the parameter out."""
    text: bytes = request.scope.get("query_string", b"")
    try:
        pairs = parse_qsl(text.decode("utf-8"), errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeDecodeError:
        yield Fault("", "not_utf8")
        return
    except ValueError:
        yield Fault("", "too_many", {"most": MOST_PARAMETERS})
        return
    names = [name for name, _ in pairs]
    if set(names) - known.keys():
        yield Fault("", "unknown_parameter", {"known": sorted(known)})
    yield from (Fault(name, "repeated") for name in known if names.count(name) > 1)
    understood = []
    for name, value in pairs:
        if name in known:
            meant, faults = check_value(known[name], _meant(known[name], value), name)
            yield from faults
            understood.append((name, _written(meant)))
    request._parsed_query = tuple(understood)  # noqa: SLF001 -- where Litestar keeps what it has parsed


def _meant(kind: Any, value: str) -> Any:
    """A query knows texts alone."""
    match inspect.type_info(kind):
        case inspect.IntType():
            return int(value) if re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII) else value
        case inspect.BoolType():
            return {"true": True, "false": False}.get(value, value)
        case inspect.DateTimeType():
            return UNESCAPED_PLUS.sub("+", value)
        case _:
            return value


def _written(value: Any) -> str:
    """As Litestar reads it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(request: Request[Any, Any, Any], sent: bytes, kind: type[msgspec.Struct]) -> tuple[Fault, ...]:
    given = read_object(sent or b"{}", largest=LARGEST)
    if isinstance(given, Fault):
        return (given,)
    values, faults = check(kind, given)
    request._body = b"{}"  # noqa: SLF001 -- an empty one would count as none
    request._json = values  # noqa: SLF001 -- where Litestar keeps what it has parsed
    return faults
