"""Attachments at intake's doors: a foreign client of the protocol, hostile ones, crashes, and the end of a case."""

import asyncio
import hashlib
import io
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image
from sqlalchemy import text
from tusclient import client as tus_client

from contracts.access import Relation
from contracts.attachments import AttachmentKind
from libraries.policies import load_policy
from libraries.runtime.database.engine import transaction
from libraries.runtime.objects.folder import Folder
from libraries.runtime.web.auth import Principal
from services.intake.attachments.cleaning import Cleaner
from services.intake.attachments.keeping import PART
from services.intake.attachments.tus import MEDIA_TYPE
from services.intake.domain.attachments import LARGEST, MOST
from services.intake.erasing import erase
from tests.integration.intake.clients import open_client
from tests.integration.intake.test_access import WHO, Stage, staged
from tests.integration.intake.test_registration import PACK
from tests.integration.web import bearer
from tests.pictures import docx, jpeg, pdf

WINDOW, LEAD, FORMER, STRANGER = (
    WHO[one] for one in (Relation.WINDOW, Relation.LEAD, Relation.FORMER, Relation.STRANGER)
)
PICTURE = jpeg()


@pytest.fixture
async def shelf(database: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_client(database, tmp_path) as (http, engine):
        yield await staged(http, engine)


def heads(size: int, name: str = "现场.jpg", **more: str) -> dict[str, str]:
    told = f"filename {b64encode(name.encode()).decode()}"
    return {"tus-resumable": "1.0.0", "upload-length": str(size), "upload-metadata": told} | more


async def begin(stage: Stage, size: int, name: str = "现场.jpg", who: Principal = WINDOW, content: bytes = b"") -> Any:
    sent = heads(size, name, **({"content-type": MEDIA_TYPE} if content else {}))
    path = f"/v1/cases/{stage.number}/attachments"
    return await stage.http.post(path, headers=bearer(who) | sent, content=content or None)


async def attach(stage: Stage, content: bytes, name: str, who: Principal = WINDOW) -> dict[str, Any]:
    reply = await begin(stage, len(content), name, who, content)
    assert reply.status_code == 201, reply.text
    told: dict[str, Any] = reply.json()
    return told


async def go_on(stage: Stage, path: str, offset: int, content: bytes, who: Principal = WINDOW) -> httpx.Response:
    sent = {"tus-resumable": "1.0.0", "upload-offset": str(offset), "content-type": MEDIA_TYPE}
    return await stage.http.patch(path, headers=bearer(who) | sent, content=content)


async def far(stage: Stage, path: str, who: Principal = WINDOW) -> httpx.Response:
    return await stage.http.head(path, headers=bearer(who) | {"tus-resumable": "1.0.0"})


async def rows(stage: Stage, statement: str) -> list[Any]:
    async with stage.engine.begin() as conn:
        found = await conn.execute(text(statement))
        return list(found.all()) if found.returns_rows else []


def lying(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file())


async def test_a_file_in_one_request_is_listed_fetched_shown_and_said(shelf: Stage, tmp_path: Path) -> None:
    told = await attach(shelf, PICTURE, "现场.jpg")
    assert (told["kind"], told["size"], told["name"]) == ("jpeg", len(PICTURE), "现场.jpg")
    assert told["sha256"] == hashlib.sha256(PICTURE).hexdigest()
    listed = (await shelf.asks(LEAD, "/attachments")).json()
    assert listed == [told | {"added_at": told["added_at"]}]
    reply = await shelf.asks(LEAD, f"/attachments/{told['id']}")
    assert reply.content == PICTURE
    assert reply.headers["content-type"] == "image/jpeg"
    assert reply.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E7%8E%B0")
    assert "sandbox" in reply.headers["content-security-policy"]
    thumbnail = await shelf.asks(LEAD, f"/attachments/{told['id']}/thumbnail")
    with Image.open(io.BytesIO(thumbnail.content)) as shown:
        assert max(shown.size) == 320
    (event,) = await rows(
        shelf, "SELECT convert_from(value, 'UTF8')::json v FROM journal WHERE type = 'yimen.case.attachment_added.v1'"
    )
    facts = {"attachment_id": told["id"], "kind": "jpeg", "size": len(PICTURE), "sha256": told["sha256"]}
    assert facts.items() <= event.v.items()
    assert "现场" not in str(event.v)
    story = (await shelf.asks(WINDOW, "/timeline")).json()
    assert story[-1]["zh"] == "收到附件：图片（JPEG）"
    reads = (await shelf.asks(WHO[Relation.COORDINATOR], "/reads")).json()
    opened = [(one["subject"], one["attachment_id"]) for one in reads if one["part"] == "attachments"]
    assert opened == [(LEAD.subject, told["id"])], "once a day for each reader"
    found = b"".join(one.read_bytes() for one in lying(tmp_path))
    assert b"JFIF" not in found
    assert b"Phone of nobody" not in found
    names = await rows(shelf, "SELECT sealed_name FROM attachments")
    assert "现场".encode() not in bytes(names[0].sealed_name)


async def test_a_foreign_client_uploads_in_pieces_and_resumes(shelf: Stage) -> None:
    content = pdf(3 * PART + 1234)
    client = tus_client.TusClient(f"{shelf.http.base_url}/v1/cases/{shelf.number}/attachments", headers=bearer(WINDOW))

    def first_half() -> str:
        stream = io.BytesIO(content)
        uploader = client.uploader(file_stream=stream, chunk_size=PART + 100, metadata={"filename": "证明.pdf"})
        uploader.upload(stop_at=PART + 100)
        return str(uploader.url)

    def the_rest(where: str) -> None:
        uploader = client.uploader(file_stream=io.BytesIO(content), chunk_size=700_000, url=where)
        assert uploader.offset == PART + 100
        uploader.upload()

    where = await asyncio.to_thread(first_half)
    assert (await shelf.asks(WINDOW, "/attachments")).json() == []
    await asyncio.to_thread(the_rest, where)
    (told,) = (await shelf.asks(WINDOW, "/attachments")).json()
    assert (told["name"], told["thumbnail"]) == ("证明.pdf", False)
    assert (await shelf.asks(WINDOW, f"/attachments/{told['id']}")).content == content
    assert (await shelf.asks(WINDOW, f"/attachments/{told['id']}/thumbnail")).json()["code"] == "no_thumbnail"


async def test_an_upload_goes_on_only_from_where_it_is_by_whom_it_was_begun(shelf: Stage) -> None:
    content = pdf(1000)
    path = (await begin(shelf, 1000, "a.pdf")).headers["location"]
    assert (await go_on(shelf, path, 0, content[:400])).headers["upload-offset"] == "400"
    for offset in (0, 399, 401, 1000):
        reply = await go_on(shelf, path, offset, content[offset:])
        assert (reply.status_code, reply.json()["code"]) == (409, "upload_offset"), offset
    assert (await go_on(shelf, path, 400, content)).status_code == 413
    assert (await go_on(shelf, path, 400, content[400:], LEAD)).status_code == 404
    assert (await far(shelf, path, LEAD)).status_code == 404
    found = await far(shelf, path)
    assert (found.headers["upload-offset"], found.headers["upload-length"]) == ("400", "1000")
    assert found.headers["upload-expires"].endswith("GMT")
    both = await asyncio.gather(*(go_on(shelf, path, 400, content[400:]) for _ in range(2)))
    assert sorted(one.status_code for one in both) in ([204, 409], [204, 404]), [one.text for one in both]
    assert len((await shelf.asks(WINDOW, "/attachments")).json()) == 1


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"tus-resumable": "0.2.2"}, 412, "tus_version"),
        ({"upload-length": "x"}, 400, "upload_header"),
        ({"upload-length": "-1"}, 400, "upload_header"),
        ({"upload-length": "٣"}, 400, "upload_header"),
        ({"upload-length": "0"}, 413, "attachment_size"),
        ({"upload-length": str(LARGEST + 1)}, 413, "attachment_size"),
        ({"upload-metadata": "filename %%%"}, 400, "upload_header"),
        ({"upload-metadata": ""}, 422, "attachment_name"),
        ({"upload-metadata": f"filename {b64encode(b'x.exe').decode()}"}, 422, "attachment_kind"),
        ({"upload-metadata": f"filename {b64encode(b'x.exe').decode()}", "upload-length": "0"}, 413, "attachment_size"),
        ({"content-type": "application/json"}, 415, "upload_media_type"),
    ],
)
async def test_what_is_no_upload_is_refused_and_leaves_nothing(
    shelf: Stage, sent: dict[str, str], status: int, code: str, tmp_path: Path
) -> None:
    headers = bearer(WINDOW) | heads(100, **{"content-type": MEDIA_TYPE}) | sent
    encoded = {name: value.encode() for name, value in headers.items()}
    path = f"/v1/cases/{shelf.number}/attachments"
    reply = await shelf.http.post(path, headers=encoded, content=b"x" * 10)
    assert (reply.status_code, reply.json()["code"]) == (status, code), reply.text
    assert reply.headers["tus-resumable"] == "1.0.0"
    assert await rows(shelf, "SELECT 1 FROM attachments") == []
    assert lying(tmp_path) == []


async def test_what_is_not_what_it_says_is_refused_with_its_last_byte_and_cleaned_away(
    shelf: Stage, tmp_path: Path
) -> None:
    for content, name in (
        (b"MZ" + b"\0" * 400, "证件.jpg"),
        (jpeg()[:300], "半张.jpg"),
        (docx("word/vbaProject.bin"), "宏.docx"),
        (pdf(), "假.docx"),
    ):
        reply = await begin(shelf, len(content), name, content=content)
        assert (reply.status_code, reply.json()["code"]) == (422, "attachment_content"), name
    assert (await shelf.asks(WINDOW, "/attachments")).json() == []
    await clean(shelf, tmp_path)
    assert lying(tmp_path) == []
    assert await rows(shelf, "SELECT 1 FROM attachments") == []


async def test_who_may_add_and_how_many(shelf: Stage) -> None:
    for relation, status in {
        Relation.LEAD: 201,
        Relation.CO_HANDLER: 201,
        Relation.COORDINATOR: 201,
        Relation.ASSISTANT: 201,
        Relation.AREA_WINDOW: 403,
        Relation.COPY: 403,
        Relation.FORMER: 403,
        Relation.OPS: 403,
        Relation.STRANGER: 404,
    }.items():
        reply = await begin(shelf, 10, who=WHO[relation])
        assert reply.status_code == status, (relation, reply.text)
    (before,) = await rows(shelf, "SELECT count(*) FROM attachments")
    answers = await asyncio.gather(*(begin(shelf, 10) for _ in range(MOST)))
    assert sum(one.status_code == 201 for one in answers) == MOST - before[0]
    assert {one.json()["code"] for one in answers if one.status_code != 201} == {"too_many_attachments"}
    (path,) = {one.headers["location"] for one in answers[:1]}
    gone = await shelf.http.delete(path, headers=bearer(WINDOW) | {"tus-resumable": "1.0.0"})
    assert gone.status_code == 204
    assert (await begin(shelf, 10)).status_code == 201
    assert (await far(shelf, path)).status_code == 404


async def test_a_part_that_was_changed_moved_or_taken_away_is_noticed(shelf: Stage, tmp_path: Path) -> None:
    told = await attach(shelf, pdf(2 * PART + 10), "长.pdf")
    path = f"/attachments/{told['id']}"
    first, second, last = lying(tmp_path)
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    assert (await shelf.asks(WINDOW, path)).status_code == 500
    first.write_bytes(kept)
    assert (await shelf.asks(WINDOW, path)).status_code == 200
    last.unlink()
    with pytest.raises(httpx.RemoteProtocolError):  # broken off: fewer bytes than were announced
        await shelf.asks(WINDOW, path)
    await rows(shelf, "UPDATE attachments SET parts = parts - 2")
    with pytest.raises(httpx.RemoteProtocolError):
        await shelf.asks(WINDOW, path)


async def clean(stage: Stage, folder: Path) -> None:
    """As after a day and an hour."""
    cleaner = Cleaner(engine=stage.engine, objects=Folder(folder))
    for _ in range(2):
        await rows(stage, "UPDATE attachments SET clean_at = now() - interval '1 second' WHERE clean_at IS NOT NULL")
        await cleaner.clean()


async def test_what_a_crash_or_an_upload_that_was_left_leaves_behind_is_taken_away(
    shelf: Stage, tmp_path: Path
) -> None:
    kept = await attach(shelf, PICTURE, "现场.jpg")
    before = lying(tmp_path)
    beside = [one.parent / name for one in before[:1] for name in ("0000-deadbeef", "0001-00000000.1234.new")]
    for one in beside:
        one.write_bytes(b"half")
    left = (await begin(shelf, 3 * PART, "a.pdf")).headers["location"]
    assert (await go_on(shelf, left, 0, pdf(3 * PART)[: 2 * PART])).status_code == 204
    assert len(lying(tmp_path)) == len(before) + 4
    await asyncio.gather(*(Cleaner(engine=shelf.engine, objects=Folder(tmp_path)).clean() for _ in range(3)))
    assert len(lying(tmp_path)) == len(before) + 4, "nothing is due"
    await clean(shelf, tmp_path)
    assert lying(tmp_path) == before
    assert (await far(shelf, left)).status_code == 404
    assert (await shelf.asks(WINDOW, f"/attachments/{kept['id']}")).content == PICTURE


async def test_a_full_disk_leaves_nothing_half_done_and_the_upload_goes_on_later(
    shelf: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = pdf(2 * PART)
    path = (await begin(shelf, len(content), "a.pdf")).headers["location"]
    assert (await go_on(shelf, path, 0, content[:PART])).status_code == 204
    with monkeypatch.context() as full:
        full.setattr("os.fsync", _full_disk)
        reply = await go_on(shelf, path, PART, content[PART:])
    assert (reply.status_code, reply.json()["code"]) == (503, "storage_away")
    assert reply.headers["retry-after"]
    assert len(lying(tmp_path)) == 1
    assert (await shelf.asks(WINDOW, "/attachments")).json() == []
    assert (await far(shelf, path)).headers["upload-offset"] == str(PART)
    assert (await go_on(shelf, path, PART, content[PART:])).status_code == 204
    (told,) = (await shelf.asks(WINDOW, "/attachments")).json()
    assert (await shelf.asks(WINDOW, f"/attachments/{told['id']}")).content == content


def _full_disk(_: int) -> None:
    raise OSError(28, "No space left on device")


async def test_erasing_the_case_takes_its_attachments_with_it(shelf: Stage, tmp_path: Path) -> None:
    told = await attach(shelf, PICTURE, "现场.jpg")
    open_one = (await begin(shelf, 100)).headers["location"]
    await rows(shelf, "UPDATE cases SET state = 'withdrawn'")
    assert (await go_on(shelf, open_one, 0, PICTURE[:100])).status_code in {409, 422}
    assert (await begin(shelf, 100)).json()["code"] == "attachment_too_late"
    async with transaction(shelf.engine) as conn:
        at = datetime.now(UTC)
        await erase(shelf.case_id, conn, load_policy(PACK), reason="erasure_request", at=at, by="console:operator")
    assert (await shelf.asks(WINDOW, "/attachments")).json() == []
    for path in (f"/attachments/{told['id']}", f"/attachments/{told['id']}/thumbnail"):
        reply = await shelf.asks(WINDOW, path)
        assert (reply.status_code, reply.json()["code"]) == (410, "erased")
    assert (await begin(shelf, 100)).json()["code"] == "erased"
    await clean(shelf, tmp_path)
    assert lying(tmp_path) == []
    assert await rows(shelf, "SELECT 1 FROM attachments") == []
    for path in (f"/attachments/{uuid4()}", "/attachments/x", "/attachments/x/upload"):
        assert (await shelf.asks(WINDOW, path)).status_code in {404, 405, 410}


def test_every_kind_has_words() -> None:
    assert all(one.zh and one.en for one in AttachmentKind)
