"""JSON Schema 2020-12 of each event and of what partners send."""

from typing import Any

import msgspec

from contracts.events import EVENTS, Event
from contracts.submissions import Feedback, Submission

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Message = type[Event] | type[Submission] | type[Feedback]

BODIES: dict[str, type[Submission] | type[Feedback]] = {"submission.v1": Submission, "feedback.v1": Feedback}
"""Messages of partners, by the name that their schema has."""


def messages() -> dict[str, Message]:
    """Every message by its short name, for example `case.registered.v1`."""
    return {**{wire.removeprefix("yimen."): event for wire, event in EVENTS.items()}, **BODIES}


def schema(message: Message) -> dict[str, Any]:
    _, parts = msgspec.json.schema_components([message], ref_template="#/$defs/{name}")
    own: dict[str, Any] = parts.pop(message.__name__)

    if parts:
        own["$defs"] = parts
    return own


def pretty(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2).decode() + "\n"


def files() -> dict[str, str]:
    return {
        f"{name}.json": pretty({"$schema": DIALECT, "$id": f"urn:yimen:schema:{name}", **schema(message)})
        for name, message in messages().items()
    }
