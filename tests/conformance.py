"""Asks a running service whatever its OpenAPI document allows and forbids, and holds each answer against it."""

import os
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import NonFatalError, ScenarioFinished

SEED: Final = 20260302
POSSIBLE: Final = ["2xx", "401", "403", "404", "409", "410", "412", "413", "422"]
"""What is right by the document may be wrong by the policy, and by the state of a case."""
REFUSALS: Final = ["400", "401", "403", "404", "405", "409", "410", "412", "413", "415", "422"]
ENDLESS: Final = "/v1/alerts/stream"
ALIKE: Final = "answers"
"""Doors with one and the same body; outside of the nightly run it is not taken apart at each of them."""


@schemathesis.serializer("application/x-ndjson")
def lines(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")


@schemathesis.serializer("application/offset+octet-stream")
def octets(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")


def examples() -> int:
    """Of each operation, beside those that its document itself suggests."""
    return 1000 if thorough() else 10


def thorough() -> bool:
    return os.environ.get("YIMEN_HYPOTHESIS") == "nightly"


def faults_of(
    address: str,
    *,
    tokens: Mapping[str, str],
    known: Mapping[str, Sequence[str]],
    examples: int,
    document: Mapping[str, Any] | None = None,
) -> list[str]:
    """What does not keep to the document. To be called in a thread of its own.

    `tokens` are by role; `known` has values of path parameters that lead somewhere.
    """
    told = document or httpx.get(f"{address}/openapi.json").json()
    roles = {
        f"{method.upper()} {path}": operation.get("x-roles", ())
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
    }
    schema = schemathesis.openapi.from_dict(
        dict(told), config=SchemathesisConfig.from_dict(_config(address, known, examples))
    )
    schema = schema.exclude(path=ENDLESS)
    chance = random.Random(SEED)

    @schema.auth(refresh_interval=None)  # else one token serves for all
    class Bearer:
        def get(self, _: Any, context: Any) -> str:
            return tokens[chance.choice(roles.get(context.operation.label) or sorted(tokens))]

        def set(self, case: Any, data: str, _: Any) -> None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}

    return sorted(set(_faults(schema)))


def _faults(schema: Any) -> Any:
    for event in from_schema(schema).execute():
        if isinstance(event, NonFatalError):
            yield f"{event.label}: {event.value!r}"
        if isinstance(event, ScenarioFinished):
            for nodes in event.recorder.checks.values():
                for node in nodes:
                    if node.failure_info is not None:
                        info = node.failure_info
                        yield f"{event.label}, {event.phase.value}, {node.name}: {info.failure}\n  {info.code_sample}"


def _config(address: str, known: Mapping[str, Sequence[str]], examples: int) -> dict[str, Any]:
    return {
        "base-url": address,
        "seed": SEED,
        "continue-on-failure": True,
        "request-timeout": 20,
        "dictionaries": {name: {"values": list(values)} for name, values in known.items()},
        "parameters": {f"path.{name}": {"dictionary": name, "probability": 0.8} for name in known},
        "generation": {"deterministic": True, "max-examples": examples, "database": "none", "no-shrink": True},
        "checks": {
            "positive_data_acceptance": {"expected-statuses": POSSIBLE},
            "negative_data_rejection": {"expected-statuses": REFUSALS},
            "missing_required_header": {"expected-statuses": REFUSALS},
        },
        "operations": [{"include-tag": ALIKE, "phases": {"coverage": {"enabled": thorough()}}}],
        "phases": {"stateful": {"max-steps": 4, "generation": {"max-examples": max(1, examples // 4)}}},
    }
