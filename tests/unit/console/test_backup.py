"""What a backup is trusted for, what is refused before anything is touched, and how a wrong index key is named."""

import os
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from console import erasures
from console.backup import tools
from console.backup.manifest import DUMP, BadBackup, Canary, Manifest, OfService, described, read, write
from console.backup.restoring import check
from console.doctor import keys_of
from console.main import main
from libraries.ids import new_id
from libraries.runtime.encryption import CANARY, INDEX, Sealer
from libraries.runtime.settings import RuntimeSettings, settings_of
from tests.sealing import SEALER

OTHER = b64encode(b"o" * 32).decode()
OURS = b64encode(b"k" * 32).decode()
WRAPPED = SEALER.new_data_key()
CANARIES = {
    "canary": Canary(wrapped=WRAPPED, sealed=SEALER.seal(WRAPPED, CANARY, "canary")),
    "index": Canary(wrapped=b"", sealed=SEALER.keyed_hash(INDEX, CANARY)),
}


def settings(**keys: str) -> RuntimeSettings:
    given = {
        "YIMEN_DATABASE_URL": "postgresql://u@127.0.0.1/d",
        "YIMEN_KAFKA_SERVERS": "127.0.0.1:9",
        "YIMEN_TOKEN_KEY": "t" * 32,
        "YIMEN_SEALING_KEY": OURS,
    }
    return settings_of(given | keys, RuntimeSettings)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    (tmp_path / DUMP).write_bytes(b"a dump")
    service = OfService(revision="0001", rows={"cases": 1}, chained=0, canaries=CANARIES)
    manifest = Manifest(
        made_at=datetime.now(UTC),
        yimen="0.1.0",
        postgres=18,
        services={"intake": service},
        time=None,
        policy=None,
        files=described(tmp_path, DUMP),
    )
    write(tmp_path, manifest)
    return tmp_path


def test_a_backup_is_read_as_it_was_written_and_in_no_other_way(saved: Path) -> None:
    check(read(saved), settings())
    (saved / DUMP).write_bytes(b"a dumb")
    with pytest.raises(BadBackup, match="its checksum differs"):
        read(saved)
    (saved / DUMP).unlink()
    with pytest.raises(BadBackup, match="is missing"):
        read(saved)
    (saved / "manifest.json").write_bytes(b'{"form": 1}')
    with pytest.raises(BadBackup, match="cannot be read"):
        read(saved)
    (saved / "manifest.json").unlink()
    with pytest.raises(BadBackup, match="never finished"):
        read(saved)


def test_a_file_outside_the_folder_is_none_of_the_backup(saved: Path) -> None:
    text = (saved / "manifest.json").read_text().replace(DUMP, f"../{saved.name}/{DUMP}")
    (saved / "manifest.json").write_text(text)
    with pytest.raises(BadBackup, match="is missing"):
        read(saved)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"YIMEN_SEALING_KEY": OTHER}, "sealing key"),
        ({"YIMEN_INDEX_KEY": OTHER}, "index key"),
        ({"YIMEN_SEALING_KEY": OTHER, "YIMEN_SEALING_KEYS_BEFORE": OURS, "YIMEN_INDEX_KEY": OURS}, ""),
    ],
)
def test_the_keys_have_to_be_those_of_the_backup(saved: Path, keys: dict[str, str], said: str) -> None:
    if not said:
        check(read(saved), settings(**keys))
        return
    with pytest.raises(BadBackup, match=said):
        check(read(saved), settings(**keys))


def test_a_backup_of_a_newer_version_is_refused(saved: Path) -> None:
    text = (saved / "manifest.json").read_text().replace("0001", "9999")
    (saved / "manifest.json").write_text(text)
    with pytest.raises(BadBackup, match="newer"):
        check(read(saved), settings())


def test_a_tool_that_is_older_than_the_server_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "pg_dump_of_old"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.18 (Debian)'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert tools.find(old.name, 15) == old
    with pytest.raises(tools.ToolFailed, match=r"for PostgreSQL 18 is not here; there is .*15\.18"):
        tools.find(old.name, 18)


def test_an_erasure_list_with_a_line_that_is_none_is_not_read(tmp_path: Path) -> None:
    path, one = (
        tmp_path / "erased.ndjson",
        erasures.Erasure(case_id=new_id(), reason="erasure_request", erased_at=datetime.now(UTC)),
    )
    for _ in range(2):
        erasures.append(path, one)
    assert list(erasures.read(path)) == [one, one]
    assert path.stat().st_mode & 0o077 == 0
    with path.open("a") as file:
        file.write("{\n")
    with pytest.raises(erasures.BadList, match="line 3"):
        list(erasures.read(path))


def test_restore_says_what_it_needs_before_it_does_anything(saved: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    told = CliRunner().invoke(main, ["restore", str(saved), "--data", str(new)])
    assert (told.exit_code, "keys.json" in told.stderr, new.exists()) == (1, True, False)
    told = CliRunner().invoke(main, ["restore", str(tmp_path.parent), "--data", str(new)])
    assert (told.exit_code, "is no backup" in told.stderr) == (1, True)


def test_the_doctor_names_a_wrong_index_key(saved: Path) -> None:
    rows = {name: SimpleNamespace(wrapped=one.wrapped, sealed=one.sealed) for name, one in CANARIES.items()}
    assert list(keys_of("intake", SEALER, rows)) == []
    wrong = Sealer(OURS, index_key=OTHER)
    (finding,) = keys_of("intake", wrong, rows)
    assert (finding.what, finding.ok, "YIMEN_INDEX_KEY" in finding.do) == ("index key", False, True)
