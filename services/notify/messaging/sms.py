"""Text messages through a gateway that speaks HTTP: one POST of JSON, by the way that webhooks go.

`Idempotency-Key` is the id of the message. A gateway that knows it sends once, however often it is asked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from contracts.codes import AttemptResult
from services.notify.delivery.sender import Answer, WebhookSender
from services.notify.delivery.store import Attempt
from services.notify.messaging.sending import Envelope

NOT_SO: Final = frozenset({400, 422})
"""The gateway takes no such number or text, however often it is asked."""
PLACES: Final = re.compile(r"\{(id|to|text)\}")
BODY: Final = '{"id": "{id}", "to": "{to}", "text": "{text}"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsGateway:
    """`body` is the JSON that the gateway wants, with {id}, {to} and {text} in its texts."""

    url: str
    body: Any
    sender: WebhookSender
    token: str = ""

    async def send(self, envelope: Envelope) -> Answer:
        """Never raises, whatever the other side does."""
        values = {"id": str(envelope.id), "to": envelope.to, "text": envelope.words.text}
        headers = {"content-type": "application/json; charset=utf-8", "idempotency-key": str(envelope.id)}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        body = msgspec.json.encode(placed(self.body, values))
        async with self.sender.client() as client:
            answer = await self.sender.send(client, self.url, headers, body)
        return Answer(attempt=_judged(answer.attempt), rest=answer.rest)


def placed(body: Any, values: Mapping[str, str]) -> Any:
    """Each place once, in one go: what a text says is never read as a place, and ends no text of JSON."""
    if isinstance(body, dict):
        return {name: placed(value, values) for name, value in body.items()}
    if isinstance(body, list):
        return [placed(value, values) for value in body]
    return PLACES.sub(lambda found: values[found[1]], body) if isinstance(body, str) else body


def _judged(attempt: Attempt) -> Attempt:
    if attempt.status in NOT_SO:
        return replace(attempt, result=AttemptResult.REJECTED)
    # A gateway is named in the settings, and does not sign off by itself as a subscriber does.
    return replace(attempt, result=AttemptResult.REFUSED) if attempt.result is AttemptResult.GONE else attempt
