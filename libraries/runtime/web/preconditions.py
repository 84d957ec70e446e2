"""`If-Match` (RFC 9110): an act is done only on what its sender has seen, if it says what that was."""

import re
from collections.abc import Sequence
from typing import Any, Final

from litestar import Request

from contracts.refusals import Refused

HEADER: Final = "if-match"
FORM: Final = r'^(\*|"[!#-~]{1,64}"( *, *"[!#-~]{1,64}")*)$'
_TAG: Final = re.compile(r'"([!#-~]{1,64})"')


def etag(version: str) -> dict[str, str]:
    """The header that tells a version."""
    return {"etag": f'"{version}"'}


def seen_versions(request: Request[Any, Any, Any]) -> tuple[str, ...] | None:
    """What the sender has seen; none if it does not say, and then the act is done on whatever is there.

    What is no tag is a version that never was: it matches nothing.
    """
    given = request.headers.get(HEADER)
    if given is None or given.strip() == "*":
        return None
    return tuple(_TAG.findall(given)) if re.match(FORM, given.strip()) else ()


def is_stale(request: Request[Any, Any, Any], version: str) -> bool:
    """Whether the sender has seen something else than what is there."""
    seen = seen_versions(request)
    return seen is not None and version not in seen


def stale(changed: Sequence[str]) -> Refused:
    """The refusal: which acts or event types were added since it was seen."""
    return Refused(code="stale", facts={"changed": list(changed)}, changed=tuple(changed))


def last_seen(request: Request[Any, Any, Any]) -> int | None:
    """The number in front of a version that the sender has seen, as far as it is one of ours."""
    numbers = [tag.partition(".")[0] for tag in seen_versions(request) or ()]
    return max((int(number) for number in numbers if number.isascii() and number.isdigit()), default=None)
