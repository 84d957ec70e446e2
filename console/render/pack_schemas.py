"""A JSON Schema for each file of a policy pack, for editors that help whoever writes one.

A schema knows a row and its words. What rows mean to each other, only `yimen policy check` says.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final

import msgspec

from contracts.codes import (
    MESSAGE_CHANNELS,
    AreaLevel,
    Audience,
    CaseState,
    ClockKind,
    Confidence,
    Field,
    ReferralRole,
    ReferralState,
    SupervisionLevel,
)
from contracts.documents import DocumentKind
from contracts.submissions import PHONE
from libraries.policies.approvers import Decides
from libraries.policies.areas_and_offices import CHANNELS
from libraries.policies.categories import USES
from libraries.policies.cells import (
    AREA_FORM,
    CATEGORY_FORM,
    CODE_FORM,
    COUNTRY_FORM,
    NAME_FORM,
    ROLE_FORM,
    ZONE_FORM,
    Form,
)
from libraries.policies.clock_rules import SILENCE, OnlyIf, Trigger
from libraries.policies.document_templates import LABELS
from libraries.policies.message_templates import EVENTS, LANGUAGES
from libraries.policies.reviews import RIGHTS, AskedBy
from libraries.policies.sign_in import GIVEN, GROUP_FORM, POST

Schema = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
WORDS: Final[Schema] = {"type": ["string", "integer", "number"], "minLength": 1}
"""YAML reads numbers where people write articles or codes without quotation marks."""
FLAG: Final[Schema] = {"type": ["boolean", "string"]}
DAY: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
HOUR: Final[Schema] = {"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d$"}
LIMIT: Final[Schema] = {"type": "string", "pattern": r"^[1-9]\d*(h|d|wd|mo|y)$"}
SPAN: Final[Schema] = {"type": "string", "pattern": r"^[1-9]\d*(d|mo|y)$"}
NAMES: Final[Schema] = {"zh": WORDS, "en": WORDS}
LAW: Final[Schema] = {"source": WORDS, "article": WORDS, "statutory": FLAG}


def one_of(codes: Iterable[Any]) -> Schema:
    return {"enum": sorted(str(code.value if isinstance(code, Enum) else code) for code in codes)}


def formed(form: Form) -> Schema:
    return {"type": ["string", "integer"], "pattern": f"^(?:{form.pattern.pattern})$".replace(r"\Z", "$")}


def several(items: Schema) -> Schema:
    """A list, or one text with commas."""
    return {"anyOf": [{"type": "array", "items": items}, {"type": "string"}]}


SURE: Final = one_of(Confidence)
TOLD: Final[Schema] = {**LAW, "confidence": SURE}
CLOCK, FIELD = one_of(ClockKind), one_of(Field)
AREA, CATEGORY, CODE, ROLE, NAME, ZONE, COUNTRY = map(
    formed, (AREA_FORM, CATEGORY_FORM, CODE_FORM, ROLE_FORM, NAME_FORM, ZONE_FORM, COUNTRY_FORM)
)
MATTERS: Final[Schema] = {"categories": several(CATEGORY), "field": FIELD}
WITHIN: Final[Schema] = {"type": "object", "properties": {"within": LIMIT, "after_callback": LIMIT, **TOLD}}

FILES: Final[Mapping[str, tuple[Schema, tuple[str, ...]]]] = {
    "approvers": ({"code": CODE, "decides": one_of(Decides), **NAMES}, ("code", "zh", "en")),
    "areas": (
        {
            "code": AREA,
            "name": WORDS,
            "level": one_of(AreaLevel),
            "parent": AREA,
            "valid_from": DAY,
            "valid_until": DAY,
            "successor": several(AREA),
            "open_work_to": AREA,
            "source": WORDS,
        },
        ("code", "name", "level"),
    ),
    "attributes": (
        {"category": CATEGORY, "name": CODE, **NAMES, "values": {"type": "array", "minItems": 1}},
        ("category", "name", "zh", "en", "values"),
    ),
    "calendars": (
        {
            "areas": several(AREA),
            "roles": several(ROLE),
            "offices": several(NAME),
            "date": DAY,
            "from": DAY,
            "to": DAY,
            "works": FLAG,
            **NAMES,
            **LAW,
        },
        ("works", "zh", "en", "source"),
    ),
    "categories": (
        {
            "code": CATEGORY,
            **NAMES,
            "lead_role": ROLE,
            "co_roles": several(ROLE),
            "copies": several(ROLE),
            "handling_limit": LIMIT,
            "extension": LIMIT,
            "approver": CODE,
            "roll": FLAG,
            "close_of_business": HOUR,
            "warnings": several(WORDS),
            **TOLD,
        },
        ("code", "zh", "en", "lead_role", "handling_limit", "statutory", "source", "confidence"),
    ),
    "clocks": (
        {
            "clock": CLOCK,
            **MATTERS,
            "of": several(one_of(ReferralRole)),
            "if": one_of(OnlyIf),
            "starts": several(one_of(Trigger)),
            "meets": several(one_of(Trigger)),
            "cancels": several(one_of(Trigger)),
            "instead_of": CLOCK,
            "limit_of": CLOCK,
            "silence": one_of(filter(None, SILENCE)),
            "extends": FLAG,
            "passes_on": FLAG,
            **TOLD,
        },
        ("clock", "starts", "source", "confidence"),
    ),
    "documents": (
        {
            "kind": one_of(DocumentKind),
            **NAMES,
            "shows": several(one_of(LABELS)),
            "text_zh": several(WORDS),
            "text_en": several(WORDS),
        },
        ("kind", "zh", "text_zh"),
    ),
    "escalation": (
        {
            "level": one_of(SupervisionLevel),
            "after": {"type": "string", "pattern": r"^(warning|due|breach(\+[1-9]\d*(h|d|wd))?)$"},
            "clocks": several(CLOCK),
            "recipients": several(WORDS),
            "from": HOUR,
            "to": HOUR,
            **TOLD,
        },
        ("level", "after", "recipients", "source", "confidence"),
    ),
    "limits": (
        {
            "clock": CLOCK,
            "field": FIELD,
            "category": CATEGORY,
            "reason": CODE,
            "limit": LIMIT,
            "extension": LIMIT,
            "approver": CODE,
            "roll": FLAG,
            "close_of_business": HOUR,
            "warnings": several(WORDS),
            **TOLD,
        },
        ("clock", "limit", "source", "confidence"),
    ),
    "materials": ({"category": CATEGORY, "code": CODE, **NAMES, "reuse": SPAN}, ("category", "code", "zh", "en")),
    "message_templates": (
        {"code": CODE, **{f"{part}_{one}": WORDS for part in ("subject", "text") for one in LANGUAGES}},
        ("code",),
    ),
    "messages": (
        {
            "event": one_of(EVENTS),
            "audience": one_of(Audience),
            "channel": one_of(MESSAGE_CHANNELS),
            "states": several(one_of({*CaseState, *ReferralState})),
            "roles": several(one_of(ReferralRole)),
            "clocks": several(CLOCK),
            "template": CODE,
            "languages": several(one_of(LANGUAGES)),
            "quiet_from": HOUR,
            "quiet_to": HOUR,
            "off": FLAG,
        },
        ("event", "audience", "channel"),
    ),
    "offices": (
        {
            "role": ROLE,
            **NAMES,
            "levels": several(one_of(AreaLevel)),
            "areas": several(AREA),
            "channels": several(one_of(CHANNELS)),
            "close_of_business": HOUR,
            "valid_from": DAY,
            "valid_until": DAY,
            "successor": ROLE,
            "outside": FLAG,
            "email": WORDS,
            "phone": {"type": ["string", "integer"], "pattern": f"^{PHONE}$"},
        },
        ("role", "zh", "en"),
    ),
    "purposes": ({"code": CODE, **NAMES, "check": FLAG}, ("code", "zh", "en")),
    "reasons": (
        {"code": CODE, "for": several(one_of(USES)), **NAMES, "stops": several(CLOCK), **LAW},
        ("code", "zh", "en"),
    ),
    "reviews": (
        {
            "of": CATEGORY,
            "becomes": CATEGORY,
            "right": one_of(RIGHTS),
            "asked_by": several(one_of(AskedBy)),
            "reviewers": several(ROLE),
            **TOLD,
        },
        ("of", "becomes", "right", "asked_by", "reviewers", "source", "confidence"),
    ),
    "rules": (
        {
            "id": NAME,
            **MATTERS,
            "area": AREA,
            "levels": several(one_of(AreaLevel)),
            "attributes": {"type": "object"},
            "since": DAY,
            "until": DAY,
            "lead": ROLE,
            "co_handlers": several(ROLE),
            "copies": several(ROLE),
        },
        ("id", "lead"),
    ),
    "sign_in": (
        {"group": formed(GROUP_FORM), "role": one_of(GIVEN), "office": NAME, "area": AREA, "post": formed(POST)},
        ("group", "role"),
    ),
}
"""By file: what a row may say, and what it has to."""
HEADING: Final[Schema] = {
    "name": WORDS,
    "parent": WORDS,
    **NAMES,
    "effective_from": DAY,
    "time_zone": ZONE,
    "holidays": COUNTRY,
    "language": one_of(LANGUAGES),
    "accepted_by_clerk": several(CATEGORY),
    "late_reports": WITHIN,
    "reopening": WITHIN,
}


YEAR: Final[Schema] = {
    "year": {"type": "integer"},
    "notice": {"type": "integer"},
    "source": WORDS,
    "published_on": DAY,
    "days": {"type": "array"},
}
OVERRIDE: Final[Schema] = {"date": DAY, "works": FLAG, **NAMES}
MAPPINGS: Final = ("pack", "calendar")
"""Files that are no lists of rows."""


def schema_of(name: str) -> Schema:
    """Of a file by its name without the ending; a table as the list of its rows, empty cells left out."""
    if name == "pack":
        return {"$schema": DIALECT, "title": name, **_row(HEADING, ("name", "effective_from"))}
    if name == "calendar":
        days = {"type": "array", "items": _row(OVERRIDE, ("date", "works", "zh", "en"))}
        of_year = _row({**YEAR, "days": days}, ("year", "source", "published_on", "days"))
        return {"$schema": DIALECT, "title": "calendar-YYYY", **of_year}
    properties, required = FILES[name]
    return {"$schema": DIALECT, "title": name, "type": "array", "items": _row(properties, required)}


def _row(properties: Schema, required: tuple[str, ...]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def files(folder: Path) -> dict[Path, str]:
    return {folder / f"{name}.schema.json": _text(schema_of(name)) for name in (*MAPPINGS, *FILES)}


def _text(schema: Schema) -> str:
    return re.sub(r"\s*\Z", "\n", msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())
