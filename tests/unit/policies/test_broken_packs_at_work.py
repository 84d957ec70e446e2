"""A process keeps its policy whatever becomes of the folder; a first start with a broken pack says why."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from console.main import main
from libraries.policies import PolicyRefused, PolicyWatch
from libraries.policies.archive import archived, load_archived, version_of
from libraries.policies.watch import SINCE_EVER, Held
from tests.packs import PACKS, small_city, write

BROKEN = "- {id: a, lead: nobody}\n- {id: b, lead: petition, copys: [health]}\n"


def test_whatever_becomes_of_the_folder_the_policy_of_a_process_stays(tmp_path: Path) -> None:
    pack = small_city(tmp_path)
    watch = PolicyWatch(pack)
    before = watch.policy
    write(pack, "rules.yaml", BROKEN)
    assert watch.policy is before
    shutil.rmtree(pack)
    pack.write_text("no folder any more")
    assert watch.policy is before


def test_a_process_that_is_told_what_was_activated_does_not_need_its_folder(tmp_path: Path) -> None:
    pack = small_city(tmp_path)
    content = archived(pack)
    write(pack, "rules.yaml", BROKEN)
    watch = PolicyWatch(pack)
    with pytest.raises(PolicyRefused, match="no office has the role nobody"):
        _ = watch.policy
    policy = load_archived(content)
    watch.hold([Held(version=policy.version, starts_at=SINCE_EVER, policy=policy)])
    assert watch.policy.version == version_of(content) == policy.version


def test_a_service_that_starts_with_a_broken_pack_says_why_and_ends(tmp_path: Path) -> None:
    shutil.copytree(PACKS, tmp_path, dirs_exist_ok=True)
    write(tmp_path / "zhangjiakou", "rules.yaml", BROKEN)
    own = {
        "YIMEN_POLICY_DIR": str(tmp_path / "zhangjiakou"),
        "YIMEN_SEALING_KEY": "k" * 43 + "=",
        "YIMEN_TOKEN_KEY": "t" * 48,
        "YIMEN_KAFKA_SERVERS": "127.0.0.1:1",
    }
    environment = {**os.environ, **own, "YIMEN_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none"}
    command = [sys.executable, "-m"]
    started = [
        subprocess.Popen([*command, f"services.{name}"], env=environment, stderr=subprocess.PIPE, text=True)
        for name in ("intake", "routing", "notify")
    ]
    for process in started:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 1
        assert told == (
            "refused to start: zhangjiakou/rules.yaml:1: no office has the role nobody\n"
            "zhangjiakou/rules.yaml:2: unknown key copys: did you mean copies?\n"
        )


@pytest.mark.parametrize(
    "arguments",
    [
        ("token", "--role", "clerk"),
        ("topics", "apply", "--servers", "127.0.0.1:1", "--policy", "{pack}"),
        ("policy", "check", "{pack}"),
        ("policy", "coverage", "{pack}"),
        ("policy", "explain", "{pack}", "--category", "petition.request", "--area", "130722"),
        ("policy", "diff", "{pack}", "{pack}"),
        ("calendar", "show", "2026", "--policy", "{pack}"),
        ("calendar", "check", "{pack}"),
        (
            "clock",
            "due",
            "--start",
            "2026-01-05T09:00+08:00",
            "--limit",
            "1wd",
            "--policy",
            "{pack}",
            "--office",
            "x-1",
        ),
    ],
)
def test_every_command_names_the_faults_of_a_broken_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    pack = write(small_city(tmp_path), "rules.yaml", BROKEN)
    monkeypatch.setenv("YIMEN_POLICY_DIR", str(pack))
    result = CliRunner().invoke(main, [part.replace("{pack}", str(pack)) for part in arguments])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "city/rules.yaml:1: no office has the role nobody\ncity/rules.yaml:2: unknown key copys" in result.output
