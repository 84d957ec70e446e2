"""A real clamd, with one signature of our own: what it finds is not kept, and nothing is kept while it is away."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from services.intake.attachments.scanning import Scanner
from tests.integration.intake.clients import open_client
from tests.integration.intake.test_access import Stage, staged
from tests.integration.intake.test_attachments import attach, begin, far, go_on, lying
from tests.integration.intake.test_taking_over import AID, CARD, a_case, seen, take, wrong
from tests.integration.intake.test_taking_over import attach as uploaded
from tests.pictures import pdf
from tests.programs import CLAMD

INFECTED, CLEAN = pdf(400) + b"% infected\n%%EOF", pdf(400)
SETTINGS = """
DatabaseDirectory {folder}
LocalSocket {folder}/socket
Foreground yes
LogFile {folder}/log
PidFile {folder}/pid
ConcurrentDatabaseReload no
"""


@asynccontextmanager
async def clamd(folder: Path) -> AsyncIterator[str]:
    """The path of its socket, once it answers."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    signature = f"{hashlib.md5(INFECTED).hexdigest()}:{len(INFECTED)}:Yimen.Test\n"
    (folder / "own.hdb").write_text(signature)
    (folder / "clamd.conf").write_text(SETTINGS.format(folder=folder))
    child = await asyncio.create_subprocess_exec(
        CLAMD.demand(), "-c", str(folder / "clamd.conf"), stdout=asyncio.subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            with suppress(OSError):
                _, writer = await asyncio.open_unix_connection(str(folder / "socket"))
                writer.close()
                break
            assert child.returncode is None, (folder / "log").read_text()
            await asyncio.sleep(0.1)
        yield str(folder / "socket")
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()
        (folder / "socket").unlink(missing_ok=True)


@pytest.fixture
async def scanned(database: str, tmp_path: Path) -> AsyncIterator[Stage]:
    CLAMD.demand()
    scanner = Scanner(address=str(tmp_path / "clamd" / "socket"))
    async with open_client(database, tmp_path / "store", scanner) as (http, engine):
        yield await staged(http, engine)


async def test_what_the_scanner_finds_is_not_kept_and_nothing_is_while_it_is_away(
    scanned: Stage, tmp_path: Path
) -> None:
    async with clamd(tmp_path / "clamd"):
        reply = await begin(scanned, len(INFECTED), "报告.pdf", content=INFECTED)
        assert (reply.status_code, reply.json()["code"]) == (422, "attachment_virus")
        assert (await attach(scanned, CLEAN, "报告.pdf"))["size"] == len(CLEAN)
    path = (await begin(scanned, len(CLEAN), "晚到.pdf")).headers["location"]
    reply = await go_on(scanned, path, 0, CLEAN)
    assert (reply.status_code, reply.json()["code"]) == (503, "scanner_away")
    assert (await far(scanned, path)).headers["upload-offset"] == "0"
    assert len(lying(tmp_path / "store")) == 1
    async with clamd(tmp_path / "clamd"):
        assert (await go_on(scanned, path, 0, CLEAN)).status_code == 204


async def test_a_file_of_before_the_scanner_is_not_taken_over_unseen(database: str, tmp_path: Path) -> None:
    CLAMD.demand()
    async with open_client(database, tmp_path / "store") as (http, engine):
        stage = await staged(http, engine)
        first = (await a_case(stage, 7, AID))["number"]
        files = [await uploaded(stage, first, one, "a.pdf", CARD) for one in (INFECTED, CLEAN)]
        second = (await a_case(stage, 8, AID))["number"]
    scanner = Scanner(address=str(tmp_path / "clamd" / "socket"))
    async with open_client(database, tmp_path / "store", scanner) as (http, engine):
        stage = replace(stage, http=http, engine=engine)
        ids = [one.json()["id"] for one in files]
        away = await take(stage, second, *ids)
        assert (away.status_code, away.json()["code"]) == (503, "scanner_away")
        async with clamd(tmp_path / "clamd"):
            reply = await take(stage, second, *ids)
            assert (reply.status_code, wrong(reply)) == (422, [("attachments[0]", "file_infected")])
            assert await seen(stage, second, "/attachments") == []
            assert (await take(stage, second, ids[1])).status_code == 201
