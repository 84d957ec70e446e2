"""`yimen account`: people in, people out, all of a list or none of it."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from console.main import main
from libraries.runtime.database.engine import open_engine, transaction
from services.portal import store
from services.portal.passwords import is_right
from tests.integration.portal.conftest import KEY

Run = Callable[..., Result]


@pytest.fixture
async def run(database: str) -> Run:
    environment = {
        "YIMEN_DATABASE_URL": database,
        "YIMEN_KAFKA_SERVERS": "127.0.0.1:9",
        "YIMEN_TOKEN_KEY": KEY,
        "YIMEN_DATA": "/nonexistent",
    }

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["account", *arguments], env=environment)

    return command


async def ran(run: Run, *arguments: str) -> Result:
    return await asyncio.to_thread(run, *arguments)


async def listed(run: Run) -> dict[str, Any]:
    return {one["login"]: one for one in json.loads((await ran(run, "list", "--json")).stdout)}


async def test_an_account_comes_holds_posts_and_goes(run: Run, database: str) -> None:
    office = ("--role", "officer", "--office", "education-130722000000")
    made = await ran(run, "add", "zbx-edu", *office, "--json")
    (told,) = json.loads(made.stdout)
    assert (await ran(run, "add", "zbx-edu", "--role", "coordinator", "--area", "130722")).stdout == ""
    found = (await listed(run))["zbx-edu"]
    assert [(post["role"], post["area"]) for post in found["posts"]] == [
        ("officer", "130722000000"),
        ("coordinator", "130722000000"),
    ]
    assert found["must_change"]
    again = json.loads((await ran(run, "reset", "zbx-edu", "--json")).stdout)
    engine = open_engine(_Settings(database), "portal")
    async with transaction(engine) as conn:
        kept = await store.find_account(conn, "zbx-edu")
    await engine.dispose()
    assert await is_right(kept.password_hash, again["password"])
    assert not await is_right(kept.password_hash, told["password"])
    await ran(run, "disable", "zbx-edu")
    assert (await listed(run))["zbx-edu"]["disabled_at"]
    await ran(run, "disable", "zbx-edu", "--undo")
    assert not (await listed(run))["zbx-edu"]["disabled_at"]
    missing = await ran(run, "disable", "nobody-here")
    assert missing.exit_code == 1


class _Settings:
    def __init__(self, database: str) -> None:
        self.database_url = database


async def test_a_list_of_staff_comes_whole_or_not_at_all(run: Run, tmp_path: Path) -> None:
    staff = tmp_path / "staff.csv"
    staff.write_text(
        "\ufefflogin,role,office,area,post\n"
        "zbz-1,clerk,township-130722100000,,window-1\n"
        "zbz-2,clerk,township-130722100000,,window-2\n"
        "zbx-xf,officer,petition-130722000000,,\n",
        "utf-8",
    )
    made = await ran(run, "import", str(staff))
    assert [line.partition(",")[0] for line in made.stdout.splitlines()] == ["zbz-1", "zbz-2", "zbx-xf"]
    assert (await listed(run)).keys() == {"zbz-1", "zbz-2", "zbx-xf"}
    staff.write_text("login,role,office,area,post\nok-1,clerk,,130722,\n张三,clerk,,130722,\nx-1,officer,,,\n", "utf-8")
    refused = await ran(run, "import", str(staff))
    assert refused.exit_code == 2
    assert "line 3" in refused.stderr
    assert "line 4" in refused.stderr
    assert "ok-1" not in await listed(run)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"name,office\na,b\n", b""])
async def test_what_is_no_list_is_refused(run: Run, tmp_path: Path, content: bytes) -> None:
    staff = tmp_path / "staff.csv"
    staff.write_bytes(content)
    assert (await ran(run, "import", str(staff))).exit_code == 2
