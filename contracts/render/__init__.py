"""Everything written about messages, rendered from the models: schemas, AsyncAPI, examples and reference tables."""

from pathlib import Path

from contracts.render import access, asyncapi, examples, schemas, tables

CONTRACTS = Path(__file__).parents[1]
REFERENCE = CONTRACTS.parent / "docs" / "reference"


def rendered() -> dict[Path, str]:
    """Path to content of each rendered file, as it should stand in the tree."""
    return {
        **{CONTRACTS / "schemas" / name: text for name, text in schemas.files().items()},
        **{CONTRACTS / "examples" / name: text for name, text in examples.files().items()},
        CONTRACTS / "asyncapi.json": asyncapi.document(),
        REFERENCE / "topics.md": tables.topics(),
        REFERENCE / "events.md": tables.events(),
        REFERENCE / "codes.md": tables.codes(),
        REFERENCE / "access.md": access.page(),
    }
