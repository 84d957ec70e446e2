"""What may be attached: by name, size and content; pictures are decoded in a process of their own, within bounds."""

import io
import struct
import zlib

import pytest
from PIL import Image

from contracts.access import Relation
from contracts.attachments import AttachmentKind
from contracts.codes import CaseState
from contracts.refusals import Refused
from services.intake.attachments.thumbnails import thumbnail_of
from services.intake.domain.attachments import (
    FORMS,
    LARGEST,
    MOST,
    kind_of,
    name_of,
    refused_by_case,
    refused_content,
    refused_size,
)
from tests.pictures import docx, jpeg, packed, pdf, png

K = AttachmentKind


def code(found: object) -> str:
    return found.code if isinstance(found, Refused) else ""


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("身份证.jpg", "身份证.jpg"),
        ("C:\\Users\\x\\宅基地证.PDF", "宅基地证.PDF"),
        ("../../etc/passwd.png", "passwd.png"),
        (" cafe\u0301.png ", "caf\u00e9.png"),
        ("𠮷田.webp", "𠮷田.webp"),
        ("<b>.pdf", "<b>.pdf"),
    ],
)
def test_a_name_is_its_last_part(given: str, kept: str) -> None:
    assert name_of(given) == kept


@pytest.mark.parametrize(
    "given", ["", "   ", "..", "a/", "a\0.png", "gpj.\u202etxt.exe", "x\n.png", "n" * 121, "\ud800.png"]
)
def test_a_name_that_hides_or_leads_elsewhere_is_refused(given: str) -> None:
    assert code(name_of(given)) == "attachment_name"


def test_the_end_of_the_name_says_the_kind() -> None:
    assert {kind_of(f"x.{end.upper()}") for form in FORMS.values() for end in form.extensions} == set(K)
    for name in ("x.exe", "x.docm", "x.svg", "x.html", "x", "jpg", "x.jpg.exe", "x.txt"):
        assert code(kind_of(name)) == "attachment_kind", name


def test_sizes_have_two_ends() -> None:
    assert [code(refused_size(size)) for size in (1, LARGEST)] == ["", ""]
    assert [code(refused_size(size)) for size in (0, LARGEST + 1)] == ["attachment_size"] * 2


def test_who_adds_when_and_how_many() -> None:
    for relation in (Relation.WINDOW, Relation.LEAD, Relation.CO_HANDLER, Relation.COORDINATOR, Relation.ASSISTANT):
        assert refused_by_case(CaseState.IN_PROGRESS, MOST - 1, {relation}) is None
    for relation in (Relation.FORMER, Relation.COPY, Relation.AREA_WINDOW, Relation.OPS, Relation.APPLICANT):
        assert code(refused_by_case(CaseState.IN_PROGRESS, 0, {relation})) == "may_not_attach"
    assert code(refused_by_case(CaseState.IN_PROGRESS, MOST, {Relation.LEAD})) == "too_many_attachments"
    assert code(refused_by_case(CaseState.CLOSED, 0, {Relation.WINDOW})) == "attachment_too_late"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (K.JPEG, jpeg()),
        (K.PNG, png()),
        (K.PDF, pdf()),
        (K.DOCX, docx()),
        (K.XLSX, packed("[Content_Types].xml", "xl/workbook.xml")),
        (K.OFD, packed("OFD.xml", "Doc_0/Document.xml")),
        (K.WEBP, b"RIFF\x00\x00\x00\x00WEBPVP8 "),
    ],
)
def test_content_is_what_the_name_says_and_nothing_else(kind: AttachmentKind, content: bytes) -> None:
    assert refused_content(kind, content) is None
    others = {one for one in K if FORMS[one].begins != FORMS[kind].begins or FORMS[one].holds != FORMS[kind].holds}
    assert {code(refused_content(one, content)) for one in others} == {"attachment_content"}


def swelling(package: bytes) -> bytes:
    """Whose own list says that its first part becomes two gigabytes."""
    at = package.index(b"PK\x01\x02") + 24
    return package[:at] + struct.pack("<I", 2**31) + package[at + 4 :]


@pytest.mark.parametrize(
    "content",
    [
        docx("word/vbaProject.bin"),
        docx()[:-30],
        b"PK\x03\x04",
        packed("word/document.xml"),
        swelling(docx()),
    ],
    ids=["macros", "cut off", "nothing", "half", "swells"],
)
def test_a_package_with_macros_damage_or_a_bomb_is_refused(content: bytes) -> None:
    assert code(refused_content(K.DOCX, content)) == "attachment_content"


async def test_a_thumbnail_is_small_upright_and_says_nothing_of_where_it_was_taken() -> None:
    made = await thumbnail_of(jpeg(3000, 1000))
    assert isinstance(made, bytes)
    with Image.open(io.BytesIO(made)) as shown:
        assert (shown.format, shown.size) == ("JPEG", (320, 107))
        assert not shown.getexif()
    assert isinstance(await thumbnail_of(png()), bytes)


def png_of(width: int, height: int) -> bytes:
    """That says it is so large, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    head = struct.pack("!IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")


async def test_a_picture_that_cannot_be_decoded_or_is_a_bomb_ends_the_decoder_alone() -> None:
    assert code(await thumbnail_of(png_of(60_000, 60_000))) == "attachment_pixels"
    for content in (b"\xff\xd8\xff" + b"\0" * 5000, jpeg()[:200], png_of(7000, 9000), b"GIF89a" + b"\0" * 100):
        assert code(await thumbnail_of(content)) == "attachment_content"
