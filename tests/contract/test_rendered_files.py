"""What is rendered from the contracts stands fresh in the tree, and what was published once can still be read."""

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from contracts.cloudevents import decode
from contracts.render import CONTRACTS, rendered
from contracts.render.schemas import BODIES, messages
from contracts.topics import TOPICS

RENDERED = rendered()
EXAMPLES = sorted((CONTRACTS / "examples").rglob("*.json"))


@pytest.mark.parametrize("path", RENDERED, ids=lambda path: path.name)
def test_a_rendered_file_is_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == RENDERED[path], "run `make contracts`"


def test_no_schema_stands_for_a_message_that_is_gone() -> None:
    assert set((CONTRACTS / "schemas").glob("*.json")) <= set(RENDERED)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_ever_published_decodes(path: Path) -> None:
    example = msgspec.json.decode(path.read_bytes())
    value = msgspec.json.encode(example["value"])
    if "headers" in example:
        decode({name: text.encode() for name, text in example["headers"].items()}, value)
    else:
        msgspec.json.decode(value, type=BODIES[".".join(path.name.split(".")[:2])])


@pytest.mark.parametrize("name", messages())
def test_an_example_satisfies_its_schema_under_another_validator(name: str) -> None:
    schema = json.loads((CONTRACTS / "schemas" / f"{name}.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    example = json.loads((CONTRACTS / "examples" / f"{name}.json").read_bytes())
    jsonschema.validate(example["value"], schema)


def test_every_event_travels_on_a_topic() -> None:
    placed = {event for topic in TOPICS for event in topic.events}
    bodies = {topic.body for topic in TOPICS if topic.body}
    assert placed | bodies == set(messages().values())
