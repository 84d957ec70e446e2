"""A backup from before somebody was erased is restored: the work goes on, and nobody reads the person again."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.console import CLAIM, in_database, registered, yimen
from tests.acceptance.test_up import Up, until

pytestmark = [pytest.mark.engines, pytest.mark.timeout(600)]

APART = ("keys.json", "erased.ndjson", "audit-heads.ndjson")
KEYS = ("wrapped_key", "sealed_applicant", "sealed_summary", "fingerprint")


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Up, Up]]:
    both = Up(tmp_path / "old" / "data"), Up(tmp_path / "new" / "data")
    for up in both:
        up.folder.parent.mkdir()
    yield both
    for up in both:
        if up.process is not None and up.process.poll() is None:
            up.stop()


def audited(up: Up) -> dict[str, object]:
    ended = yimen(up, "audit", "verify", "--no-topics", "--json")
    assert ended.code == 0, ended.text + ended.trouble
    return ended.told


def signed(up: Up, services: int) -> bool:
    heads = up.folder / "audit-heads.ndjson"
    lines = heads.read_text().splitlines() if heads.exists() else []
    return len({json.loads(line)["service"] for line in lines}) >= services


def test_what_was_erased_after_the_backup_stays_erased(places: tuple[Up, Up], tmp_path: Path) -> None:
    old, new = places
    old.start()
    with old.client("intake", "clerk") as clerk:
        gone, stays = registered(clerk, "gone"), registered(clerk, "stays")
        path = f"/v1/cases/{gone['number']}"
        assert clerk.post(f"{path}/withdraw").status_code == 200
        assert clerk.get(f"{path}/applicant", params={"purpose": "handling"}).status_code == 200
    saved = tmp_path / "saved"
    made = yimen(old, "backup", str(saved), "--json")
    assert made.code == 0, made.trouble
    assert yimen(old, "backup", str(saved)).code == 2, "never over another one"
    keys = json.loads((old.folder / "keys.json").read_bytes())
    told = b"".join(file.read_bytes() for file in saved.iterdir())
    secret = {name: value for name, value in keys.items() if isinstance(value, str)}
    assert [name for name, value in secret.items() if value.encode() in told] == []

    erased = yimen(old, "person", "erase", "--case", gone["number"], "--reason", "erasure_request", "--yes")
    assert erased.code == 0, erased.trouble
    with old.client("intake", "clerk") as clerk:
        registered(clerk, "lost")
    until(lambda: signed(old, 2), "heads of the audit", 120)
    old.stop()

    new.folder.mkdir()
    bare = yimen(None, "restore", str(saved), "--data", str(new.folder))
    assert (bare.code, "keys.json" in bare.trouble) == (1, True)
    shutil.copy(old.folder / "keys.json", new.folder)
    bare = yimen(None, "restore", str(saved), "--data", str(new.folder))
    assert (bare.code, "erasure list" in bare.trouble) == (1, True)
    for name in APART:
        shutil.copy(old.folder / name, new.folder)
    done = yimen(None, "restore", str(saved), "--data", str(new.folder), "--json")
    assert done.code == 0, done.trouble
    assert done.told["erased"] == 1
    again = yimen(None, "restore", str(saved), "--data", str(new.folder))
    assert (again.code, "new folder" in again.trouble) == (1, True)

    new.start()
    kept = in_database(new, f"SELECT {', '.join(KEYS)} FROM intake.cases WHERE number = $1", gone["number"])
    assert [bytes(kept[0][name]) for name in KEYS] == [b""] * len(KEYS)
    with new.client("intake", "clerk") as clerk:
        path = f"/v1/cases/{gone['number']}"
        assert clerk.get(f"{path}/applicant", params={"purpose": "handling"}).json()["code"] == "erased"
        assert clerk.get(f"/v1/cases/{stays['number']}").json()["category"] == CLAIM
        assert registered(clerk, "later")["number"]
    checked = yimen(new, "verify", "--settle", "60", "--json")
    assert checked.code == 0, checked.text
    report = audited(new)
    assert report["faults"] == []
    assert {one["service"]: one["heads"] > 0 for one in report["services"]}["intake"]
