"""The schemas know exactly the keys that a loader asks for; what is shipped fits, and a wrong word does not."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from console.render.pack_schemas import FILES, HEADING, OVERRIDE, WITHIN, YEAR, schema_of
from libraries.policies import rows as reading
from libraries.policies.load import read_policy
from libraries.policies.merged import merged
from libraries.policies.pack_files import LISTS, TABLES
from tests.calendars import published_year
from tests.packs import PACKS, small_city, write

OF_A_CALENDAR = {*YEAR, *OVERRIDE} - {"days"}
PLANTED = {
    "sign_in.yaml": "- {group: clerks, role: clerk, office: township-130722100000, area: '130722100000', post: a}\n",
    "calendars.yaml": "- {areas: ['130722'], date: 2026-01-06, works: false, zh: 雪, en: snow, source: x}\n"
    "- {areas: ['130722'], from: 2026-01-07, to: 2026-01-07, works: false, zh: 雪, en: snow, source: x}\n",
    "limits.yaml": "- {clock: rework, field: petition, limit: 3wd, statutory: false, source: x, confidence: B}\n",
}
ROWS: list[tuple[str, dict[str, Any]]] = [
    (row.part, {value.name: value.value for value in row.values})
    for pack in sorted(PACKS.iterdir())
    for row in merged(pack)
]


def test_every_file_has_a_schema_that_is_one() -> None:
    assert set(FILES) == {name.partition(".")[0] for name in (*TABLES, *LISTS)}
    for name in ("pack", "calendar", *FILES):
        Draft202012Validator.check_schema(schema_of(name))


def test_the_shipped_packs_fit() -> None:
    assert len(ROWS) > 5000
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for part, values in ROWS:
        rows[part].append(msgspec.to_builtins(values))
    for part, found in rows.items():
        if part != "pack":
            told = [error.message for error in Draft202012Validator(schema_of(part)).iter_errors(found)]
            assert told == [], part


def test_the_keys_are_those_that_a_loader_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever row a loader reads, and whichever key it asks a row for."""
    asked: defaultdict[str, set[str]] = defaultdict(set)
    done = reading.Row.done

    def noted(row: reading.Row) -> None:
        asked[row.file.rpartition("/")[2].partition(".")[0]] |= row.asked | set(row.values)
        done(row)

    monkeypatch.setattr(reading.Row, "done", noted)
    pack = small_city(tmp_path)
    for name, content in PLANTED.items():
        write(pack, name, content)
    write(pack, "calendar-2027.yaml", published_year(2027))
    read_policy(pack)
    read_policy(PACKS / "zhangjiakou")
    for name, keys in asked.items():
        if name.startswith("calendar-"):
            assert keys <= {*YEAR, *OVERRIDE}
        elif name == "pack":
            assert keys <= {*HEADING, *WITHIN["properties"]}
        else:
            assert keys <= set(FILES[name][0]), name
    for name in ("clocks", "escalation", "offices", "purposes", "reasons", "rules", "materials", "approvers"):
        assert set(FILES[name][0]) - asked[name] <= {"field", "if", "instead_of", "limit_of", "from", "to"}, name


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("limits", {"clock": "signign", "limit": "1wd", "source": "x", "confidence": "B"}),
        ("limits", {"clock": "signing", "limit": "1 day", "source": "x", "confidence": "B"}),
        ("limits", {"clock": "signing", "limit": "1wd", "source": "x", "confidence": "B", "unit": "wd"}),
        ("rules", {"id": "a"}),
        ("offices", {"role": "Health", "zh": "x", "en": "x"}),
        ("reasons", {"code": "a", "for": ["nothing"], "zh": "x", "en": "x"}),
        ("escalation", {"level": "urged", "after": "soon", "recipients": ["office"], "source": "x", "confidence": "B"}),
    ],
)
def test_a_wrong_word_is_told_while_it_is_written(name: str, row: dict[str, Any]) -> None:
    assert not Draft202012Validator(schema_of(name)).is_valid([row])
