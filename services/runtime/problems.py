"""Errors over HTTP as RFC 9457 problem details; one table from our codes to status codes."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from services.runtime.failures import FailureClass, Rejected, classify

STATUS = {
    "not_found": 404,
    "erased": 410,
    "not_allowed": 403,
    "conflict": 409,
    "illegal_move": 409,
    "invalid": 422,
}
"""Codes that are not here are 409: the request is well formed, but the state of things is against it."""
RETRY_SECONDS = "2"

log = structlog.get_logger()


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`errors` names every fault with field, code and rule."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    code: str = ""
    errors: Sequence[Any] = ()


def problem(status: int, *, detail: str = "", code: str = "", errors: Sequence[Any] = ()) -> Response[bytes]:
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, code=code, errors=errors)
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="yimen"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = RETRY_SECONDS
    return Response(
        msgspec.json.encode(body), status_code=status, media_type="application/problem+json", headers=headers
    )


def on_http_exception(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    faults = error.extra if isinstance(error.extra, list) else ()
    return problem(error.status_code, detail=error.detail, code="invalid" if faults else "", errors=faults)


def on_error(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Everything else; what an unknown error says stays in the log, without the request."""
    if isinstance(error, Rejected):
        facts = [{"field": name, "detail": str(value)} for name, value in error.facts.items()]
        return problem(STATUS.get(error.code, 409), code=error.code, errors=facts)
    if classify(error) is not FailureClass.POISON:
        return problem(503, detail="a part of the installation is away for the moment; try again")
    log.error("request_failed", error=type(error).__name__, exc_info=error)
    return problem(500, detail="the request failed; the log says why")
