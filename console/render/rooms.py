"""The rooms and what each imports, from the imports themselves: a picture for whoever comes new to the tree."""

import ast
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final

from console.render.tables import NOTE, table
from libraries.runtime.settings import REPOSITORY

ROOMS: Final = (
    "console",
    "services.intake",
    "services.routing",
    "services.notify",
    "services.portal",
    "libraries.clocks",
    "libraries.casefile",
    "libraries.versions",
    "libraries.partners",
    "libraries.policies",
    "libraries.runtime",
    "libraries.deadlines",
    "libraries",
    "contracts",
)
"""A module belongs to the first that its name begins with; what stands in `libraries` itself is shared by all."""
GROUPS: Final[Mapping[str, tuple[str, str]]] = {
    "console": ("tools", "the yimen command"),
    "services": ("services", "processes, each with a database of its own"),
    "libraries": ("libraries", "they run nothing by themselves"),
    "contracts": ("contracts", "what services and partners say to each other"),
}
HEADINGS: Final = ("room", "imports")
RULES: Final = """
An arrow says *imports*. It is left out where a longer way of arrows leads there anyway; the table has all of them.
`make check` refuses an arrow that points up, or from one service to another:
[decision 28](../decisions/0028-folders-say-what-runs.md).
Services speak to each other over Kafka alone ([topics](topics.md)), and the portal asks them over HTTP.
""".strip()


def page() -> str:
    found = arrows(REPOSITORY)
    rows = [(f"`{room}`", ", ".join(f"`{other}`" for other in found[room]) or "–") for room in ROOMS]
    parts = ["# Rooms and arrows", "", NOTE, "", RULES, "", "```mermaid", *_picture(found), "```", ""]
    return "\n".join([*parts, *table(HEADINGS, rows), ""])


def arrows(root: Path) -> dict[str, list[str]]:
    """By room, the others that its modules import, in the order of the rooms."""
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for package in dict.fromkeys(room.partition(".")[0] for room in ROOMS):
        for path in sorted((root / package).rglob("*.py")):
            room = room_of(".".join(path.relative_to(root).with_suffix("").parts))
            for name in imported(path.read_text("utf-8")):
                other = room_of(name)
                if room is not None and other is not None and other != room:
                    found[room].add(other)
    return {room: [other for other in ROOMS if other in others] for room, others in found.items()}


def room_of(module: str) -> str | None:
    return next((room for room in ROOMS if f"{module}.".startswith(f"{room}.")), None)


def imported(source: str) -> Iterator[str]:
    """Names of modules, also of those that are imported only when they are needed."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reduced(found: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Arrows to which no longer way leads. Rooms have no circles, so what is left still connects all."""
    for room, others in found.items():
        further = set[str]().union(*(_reached(other, found) for other in others))
        yield from ((room, other) for other in others if other not in further)


def _reached(room: str, found: Mapping[str, list[str]]) -> set[str]:
    return {step for other in found[room] for step in (other, *_reached(other, found))}


def _picture(found: Mapping[str, list[str]]) -> Iterator[str]:
    yield "flowchart TD"
    for prefix, (title, about) in GROUPS.items():
        yield f'  subgraph {title}["{title}: {about}"]'
        yield from (f'    {_id(room)}["{_label(room)}"]' for room in ROOMS if room.partition(".")[0] == prefix)
        yield "  end"
    yield from (f"  {_id(one)} --> {_id(other)}" for one, other in reduced(found))
    # Without these a renderer may set the groups beside each other.
    yield from (f"  {one} ~~~ {other}" for one, other in pairwise(title for title, _ in GROUPS.values()))


def _id(room: str) -> str:
    return f"room_{room.replace('.', '_')}"


def _label(room: str) -> str:
    return {"libraries": "ids, checking, marks"}.get(room, room.rpartition(".")[2])
