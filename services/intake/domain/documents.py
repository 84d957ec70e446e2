"""What stands on a document: the words of the template of that moment, filled with the facts of that moment."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from contracts.clocks import LimitBasis
from libraries.clocks.wording import Words
from libraries.deadlines import Calendar, Limit
from libraries.deadlines.rendering import limit_in_words, source_in
from libraries.papers.paper import Paper, Row, plain
from libraries.policies.document_templates import FACTS, DocumentTemplate, filled

NOBODY: Final[Words] = "无", "none"
STOPPED: Final[Words] = "计时中止", "while the clock stands still: none"


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


def until_of(due_at: datetime | None, calendar: Calendar, *, provisional: bool) -> Words:
    """The last moment in time; a clock that stands still has none."""
    zh, en = moment(due_at, calendar) if due_at is not None else STOPPED
    return (f"{zh}（暂定）", f"{en} (provisional)") if provisional else (zh, en)


def limit_of(text: str) -> Words:
    """Of `15wd+10wd`: the limit and what was added to it."""
    limits = [Limit.parse(part) for part in text.split("+")]
    return (
        "加".join(limit_in_words(one, "zh") for one in limits),
        " and ".join(limit_in_words(one, "en") for one in limits),
    )


def law_of(basis: LimitBasis) -> Words:
    article = basis.article
    return (
        source_in(basis.source, "zh") + (f"第{article}条" if article else ""),
        source_in(basis.source, "en") + (f", Article {article}" if article else ""),
    )


def moment(at: datetime, calendar: Calendar) -> Words:
    """To the minute, by the clocks of the place."""
    local = calendar.local(at)
    return f"{local.year}年{local.month}月{local.day}日{local:%H:%M}", f"{local.day} {local:%B %Y, %H:%M}"
