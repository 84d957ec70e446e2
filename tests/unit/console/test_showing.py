"""`yimen policy show`: every value with its place; and which versions a day had."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner, Result

from console.main import main
from console.showing import of_span
from libraries.policies.watch import SINCE_EVER
from services.routing.policy_versions import Entry
from tests.packs import small_city, write

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["policy", "show", *arguments])


def test_each_value_has_the_pack_the_file_and_the_line_from_which_it_comes(tmp_path: Path) -> None:
    pack = small_city(tmp_path)
    limit = "- clock: signing\n  limit: 4h\n  statutory: false\n  source: x\n  confidence: B\n"
    write(pack, "limits.yaml", limit)
    told = json.loads(run(str(pack), "--part", "limits", "--part", "pack", "--json").stdout)
    signing = [row for row in told["rows"] if any(value["value"] == "signing" for value in row["values"])]
    assert [row["pack"] for row in signing] == ["city", "national"], "the local one is tried first"
    assert {value["name"]: value["where"] for value in signing[0]["values"]}["limit"] == "city/limits.yaml:2"
    packs = {value["name"]: value["where"] for row in told["rows"] if row["part"] == "pack" for value in row["values"]}
    assert packs["name"].startswith("city/pack.yaml:")
    assert packs["reopening"].startswith("national/pack.yaml:")


def test_it_is_told_for_people_too_and_areas_only_if_asked_for(tmp_path: Path) -> None:
    pack = small_city(tmp_path)
    told = run(str(pack)).stdout
    assert "  national/limits.yaml:5  clock: acceptance, limit: 5wd, statutory: false" in told
    assert "areas.csv" not in told
    assert "  city/areas.csv:4  code: 130722, name: 县" in run(str(pack), "--part", "areas").stdout
    assert "a folder has no past" in run(str(pack), "--on", "2026-03-02").output


def test_a_day_has_every_version_that_was_in_force_on_it() -> None:
    starts = (("a", SINCE_EVER), ("b", NOON - HOUR), ("planned", NOON + 9 * HOUR), ("c", NOON + HOUR))
    there = [Entry(n, v, "x", date.min, at, at, "n", "r") for n, (v, at) in enumerate(starts, 1)]
    day = NOON - 2 * HOUR, NOON + 20 * HOUR
    assert [one.version for one in of_span(there, *day)] == ["a", "b", "c"]
    assert [one.version for one in of_span(there, NOON, NOON)] == ["b"]
