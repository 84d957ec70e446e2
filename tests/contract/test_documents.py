"""The OpenAPI documents are whole: typed bodies and answers, and every refusal where it can happen."""

from collections.abc import Iterator
from typing import Any

import pytest

from libraries.runtime.web.app import build_app
from libraries.runtime.web.problems import MEDIA_TYPE, SECURITY_HEADERS
from services.intake.http import ROUTES as INTAKE
from services.notify.http import ROUTES as NOTIFY
from services.routing.http import ROUTES as ROUTING

SERVICES = {"intake": INTAKE, "routing": ROUTING, "notify": NOTIFY}
UNTYPED = {("/v1/cases/batch", "post")}
"""A batch is lines, each of which is answered by itself."""


async def _probe() -> dict[str, str]:
    return {}


DOCUMENTS: dict[str, dict[str, Any]] = {
    name: build_app(name, routes, state={"token_key": "k" * 32}, probe=_probe).state.document
    for name, routes in SERVICES.items()
}


def operations() -> Iterator[Any]:
    for service, told in DOCUMENTS.items():
        for path, methods in sorted(told["paths"].items()):
            for method, operation in methods.items():
                yield pytest.param(service, path, method, operation, id=f"{service} {method} {path}")


@pytest.mark.parametrize(("service", "path", "method", "operation"), list(operations()))
def test_an_operation_names_what_it_takes_answers_and_refuses(
    service: str, path: str, method: str, operation: dict[str, Any]
) -> None:
    responses = operation["responses"]
    expected = {"400", "405", "408", "422"}
    if "security" in operation:
        expected |= {"401", "403", "503"}
        assert operation["x-roles"]
    expected |= {"404"} if "{" in path and path.startswith("/v1") else set()
    expected |= {"409", "413"} if method in {"post", "patch"} else set()
    assert expected <= responses.keys()
    assert ("requestBody" in operation) is (method in {"post", "patch"})
    for status in expected:
        name = responses[status]["$ref"].rpartition("/")[2]
        refusal = DOCUMENTS[service]["components"]["responses"][name]
        assert refusal["content"] == {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        assert refusal["headers"].keys() >= SECURITY_HEADERS.keys()
    shapes = [content["schema"] for status in responses if status[0] == "2" for content in _contents(responses[status])]
    if method == "post" and (path, method) not in UNTYPED:
        shapes += [content["schema"] for content in _contents(operation["requestBody"])]
    assert shapes
    assert all(shapes)
    assert operation["summary"]


def _contents(of: dict[str, Any]) -> list[dict[str, Any]]:
    return list(of["content"].values())


@pytest.mark.parametrize("service", SERVICES)
def test_every_reference_leads_somewhere_and_ids_of_operations_differ(service: str) -> None:
    told = DOCUMENTS[service]

    def refs(part: object) -> Iterator[str]:
        if isinstance(part, dict):
            yield from [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            for each in part.values():
                yield from refs(each)
        elif isinstance(part, list):
            for each in part:
                yield from refs(each)

    for ref in set(refs(told)):
        _, components, kind, name = ref.split("/")
        assert name in told[components][kind]
    named = [one["operationId"] for methods in told["paths"].values() for one in methods.values()]
    assert len(set(named)) == len(named)


def test_a_moment_has_a_form_and_what_may_be_left_out_may_be_null() -> None:
    submission = DOCUMENTS["intake"]["components"]["schemas"]["Submission"]
    assert submission["additionalProperties"] is False
    moment = submission["properties"]["received_at"]["anyOf"]
    assert {"type": "string", "format": "date-time"} in moment
    assert {"type": "null"} in submission["properties"]["summary"]["anyOf"]
    assert "anyOf" not in submission["properties"]["category"]
