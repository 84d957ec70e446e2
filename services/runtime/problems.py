"""Errors over HTTP as RFC 9457 problem details: one shape, in the language that was asked for, Chinese first."""

from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from contracts.refusals import FieldError, Refused, field_errors, title
from services.runtime.failures import FailureClass, Rejected, classify
from services.runtime.forms import TAGS, language_of

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 2
SECURITY_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'self'",
    "cache-control": "no-store",
}
BY_STATUS: Final = {
    401: "no_token",
    404: "no_such_path",
    405: "method_not_allowed",
    413: "too_large",
    503: "unavailable",
}
"""What the framework refuses by itself."""

log = structlog.get_logger()


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing was done. `errors` names each fault with its field; an empty field is the whole."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()


def problem(request: Request[Any, Any, Any], refused: Refused) -> Response[bytes]:
    """What is refused, said to who asked."""
    language = language_of(request.headers.get("accept-language", ""))
    status = refused.status
    body = Problem(
        title=title(status, language),
        status=status,
        code=refused.code,
        detail=refused.detail(language),
        errors=field_errors(refused.faults, language),
    )
    headers = {**SECURITY_HEADERS, "content-language": TAGS[language], "vary": "accept-language"}
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="yimen"'
    if status == 503:
        headers["retry-after"] = str(RETRY_SECONDS)
    return Response(msgspec.json.encode(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the framework refuses: its own words may repeat what was sent."""
    facts = {"most": f"{request.app.request_max_body_size} B"}
    return problem(request, Refused(code=BY_STATUS.get(error.status_code, "invalid"), facts=facts))


def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Everything else; what an unknown error says stays in the log, without the request."""
    if isinstance(error, Rejected):
        refused = Refused.of(*error.faults) if error.faults else Refused(code=error.code, facts=error.facts)
        return problem(request, refused)
    if classify(error) is not FailureClass.POISON:
        return problem(request, Refused(code="unavailable"))
    log.error("request_failed", error=type(error).__name__, exc_info=error)
    return problem(request, Refused(code="failed"))
