"""One example of each message, filled in by field name.

Examples that were published once are kept and must still decode.
"""

import enum
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect

from contracts.cloudevents import Envelope, encode
from contracts.events import Event
from contracts.render.schemas import Message, messages, pretty

MOMENT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DUE = datetime(2026, 3, 23, 15, 59, 59, 999999, tzinfo=UTC)
CASE = UUID("019cab00-0000-7000-8000-000000000001")

BY_NAME: dict[str, Any] = {
    "case_id": CASE,
    "referral_id": UUID("019cab00-0000-7000-8000-000000000002"),
    "clock_id": UUID("019cab00-0000-5000-8000-000000000003"),
    "decision_id": UUID("019cab00-0000-7000-8000-000000000004"),
    "number": "130722-20260302-00017-4",
    "category": "education.student_aid",
    "area": "130722100000",
    "office": "education-130722000000",
    "sender": "education-130722000000",
    "lead": "education-130722000000",
    "to": "education-130722000000",
    "go_to": "education-130722000000",
    "co_handlers": ("civil_affairs-130722000000",),
    "recipients": ("education-130722000000", "civil_affairs-130722000000"),
    "approver": "civil_affairs-130722000000",
    "arbiter": "civil_affairs-130700000000",
    "fallback": "civil_affairs-130722000000",
    "first_contact_office": "township-130722100000",
    "source": "zhangbei-one-window",
    "submission_id": "2026-000017",
    "feedback_id": "reply-000017",
    "limit": "15wd",
    "extensions": ("10wd",),
    "calendar": "cn-2026-3f9a12c40b",
    "year": 2026,
    "level": "80%",
    "late_seconds": 30,
    "added": "10wd",
    "post": "window-3",
    "first_contact_post": "window-3",
    "about": "extension",
    "due_at": DUE,
    "due_soon_at": datetime(2026, 3, 18, 15, 59, 59, 999999, tzinfo=UTC),
    "previous_due_at": (DUE,),
    "policy_version": "zhangjiakou-3f9a12c40b7d",
    "rule": "category.education.student_aid",
    "row": "handling.education.student_aid",
    "article": "36",
    "reason": "not_competent",
    "code": "invalid_feedback",
    "detail": "the category is not in the policy",
    "field_name": "category",
    "missing": ("income_statement",),
    "materials": ("identity_card", "household_register"),
    "name": "张示例",
    "phone": "000-0000000",
    "email": "applicant@home.example",
    "no_messages": False,
    "id_number": "000000190001010017",
    "household": "130722100-000017",
    "service": "routing",
    "summary": "申请教育救助（示例）",
    "text": "已收到，正在核实（示例）",
    "attributes": {"urgent": False},
}


def example(message: Message) -> Any:
    """The message with every field filled in, so that a reader sees all that can be there."""
    return _fill(inspect.type_info(message), "")


def _fill(kind: inspect.Type, name: str) -> Any:
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    match kind:
        case inspect.StructType(cls=cls, fields=fields):
            return cls(**{field.name: _fill(field.type, field.name) for field in fields})
        case inspect.UnionType(types=types):
            return _fill(next(part for part in types if not isinstance(part, inspect.NoneType)), name)
        case inspect.VarTupleType(item_type=item) if name not in BY_NAME:
            return (_fill(item, name),)
        case inspect.EnumType(cls=cls):
            return _member(cls)
        case _:
            return BY_NAME[name] if name in BY_NAME else _plain(kind, name)


def _member(cls: type[enum.Enum]) -> enum.Enum:
    return next(iter(cls))


def _plain(kind: inspect.Type, name: str) -> Any:
    match kind:
        case inspect.DateTimeType():
            return MOMENT
        case inspect.DateType():
            return MOMENT.date()
        case inspect.UUIDType():
            return CASE
        case inspect.IntType():
            return 1
        case inspect.BoolType():
            return True
        case inspect.BytesType():
            return name.encode()
        case inspect.StrType():
            return f"{name}-1"
        case _:
            raise TypeError(f"no example for {name}: {kind}")


def files() -> dict[str, str]:
    """Events with their headers as on Kafka, partners' messages as plain bodies."""
    return {f"{name}.json": pretty(_published(example(message))) for name, message in messages().items()}


def _published(value: Any) -> Any:
    if not isinstance(value, Event):
        return {"value": value}
    event = Envelope(
        id=UUID("019cab00-0000-7000-8000-00000000000f"), writer=_writer(value), time=MOMENT, sequence=1, data=value
    )
    headers, body = encode(event)
    return {"headers": {key: raw.decode() for key, raw in headers}, "value": msgspec.Raw(body)}


def _writer(event: Event) -> str:
    from contracts.topics import TOPICS  # noqa: PLC0415 -- the registry renders itself through this module

    writer = next(topic.writer for topic in TOPICS if type(event) in topic.events)
    return writer.partition(",")[0]


def keep(path: Path, before: str) -> None:
    """Put a published example aside, so that its form must go on to decode."""
    folder = path.parent / "kept"
    folder.mkdir(exist_ok=True)
    number = len(list(folder.glob(f"{path.stem}.*.json"))) + 1
    (folder / f"{path.stem}.{number}.json").write_text(before, "utf-8")
