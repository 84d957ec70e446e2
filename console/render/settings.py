"""The settings of every service, from the classes that read them."""

import importlib
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, get_args, get_origin

from annotated_types import BaseMetadata
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from console.preparing import PROCESSES
from console.render.tables import NOTE, shown, table
from libraries.runtime.settings import ProcessSettings, RuntimeSettings

HEADINGS: Final = ("variable", "default", "what may stand there", "meaning")


def page() -> str:
    parts = [
        "# Settings",
        "",
        NOTE,
        "",
        "Environment variables, read once at the start. A service that cannot use them does not start, and names",
        "each variable with its rule, never a value. `yimen up` sets those of the engines that it starts, the ports,",
        "and keys that it keeps in its data folder. `YIMEN_CACHE` says where Apache Kafka's jars are kept.",
        "",
        "## Every process",
        "",
        *table(HEADINGS, _rows(ProcessSettings.model_fields)),
        "",
        "## Every service on Kafka: intake, routing and notify",
        "",
        *table(HEADINGS, _rows(_beyond(RuntimeSettings, ProcessSettings))),
    ]
    for service in PROCESSES:
        for kind in _own_settings(service):
            own = _beyond(kind, RuntimeSettings)
            if own:
                parts += ["", f"## {service}", "", *table(HEADINGS, _rows(own))]
    return "\n".join([*parts, ""])


def _own_settings(service: str) -> Iterator[type[ProcessSettings]]:
    module = importlib.import_module(f"services.{service}.app")
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, ProcessSettings) and value.__module__ == module.__name__:
            yield value


def _beyond(kind: type[ProcessSettings], shared: type[ProcessSettings]) -> dict[str, FieldInfo]:
    return {name: info for name, info in kind.model_fields.items() if name not in shared.model_fields}


def _rows(fields: Mapping[str, FieldInfo]) -> Iterator[tuple[str, str, str, str]]:
    prefix = str(RuntimeSettings.model_config.get("env_prefix", ""))
    for name, info in fields.items():
        yield f"`{prefix}{name.upper()}`", _default(info), _rule(info), " ".join((info.description or "").split())


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "must be set"
    value = info.default.get_secret_value() if isinstance(info.default, SecretStr) else info.default
    return f"`{shown(value)}`" if value not in (None, "") else ""


def _rule(info: FieldInfo) -> str:
    """Values, and bounds where there are some."""
    annotation: Any = info.annotation
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    kinds = [kind for kind in get_args(annotation) or (annotation,) if kind is not type(None)]
    return ", ".join([_WORDS.get(kinds[0].__name__, kinds[0].__name__), *_bounds(info)])


_WORDS: Final = {
    "str": "text",
    "SecretStr": "secret",
    "Path": "path",
    "int": "whole number",
    "float": "number",
    "datetime": "ISO 8601 with offset",
}
_SIGNS: Final = {
    "gt": "over {}",
    "ge": "from {}",
    "lt": "below {}",
    "le": "to {}",
    "min_length": "at least {} characters",
}


def _bounds(info: FieldInfo) -> Iterator[str]:
    for rule in info.metadata:
        if pattern := getattr(rule, "pattern", None):
            yield f"`{pattern}`"
        elif isinstance(rule, BaseMetadata):
            for sign, words in _SIGNS.items():
                if (bound := getattr(rule, sign, None)) is not None:
                    yield words.format(bound)
