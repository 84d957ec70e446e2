"""A service that runs keeps its policy and says which pack it refused; one that starts with a broken pack says why."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from litestar.testing import TestClient

from console.main import main
from libraries.policies import PolicyWatch
from libraries.runtime.web.app import DEGRADED, OK, build_app
from tests.packs import PACKS, small_city, write

FAULTS = (
    "city/rules.yaml:1: no office has the role nobody",
    "city/rules.yaml:2: unknown key copys: did you mean copies?",
)
BROKEN = "- {id: a, lead: nobody}\n- {id: b, lead: petition, copys: [health]}\n"


def test_a_refused_pack_is_named_in_readiness_and_the_service_stays_ready(tmp_path: Path) -> None:
    pack = small_city(tmp_path)
    watch = PolicyWatch(pack)
    version = watch.policy.version

    async def probe() -> dict[str, str]:
        return {"policy": f"{DEGRADED}{watch.refusal()}" if watch.refusal() else OK}

    with TestClient(build_app("intake", [], state={"token_key": "k"}, probe=probe)) as client:
        assert client.get("/health/ready").json() == {"policy": OK}
        write(pack, "rules.yaml", BROKEN)
        watch.refresh()
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()) == (
            200,
            {
                "policy": f"degraded: {pack} was refused, {version} goes on: {'; '.join(FAULTS)}",
            },
        )
        (pack / "rules.yaml").unlink()
        watch.refresh()
        assert client.get("/health/ready").json() == {"policy": OK}


@pytest.mark.parametrize("name", ["rules.yml", "Rules.yaml", "notes.txt"])
def test_a_stranger_that_comes_while_a_service_runs_is_seen(tmp_path: Path, name: str) -> None:
    pack = small_city(tmp_path)
    watch = PolicyWatch(pack)
    write(pack, name, "[]\n")
    assert not watch.refresh()
    assert f"city/{name}:1: is no file of a pack" in watch.refusal()
    (pack / name).unlink()
    watch.refresh()
    assert watch.refusal() == ""


def test_whatever_becomes_of_the_folder_the_running_policy_stays(tmp_path: Path) -> None:
    pack = small_city(tmp_path)
    watch = PolicyWatch(pack)
    before = watch.policy
    shutil.rmtree(pack)
    assert not watch.refresh()
    assert "city/pack.yaml:1: the pack has no pack.yaml" in watch.refusal()
    pack.write_text("no folder any more")
    watch.refresh()
    assert watch.policy is before


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
