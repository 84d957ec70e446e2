"""The OpenAPI document of a service, made of the same signatures by which its requests are checked."""

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from inspect import cleandoc
from typing import Any, Final, get_args, get_origin
from uuid import UUID

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from msgspec import inspect

from contracts.refusals import REFUSALS, title
from libraries.runtime.web import preconditions
from libraries.runtime.web.idempotency import FORM, HEADER
from libraries.runtime.web.problems import MEDIA_TYPE, SECURITY_HEADERS, Problem
from libraries.runtime.web.requests import shape_of

Structure = inspect.StructType | inspect.TypedDictType
REF: Final = "#/components/schemas/{name}"
JSON: Final = "application/json"
FORMS: Final = (JSON, "text/plain", "text/html")
DESCRIBED: Final = "described"
EVERYWHERE: Final = (400, 405, 408, 422)
PATH_TYPES: Final[Mapping[type[Any], dict[str, str]]] = types.MappingProxyType(
    {UUID: {"type": "string", "format": "uuid"}, date: {"type": "string", "format": "date"}}
)
HEADERS: Final[Mapping[int, Mapping[str, str]]] = types.MappingProxyType(
    {
        401: {"www-authenticate": "How to say who asks."},
        405: {"allow": "The methods of the path."},
        503: {"retry-after": "Seconds after which to ask again; more, the longer it has been away."},
    }
)
SOMETIMES: Final[Mapping[int, Mapping[str, str]]] = types.MappingProxyType(
    {409: {"retry-after": "Seconds after which to send it again, where the same request is still being worked on."}}
)
KEY: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": (
        "Of the sender's choice, another one for each request. The same request under the same key is done once: its "
        "answer is kept for some time (48 hours if nothing else was set) and given again. With another body it is 422 "
        "`idempotency_key_used`, and 409 `request_in_progress` while the first one is being worked on."
    ),
    "schema": {"type": "string", "pattern": FORM},
}
"""draft-ietf-httpapi-idempotency-key-header."""
SEEN: Final = {
    "name": preconditions.HEADER,
    "in": "header",
    "required": False,
    "description": (
        "The `ETag` with which the referral or the case was read. If it has changed since, nothing is done, and 412 "
        "`stale` says what has changed. Without it the act is done on whatever is there."
    ),
    "schema": {"type": "string", "pattern": preconditions.FORM},
}
"""RFC 9110."""
ACTS: Final = frozenset({"answers", "coordinator", "acts"})
"""Tags of acts on one referral or one case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the signature of a route does not say."""

    answers: Mapping[int, Any] = field(default_factory=dict)
    """By status, where it is not the annotation of what the route returns."""
    body: Any = None
    """Of a route that reads the bytes itself."""
    takes: str = JSON
    media: tuple[str, ...] = (JSON,)
    """In which an answer comes; the first has the type."""
    asks: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """Headers that it needs, with their schemas."""
    refuses: tuple[int, ...] = ()
    """Statuses beyond those that follow from the signature."""
    gone: bool = False
    """Whether it may have been erased."""

    def opt(self) -> dict[str, Any]:
        return {DESCRIBED: self}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operation:
    """One method of one path."""

    path: str
    method: str
    parameters: Mapping[str, type[Any]]
    handler: HTTPRouteHandler
    described: Described

    @property
    def body(self) -> Any:
        return self.described.body or shape_of(self.handler).body

    @property
    def roles(self) -> tuple[str, ...]:
        return next((guard.roles for guard in self.handler.guards or () if hasattr(guard, "roles")), ())

    @property
    def answers(self) -> Mapping[int, Any]:
        return self.described.answers or {self.handler.status_code: _returned(self.handler)}

    @property
    def refusals(self) -> Iterator[int]:
        yield from EVERYWHERE
        if self.roles:
            yield from (401, 403, 503)
        if self.parameters:
            yield 404
        if self.body is not None:
            yield from (409, 413)
        if _acts(self):
            yield 412
        yield from self.described.refuses
        if self.described.gone or (self.body is not None and self.roles):
            yield 410


def document(app: Litestar, title_: str) -> dict[str, Any]:
    """OpenAPI 3.1."""
    operations = list(_operations(app))
    bodies = [one.body for one in operations if one.body is not None]
    _, taken = msgspec.json.schema_components(bodies, ref_template=REF)
    answers = [kind for one in operations for kind in one.answers.values()]
    queries = [kind for one in operations for kind in shape_of(one.handler).query.values()]
    _, schemas = msgspec.json.schema_components([*bodies, *answers, *queries, Problem], ref_template=REF)
    for kind in _structures(inspect.multi_type_info([*bodies, *answers])):
        _mark_moments(kind, schemas)
    for name in taken:
        _let_be_null(schemas[name])
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _told(one)
    refusals = sorted({status for one in operations for status in one.refusals})
    return {
        "openapi": "3.1.0",
        "info": {"title": title_, "version": "1", "description": _about()},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {_name(status): _refusal(status) for status in refusals},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _about() -> str:
    return (
        "Whatever is refused is a problem (RFC 9457) with a stable `code`; its words are Chinese, or English where "
        "`Accept-Language` likes it better. `null` says as much as leaving a field out, an empty parameter as much as "
        "none. `x-roles` names the roles of the tokens that a path lets in."
    )


def _operations(app: Litestar) -> Iterator[_Operation]:
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            if not handler.resolve_include_in_schema():
                continue
            for method in sorted(handler.http_methods):
                yield _Operation(
                    path=route.path_format,
                    method=method,
                    parameters={one.name: one.type for one in route.path_components if not isinstance(one, str)},
                    handler=handler,
                    described=handler.opt.get(DESCRIBED)
                    or Described(media=(str(getattr(handler.media_type, "value", JSON)),)),
                )


def _returned(handler: HTTPRouteHandler) -> Any:
    kind = handler.parsed_fn_signature.return_type.annotation
    return get_args(kind)[0] if get_origin(kind) is Response else kind


def _told(one: _Operation) -> dict[str, Any]:
    words = cleandoc(one.handler.fn.__doc__ or "").split("\n\n")
    told: dict[str, Any] = {
        "tags": list(one.handler.tags or ()),
        "operationId": one.handler.name or one.handler.fn.__name__,
        "summary": " ".join(words[0].split()),
        "description": "\n\n".join(" ".join(part.split()) for part in words),
        "parameters": [*_path_parameters(one), *_query_parameters(one), *_headers(one)],
        "responses": dict(sorted(_responses(one))),
    }
    if one.body is not None:
        told["requestBody"] = {"required": _is_needed(one.body), "content": {one.described.takes: _media(one.body)}}
    elif one.described.takes != JSON:
        binary = {"schema": {"type": "string", "format": "binary"}}
        told["requestBody"] = {"required": False, "content": {one.described.takes: binary}}
    if one.roles:
        told |= {"security": [{"bearer": []}], "x-roles": sorted(one.roles)}
    return told


def _responses(one: _Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    for status in one.refusals:
        yield str(status), {"$ref": f"#/components/responses/{_name(status)}"}
    for status, kind in one.answers.items():
        yield str(status), _answer(status, kind, one.described.media)


def _headers(one: _Operation) -> Iterator[dict[str, Any]]:
    if one.method == "POST":
        yield KEY
    if _acts(one):
        yield SEEN
    for name, schema in one.described.asks:
        yield {"name": name, "in": "header", "required": True, "schema": dict(schema)}


def _acts(one: _Operation) -> bool:
    return one.method == "POST" and not ACTS.isdisjoint(one.handler.tags or ())


def _path_parameters(one: _Operation) -> Iterator[dict[str, Any]]:
    for name, kind in one.parameters.items():
        text = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": PATH_TYPES.get(kind, text)}


def _query_parameters(one: _Operation) -> Iterator[dict[str, Any]]:
    fields = one.handler.parsed_fn_signature.parameters.values()
    for name, kind in shape_of(one.handler).query.items():
        asked = next(f for f in fields if name in {getattr(f.kwarg_definition, "name", None), f.name})
        description = getattr(asked.kwarg_definition, "description", None)
        told: dict[str, Any] = {"name": name, "in": "query", "required": False, "allowEmptyValue": True}
        yield told | {"schema": _schema(kind)} | ({"description": description} if description else {})


def _answer(status: int, kind: Any, media: tuple[str, ...]) -> dict[str, Any]:
    first, *others = media
    content = {first: _media(kind), **{name: {"schema": {"type": "string"}} for name in others}}
    headers = {name: {"required": True, "schema": {"type": "string"}} for name in SECURITY_HEADERS}
    return {"description": "Done." if status < 400 else "Not ready.", "headers": headers, "content": content}


def _refusal(status: int) -> dict[str, Any]:
    """With the codes that it can have, where they are few."""
    codes = sorted(row.code for row in REFUSALS.values() if row.status == status)
    headers = {
        name: {"required": True, "description": words, "schema": {"type": "string"}}
        for name, words in {**dict.fromkeys(SECURITY_HEADERS, ""), **HEADERS.get(status, {})}.items()
    }
    headers |= {
        name: {"required": False, "description": words, "schema": {"type": "string"}}
        for name, words in SOMETIMES.get(status, {}).items()
    }
    return {
        "description": f"{title(status, 'en')}: {', '.join(f'`{code}`' for code in codes)}.",
        "headers": headers,
        "content": {MEDIA_TYPE: _media(Problem)},
    }


def _name(status: int) -> str:
    return "".join(word.capitalize() for word in title(status, "en").split())


def _media(kind: Any) -> dict[str, Any]:
    return {"schema": _schema(kind)}


def _schema(kind: Any) -> dict[str, Any]:
    if kind is datetime:
        return {"type": "string", "format": "date-time"}
    (found,), _ = msgspec.json.schema_components([kind], ref_template=REF)
    return found


def _structures(kinds: Iterable[inspect.Type], seen: set[Any] | None = None) -> Iterator[Structure]:
    """All that these types are made of, each once."""
    seen = set() if seen is None else seen
    for kind in kinds:
        match kind:
            case inspect.StructType(cls=cls, fields=fields) | inspect.TypedDictType(cls=cls, fields=fields):
                if cls not in seen:
                    seen.add(cls)
                    yield kind
                    yield from _structures([one.type for one in fields], seen)
            case inspect.UnionType(types=types):
                yield from _structures(types, seen)
            case inspect.DictType(value_type=item) | inspect.CollectionType(item_type=item):
                yield from _structures([item], seen)
            case _:
                pass


def _mark_moments(kind: Structure, schemas: Mapping[str, dict[str, Any]]) -> None:
    """A moment has its offset; msgspec's own schema leaves its form out where a type does not demand one."""
    properties = schemas[kind.cls.__name__]["properties"]
    for one in kind.fields:
        several = one.type.types if isinstance(one.type, inspect.UnionType) else (one.type,)
        if any(isinstance(each, inspect.DateTimeType) for each in several):
            schema = properties[one.encode_name]
            text = next(each for each in schema.get("anyOf", [schema]) if each.get("type") == "string")
            text["format"] = "date-time"


def _is_needed(kind: Any) -> bool:
    """An empty body is an object without fields, and a batch of nothing."""
    return kind is not Any and any(one.required for one in msgspec.structs.fields(kind))


def _let_be_null(schema: dict[str, Any]) -> None:
    """Of what is sent: `null` stands for what may be left out, and nothing else than what is named."""
    if schema.get("type") != "object":
        return
    schema["additionalProperties"] = False
    properties: dict[str, Any] = schema.get("properties", {})
    for name in _others(properties, schema.get("required", ())):
        one = properties[name]
        kinds = one.get("anyOf", [{k: v for k, v in one.items() if k not in {"default", "description"}}])
        if {"type": "null"} not in kinds:
            kept = {k: v for k, v in one.items() if k in {"default", "description"}}
            properties[name] = {**kept, "anyOf": [*kinds, {"type": "null"}]}


def _others(properties: Mapping[str, Any], required: Iterable[str]) -> list[str]:
    known = frozenset(required)
    return [name for name in properties if name not in known]
