"""What may be attached to a case: kinds by name and content, sizes, numbers, and who may add."""

import io
import re
import unicodedata
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from contracts.access import ATTACHES, Relation
from contracts.attachments import AttachmentKind
from contracts.codes import CaseState
from contracts.refusals import Refused
from services.intake.domain.states import OVER

LARGEST: Final = 20 * 1024 * 1024
MOST: Final = 50
"""Of one case, those included that are on their way."""
MOST_PARTS: Final = 200
LONGEST_NAME: Final = 120
MOST_ENTRIES: Final = 5000
LARGEST_UNPACKED: Final = 500 * 1024 * 1024
"""Of a packed document, as its own list says. Nothing of it is unpacked here."""
TAIL: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a kind is named, sent and recognised."""

    extensions: tuple[str, ...]
    media_type: str
    begins: bytes
    holds: tuple[str, ...] = ()
    """What a packed document contains."""


_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
FORMS: Final[Mapping[AttachmentKind, Form]] = MappingProxyType(
    {
        AttachmentKind.JPEG: Form(extensions=("jpg", "jpeg"), media_type="image/jpeg", begins=b"\xff\xd8\xff"),
        AttachmentKind.PNG: Form(extensions=("png",), media_type="image/png", begins=b"\x89PNG\r\n\x1a\n"),
        AttachmentKind.WEBP: Form(extensions=("webp",), media_type="image/webp", begins=b"RIFF"),
        AttachmentKind.PDF: Form(extensions=("pdf",), media_type="application/pdf", begins=b"%PDF-"),
        AttachmentKind.OFD: Form(
            extensions=("ofd",), media_type="application/ofd", begins=b"PK\x03\x04", holds=("OFD.xml",)
        ),
        AttachmentKind.DOCX: Form(
            extensions=("docx",),
            media_type=f"{_OFFICE}.wordprocessingml.document",
            begins=b"PK\x03\x04",
            holds=("[Content_Types].xml", "word/document.xml"),
        ),
        AttachmentKind.XLSX: Form(
            extensions=("xlsx",),
            media_type=f"{_OFFICE}.spreadsheetml.sheet",
            begins=b"PK\x03\x04",
            holds=("[Content_Types].xml", "xl/workbook.xml"),
        ),
    }
)
PICTURES: Final = frozenset({AttachmentKind.JPEG, AttachmentKind.PNG, AttachmentKind.WEBP})
EXTENSIONS: Final = tuple(extension for form in FORMS.values() for extension in form.extensions)
SIZE: Final = f"{LARGEST // 1024 // 1024} MB"


def name_of(given: str) -> str | Refused:
    """The last part of what a browser sent, in one form of writing; nothing that turns the direction or hides."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", given)[-1]).strip()
    hidden = any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for char in name)
    if not name.strip(".") or len(name) > LONGEST_NAME or hidden:
        return Refused(code="attachment_name", facts={"most": LONGEST_NAME})
    return name


def kind_of(name: str) -> AttachmentKind | Refused:
    """By the end of the name; the content is checked against it when all of it is there."""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    kind = next((kind for kind, form in FORMS.items() if extension in form.extensions), None)
    return kind or Refused(code="attachment_kind", facts={"allowed": EXTENSIONS})


def refused_size(size: int) -> Refused | None:
    return None if 0 < size <= LARGEST else Refused(code="attachment_size", facts={"most": SIZE})


def refused_by_case(state: CaseState, known: int, relations: Collection[Relation]) -> Refused | None:
    """`known` are those that the case has, with those on their way."""
    if ATTACHES.isdisjoint(relations):
        return Refused(code="may_not_attach")
    if state in OVER:
        return Refused(code="attachment_too_late", facts={"state": state})
    return Refused(code="too_many_attachments", facts={"most": MOST}) if known >= MOST else None


def refused_content(kind: AttachmentKind, content: bytes) -> Refused | None:
    """Whether it is what its name says, as far as that shows without opening it. Pictures are decoded besides."""
    form = FORMS[kind]
    right = content.startswith(form.begins)
    if kind is AttachmentKind.WEBP:
        right = right and content[8:12] == b"WEBP"
    elif kind is AttachmentKind.PDF:
        right = right and b"%%EOF" in content[-TAIL:]
    elif form.holds:
        right = right and _is_packed(content, form.holds)
    return None if right else Refused(code="attachment_content")


def _is_packed(content: bytes, holds: Collection[str]) -> bool:
    """A package with these parts, without macros, that does not swell beyond all measure."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False
    names = {entry.filename for entry in entries}
    macros = any(name.lower().endswith("vbaproject.bin") for name in names)
    swells = len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > LARGEST_UNPACKED
    return names.issuperset(holds) and not macros and not swells
