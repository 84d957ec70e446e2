"""The file of a case: in order, the same each time, whole or not at all, and every text of it stays text."""

import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Mapping
from datetime import UTC
from typing import Any

import pytest

from libraries.casefile.gathering import Params, gather
from libraries.casefile.writing import Changed, archive

ATTACK = '<script>alert(1)</script>"/..\\=1+1'
PICTURE = b"\xff\xd8 picture"
AT = "2026-03-02T01:00:00Z"
OWN = "/v1/cases/c1"
CASE = {
    "case_id": "c1",
    "number": "130722-20260302-00017-7",
    "state": "in_progress",
    "category_zh": "转学",
    "category_en": "Change of school",
    "area_zh": "张北县",
    "first_contact_office_zh": "张北镇便民服务中心",
    "first_contact_office_en": "Window of Zhangbei",
    "received_at": AT,
    "summary": ATTACK,
    "checklist": [{"code": "id", "zh": "身份证", "en": "Identity card", "handed_in": True}],
}
DOCUMENT = {"id": 1, "number": "130722-20260302-00017-7-文01", "kind_zh": "受理回执", "kind_en": "Receipt"}
ATTACHED = {"id": "a1", "name": f"现场{ATTACK}.jpg", "sha256": hashlib.sha256(PICTURE).hexdigest()}
REFERRAL = {
    "referral_id": "r1",
    "office_zh": "教育局",
    "office_en": "Education bureau",
    "role": "lead",
    "state": "accepted",
    "dispatched_at": AT,
}
ANSWER = {"received_at": AT, "sender_zh": "教育局", "action_zh": "阶段反馈", "text": ATTACK}
STORY = [
    {"at": "2026-03-02T02:00:00Z", "zh": "受理", "en": "accepted", "who_zh": None, "who_en": None},
    {"at": AT, "zh": "登记", "en": "registered", "who_zh": "窗口", "who_en": "Window"},
]


class Refusal(Exception):
    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


class Answers:
    """Services that know one case; everything else is refused."""

    def __init__(self, **more: Any) -> None:
        self.known: Mapping[str, Any] = {
            OWN: CASE,
            f"/v1/cases/{CASE['number']}": CASE,
            f"{OWN}/applicant": {"name": "张示例", "phone": ""},
            f"{OWN}/timeline": STORY,
            f"{OWN}/explain": b"<html>why</html>",
            f"{OWN}/documents": [DOCUMENT],
            f"{OWN}/documents/1": b"%PDF",
            f"{OWN}/attachments": [ATTACHED],
            f"{OWN}/attachments/a1": PICTURE,
            "/v1/referrals": {"items": [REFERRAL]},
            "/v1/referrals/r1/answers": [ANSWER],
            "/v1/referrals/r1/explain": b"<html>law</html>",
            **more,
        }
        self.purposes: list[object] = []

    async def value(self, _: str, path: str, params: Params) -> Any:
        self.purposes += [params["purpose"]] if "purpose" in params else []
        if self.known.get(path) is None:
            raise Refusal(403)
        return self.known[path]

    async def content(self, service: str, path: str, params: Params) -> bytes:
        found: bytes = await self.value(service, path, params)
        return found

    async def stream(self, service: str, path: str) -> AsyncIterator[bytes]:
        content = await self.value(service, path, {})
        for byte in range(0, len(content), 4):
            yield content[byte : byte + 4]

    def refused(self, error: Exception) -> int | None:
        return error.status if isinstance(error, Refusal) else None


async def written(asks: Answers, language: str = "zh") -> bytes:
    file = await gather(asks, str(CASE["number"]), language, UTC)
    return b"".join([chunk async for chunk in archive(asks, file)])


async def test_everything_is_in_it_in_order_with_its_checksum_and_the_same_each_time() -> None:
    asks = Answers()
    made = await written(asks)
    assert made == await written(Answers())
    assert asks.purposes == ["archiving"]
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        assert package.testzip() is None
        names = package.namelist()
        assert names == [
            "index.html",
            "SHA256SUMS",
            "documents/01 受理回执.pdf",
            "dates/00.html",
            "dates/01 教育局.html",
            "data/referrals/01 教育局.json",
            "data/case.json",
            "data/applicant.json",
            "data/timeline.json",
            "attachments/01 现场_script_alert(1)__script___.._=1+1.jpg",
        ]
        sums = dict(line.split("  ", 1)[::-1] for line in package.read("SHA256SUMS").decode().splitlines())
        assert sums == {name: hashlib.sha256(package.read(name)).hexdigest() for name in names if name != "SHA256SUMS"}
        assert package.read(names[-1]) == PICTURE


@pytest.mark.parametrize(
    ("language", "says"), [("zh", ("教育局", "张示例", "已收")), ("en", ("Education bureau", "handed in"))]
)
async def test_the_index_tells_it_in_order_and_every_text_stays_text(language: str, says: tuple[str, ...]) -> None:
    with zipfile.ZipFile(io.BytesIO(await written(Answers(), language))) as package:
        index = package.read("index.html").decode()
    assert "<script" not in index
    assert index.count("&lt;script&gt;") == 3
    for text in says:
        assert text in index
    first, second = ("登记", "受理") if language == "zh" else ("registered", "accepted")
    assert index.rindex(first) < index.rindex(second)


async def test_what_may_not_be_read_is_left_out_and_said() -> None:
    hidden = {f"{OWN}/{part}": None for part in ("applicant", "documents", "attachments", "explain")}
    made = await written(Answers(**hidden, **{"/v1/referrals/r1/answers": None}))
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        assert not [name for name in package.namelist() if name.startswith(("documents", "attachments", "data/app"))]
        assert "无，或者无权查阅" in package.read("index.html").decode()
    with pytest.raises(Refusal):
        await written(Answers(**{f"/v1/cases/{CASE['number']}": None}))


async def test_an_attachment_that_is_another_ends_it_before_it_is_an_archive() -> None:
    asks, taken = Answers(**{f"{OWN}/attachments/a1": PICTURE + b"?"}), bytearray()
    file = await gather(asks, str(CASE["number"]), "zh", UTC)

    async def take() -> None:
        nonlocal taken
        async for chunk in archive(asks, file):
            taken += chunk

    with pytest.raises(Changed):
        await take()
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(taken))
