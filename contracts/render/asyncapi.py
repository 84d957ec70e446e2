"""The AsyncAPI 3.0 document of all topics.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from typing import Any

import msgspec

from contracts.codes import Code
from contracts.render.schemas import messages, pretty
from contracts.topics import TOPICS, Topic

HEADERS = {
    "type": "object",
    "description": "CloudEvents 1.0 attributes, binary mode.",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type"],
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid"},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string", "description": "/yimen/<service that wrote it>"},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_subject": {"type": "string", "format": "uuid", "description": "the case id"},
        "ce_sequence": {"type": "string", "description": "counts per case and writer from 1, without a hole"},
        "ce_traceparent": {"type": "string"},
        "traceparent": {"type": "string", "description": "W3C Trace Context; the same as ce_traceparent."},
        "content-type": {"type": "string", "const": "application/json"},
    },
}


def _names(topic: Topic) -> list[str]:
    known = messages()
    wanted = set(topic.events) | ({topic.body} if topic.body else set())
    return [name for name, message in known.items() if message in wanted]


def _channel(topic: Topic) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": topic.name,
        "description": topic.purpose,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(topic)},
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": {"retention.ms": int(topic.retention.total_seconds() * 1000)},
            }
        },
    }
    if topic.per_office:
        channel["parameters"] = {
            "office": {"description": "office code: role and 12-digit area", "examples": ["education-130722000000"]}
        }
    if topic.per_partner:
        channel["parameters"] = {
            "partner": {"description": "name in the registry of partners", "examples": ["education-system"]}
        }
    return channel


def _channel_id(topic: Topic) -> str:
    return topic.name.replace(".{office}", "").replace(".{partner}", "").replace(".", "_")


def _operations(topic: Topic) -> dict[str, Any]:
    channel = _channel_id(topic)
    subject = {"channel": {"$ref": f"#/channels/{channel}"}, "description": topic.purpose}
    writer = topic.writer.replace(",", "").replace(" ", "_")
    operations = {f"{writer}_writes_{channel}": {"action": "send", **subject}}
    for reader in topic.readers:
        operations[f"{reader.replace(' ', '_')}_reads_{channel}"] = {"action": "receive", **subject}
    return operations


def _message(name: str, *, own: bool) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": name,
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{messages()[name].__name__}"},
    }
    if own:
        message["headers"] = {"$ref": "#/components/schemas/CloudEventHeaders"}
    return message


def document() -> str:
    known = messages()
    _, parts = msgspec.json.schema_components(known.values(), ref_template="#/components/schemas/{name}")
    return pretty(
        {
            "asyncapi": "3.0.0",
            "info": {
                "title": "Yimen",
                "version": "1.0.0",
                "description": "Referral and case routing for township one-window offices.",
                "license": {"name": "Apache-2.0"},
            },
            "defaultContentType": "application/json",
            "channels": {_channel_id(topic): _channel(topic) for topic in TOPICS},
            "operations": {key: value for topic in TOPICS for key, value in _operations(topic).items()},
            "components": {
                "messages": {name: _message(name, own=name not in {"submission.v1", "feedback.v1"}) for name in known},
                "schemas": {
                    **{key: _labelled(key, _told_apart(part)) for key, part in parts.items()},
                    "CloudEventHeaders": HEADERS,
                },
            },
        }
    )


def _told_apart(part: Any) -> Any:
    """AsyncAPI names the field by which shapes are told apart, and OpenAPI an object with it."""
    if isinstance(part, list):
        return [_told_apart(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {key: _told_apart(value) for key, value in part.items()}
    if isinstance(by := found.get("discriminator"), dict) and "propertyName" in by:
        found["discriminator"] = by["propertyName"]
    return found


def _labelled(name: str, part: dict[str, Any]) -> dict[str, Any]:
    """Closed sets carry their labels, so that a partner's form can show them."""
    for code in Code.__subclasses__():
        if code.__name__ == name:
            return {**part, "x-labels": {member.value: {"zh": member.zh, "en": member.en} for member in code}}
    return part
