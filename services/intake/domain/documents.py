"""What stands on a document: the words of the template of that moment, filled with the facts of that moment."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from contracts.access import Part
from contracts.codes import DocumentKind
from libraries.clocks.wording import Words
from libraries.deadlines import Calendar
from libraries.papers.paper import Paper, Row, plain
from libraries.policies.document_templates import FACTS, DocumentTemplate, filled

PARTS: Final = MappingProxyType(
    {
        DocumentKind.RECEIPT: Part.STATE,
        DocumentKind.NOTICE: Part.MATERIALS,
        DocumentKind.DECLINE: Part.STORY,
        DocumentKind.CHECK_CONSENT: Part.STORY,
    }
)
"""Which part of the case a document speaks of; whoever may read the part may read it."""


class Papers(msgspec.Struct, frozen=True, kw_only=True):
    """The document in each language in which the pack has it."""

    zh: Paper
    en: Paper | None = None


def document_number(number: str, serial: int) -> str:
    """Of the case's documents, each has the next number."""
    return f"{number}-文{serial:02d}"


def made(template: DocumentTemplate, facts: Mapping[str, Words]) -> Papers:
    """Raises `KeyError` for a fact that the kind promises and nobody gave."""
    shown = {name: (plain(facts[name][0]), plain(facts[name][1])) for name in FACTS[template.kind]}
    zh = {name: words[0] for name, words in shown.items()}
    en = {name: words[1] for name, words in shown.items()}
    labels = FACTS[template.kind]
    return Papers(
        zh=Paper(
            title=plain(template.zh),
            rows=tuple(Row(name=labels[name][0], value=zh[name]) for name in template.shows),
            paragraphs=tuple(plain(filled(text, zh)) for text in template.text_zh),
        ),
        en=Paper(
            title=plain(template.en),
            rows=tuple(Row(name=labels[name][1], value=en[name]) for name in template.shows),
            paragraphs=tuple(plain(filled(text, en)) for text in template.text_en),
        )
        if template.en
        else None,
    )


def moment(at: datetime, calendar: Calendar) -> Words:
    """To the minute, by the clocks of the place."""
    local = calendar.local(at)
    return f"{local.year}年{local.month}月{local.day}日{local:%H:%M}", f"{local.day} {local:%B %Y, %H:%M}"
