"""The body of an answer over HTTP: the same fields and the same check as on Kafka, but for what the path says."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from contracts.codes import FeedbackAction
from contracts.reading import read_object
from contracts.refusals import Fault, Refused
from contracts.submissions import Identifier, LongText, ShortText
from services.routing.coordinating import Moment
from services.routing.domain.reading import LARGEST, understand
from services.runtime.ids import new_id
from services.runtime.problems import problem

FROM_THE_PATH = frozenset({"referral_id", "action"})


class AnswerBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """As on Kafka, but for what the path says already. Without an id each call is an answer of its own."""

    feedback_id: Identifier | None = None
    occurred_at: Moment | None = None
    reason: ShortText = ""
    text: LongText = ""
    attributes: dict[ShortText, str | int | bool] = {}


BODY = [field.name for field in msgspec.structs.fields(AnswerBody)]


def as_on_kafka(given: Mapping[str, Any], referral_id: UUID | str, action: FeedbackAction) -> dict[str, Any]:
    named = given if given.get("feedback_id") is not None else {**given, "feedback_id": str(new_id())}
    return {**named, "referral_id": str(referral_id), "action": action.value}


def checks_answer(action: FeedbackAction) -> Callable[[Request[Any, Any, Any]], Awaitable[Response[bytes] | None]]:
    """Names every fault at once, before the route is asked, whose decoder would stop at the first."""

    async def check(request: Request[Any, Any, Any]) -> Response[bytes] | None:
        read = read_object(await request.body() or b"{}", largest=LARGEST)
        if isinstance(read, Fault):
            return problem(request, Refused.of(read))
        _, faults = understand(as_on_kafka(read, str(request.path_params["referral_id"]), action))
        if read.keys() & FROM_THE_PATH:
            faults += (Fault("", "unknown_field", {"known": BODY}),)
        return problem(request, Refused.of(*faults)) if faults else None

    return check
