"""The body of an answer over HTTP: the same fields and the same check as on Kafka, but for what the path says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from contracts.codes import FeedbackAction
from contracts.submissions import Identifier, LongText, ShortText
from libraries.ids import new_id


class FeedbackBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """As on Kafka, but for what the path says already. Without an id each call is an answer of its own."""

    feedback_id: Identifier | None = None
    occurred_at: datetime | None = None
    reason: ShortText = ""
    text: LongText = ""
    attributes: dict[ShortText, str | int | bool] = {}


def as_on_kafka(given: Mapping[str, Any], referral_id: UUID | str, action: FeedbackAction) -> dict[str, Any]:
    named = given if given.get("feedback_id") is not None else {**given, "feedback_id": str(new_id())}
    return {**named, "referral_id": str(referral_id), "action": action.value}
