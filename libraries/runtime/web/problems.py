"""Errors over HTTP as RFC 9457 problem details: one shape, in the language that was asked for."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import UNSET, UnsetType

from contracts.refusals import FieldError, PossibleAct, Refused, field_errors, title
from libraries.runtime.database.engine import outage_seconds
from libraries.runtime.failures import FailureClass, Rejected, classify
from libraries.runtime.web.representations import TAGS, Language, language_for

MEDIA_TYPE: Final = "application/problem+json"
SOONEST_SECONDS: Final = 1
LATEST_SECONDS: Final = 60
"""Of `Retry-After`."""
SECURITY_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'self'",
    "cache-control": "no-store",
}
IN_PROGRESS: Final = "request_in_progress"
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
    possible: tuple[PossibleAct, ...] | UnsetType = UNSET
    """Of an act on a referral: what could be done instead, by whom and until when."""
    changed: tuple[str, ...] | UnsetType = UNSET
    """Of something that has changed since it was seen (`stale`): the acts or event types since then, in order."""


def problem(
    request: Request[Any, Any, Any], refused: Refused, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """What is refused, said to who asked."""
    status, said, body = rendered(refused, language_for(request))
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers={**said, **(headers or {})})


def rendered(refused: Refused, language: Language) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, in a language."""
    status = refused.status
    body = Problem(
        title=title(status, language),
        status=status,
        code=refused.code,
        detail=refused.detail(language),
        errors=field_errors(refused.faults, language),
        possible=refused.possible or UNSET,
        changed=refused.changed or UNSET,
    )
    headers = {
        **SECURITY_HEADERS,
        "content-type": MEDIA_TYPE,
        "content-language": TAGS[language],
        "vary": "accept-language",
    }
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="yimen"'
    return status, headers, msgspec.json.encode(body)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the framework refuses: its own words may repeat what was sent."""
    facts = {"most": f"{request.app.request_max_body_size} B"}
    refused = Refused(code=BY_STATUS.get(error.status_code, "invalid"), facts=facts)
    return problem(request, refused, _allowed(error.headers or {}) if refused.status == 405 else None)


def _allowed(headers: Mapping[str, str]) -> dict[str, str]:
    """RFC 9110, section 10.2.1. What every path answers to of itself is no method of the API."""
    return {"allow": ", ".join(sorted(headers.get("allow", "").split(", ")))}


def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Everything else; what an unknown error says stays in the log, without the request."""
    if isinstance(error, Rejected):
        refused = Refused.of(*error.faults) if error.faults else Refused(code=error.code, facts=error.facts)
        soon = refused.code == IN_PROGRESS or refused.status == 503
        waits = {"retry-after": str(SOONEST_SECONDS)} if soon else None
        return problem(request, refused, waits)
    kind = classify(error)
    if kind is not FailureClass.POISON:
        lasts = outage_seconds(request.app.state.engine) if kind is FailureClass.INFRASTRUCTURE else 0.0
        return problem(request, Refused(code="unavailable"), {"retry-after": str(_again_after(lasts))})
    log.error("request_failed", error=type(error).__name__, exc_info=error)
    return problem(request, Refused(code="failed"))


def _again_after(seconds: float) -> int:
    """What has been away for long does not come back at once: as long again as it has lasted, within bounds."""
    return max(SOONEST_SECONDS, min(LATEST_SECONDS, ceil(seconds)))
