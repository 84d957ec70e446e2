"""Reference tables of topics, events and codes as Markdown."""

from collections.abc import Iterable
from textwrap import wrap

import msgspec

from contracts.codes import Code
from contracts.events import EVENTS
from contracts.topics import TOPICS

LINE = 120
NOTE = "<!-- Rendered by `make contracts`; edits are overwritten. -->\n"


def _first_line(text: str | None) -> str:
    line = (text or "").strip().split("\n")[0]
    return "" if "(" in line.split(" ")[0] else line


def topics() -> str:
    rows = [
        f"| `{topic.name}` | {topic.key} | {topic.writer} | {', '.join(topic.readers)} | {topic.partitions} "
        f"| {topic.retention.days} d | {topic.purpose} |"
        for topic in TOPICS
    ]
    return "\n".join(
        [
            "# Topics",
            "",
            NOTE,
            "| topic | key | written by | read by | partitions | kept | content |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            "`{office}` is an office code, for example `education-130722000000`. An office has its two topics if its",
            "channels in the policy say `kafka`; every office has the HTTP inbox. `{partner}` is a partner's name",
            "in the registry; `operations` is a partner of the role `ops`. `yimen partner apply` makes the rights at",
            "the broker of this table.",
            "",
        ]
    )


def events() -> str:
    parts = [
        "# Events",
        "",
        NOTE,
        "CloudEvents 1.0, Kafka binary mode; `type` is `yimen.<event>.v1`. Times are RFC 3339.",
    ]
    for event in EVENTS.values():
        where = ", ".join(f"`{topic.name}`" for topic in TOPICS if event in topic.events)
        parts += ["", f"## `{event.TYPE}`", "", f"On {where}."]
        if text := _first_line(event.__dict__.get("__doc__")):
            parts += ["", text]
        required = [name for name in event.__struct_fields__ if name in _required(event)]
        optional = [name for name in event.__struct_fields__ if name not in required]
        parts += ["", *_listed("Always", required), *(_listed("Sometimes", optional) if optional else ())]
    return "\n".join([*parts, ""])


def _listed(word: str, names: Iterable[str]) -> list[str]:
    return wrap(f"{word}: {', '.join(f'`{name}`' for name in names)}.", LINE, break_on_hyphens=False)


def _required(event: type) -> set[str]:
    return {field.name for field in msgspec.structs.fields(event) if field.required}


def codes() -> str:
    parts = [
        "# Codes",
        "",
        NOTE,
        "Closed sets. Categories, offices and reasons are policy and stand in the policy pack.",
    ]
    # By module: which is loaded first depends on who asks.
    for code in sorted(Code.__subclasses__(), key=lambda one: one.__module__):
        parts += ["", f"## {code.__name__}", ""]
        if text := _first_line(code.__dict__.get("__doc__")):
            parts += [text, ""]
        parts += ["| code | 中文 | English |", "|---|---|---|"]
        parts += [f"| `{member.value}` | {member.zh} | {member.en} |" for member in code]
    return "\n".join([*parts, ""])
