"""tus 1.0 (resumable uploads): what its headers say, and what they are answered with.

Core, creation with and without content, expiration and termination.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from email.utils import format_datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from contracts.attachments import AttachmentKind
from contracts.refusals import Fault, Refused
from libraries.runtime.failures import Rejected
from services.intake.attachments.rows import Attachment
from services.intake.domain.attachments import LARGEST, kind_of, name_of, refused_size

VERSION: Final = "1.0.0"
MEDIA_TYPE: Final = "application/offset+octet-stream"
SPOKEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tus-resumable": VERSION,
        "tus-version": VERSION,
        "tus-extension": "creation,creation-with-upload,expiration,termination",
        "tus-max-size": str(LARGEST),
    }
)
RESUMABLE_HEADER: Final = ("Tus-Resumable", {"const": VERSION})
LENGTH_HEADER: Final = ("Upload-Length", {"type": "integer", "minimum": 1, "maximum": LARGEST})
METADATA_HEADER: Final = (
    "Upload-Metadata",
    {"type": "string", "description": "`filename`, and if it is a `material` of the checklist its code; in base64."},
)
OFFSET_HEADER: Final = ("Upload-Offset", {"type": "integer", "minimum": 0})
NUMBER: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
LONGEST_METADATA: Final = 4096
KEYS: Final = frozenset({"filename", "name", "material"})


class Creation(NamedTuple):
    size: int
    name: str
    kind: AttachmentKind
    material: str = ""


def check_version(headers: Mapping[str, str]) -> None:
    if headers.get("tus-resumable") != VERSION:
        raise Rejected("tus_version")


def check_media_type(headers: Mapping[str, str]) -> None:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise Rejected("upload_media_type")


def number_in(headers: Mapping[str, str], name: str) -> int:
    given = headers.get(name.lower(), "")
    if not NUMBER.fullmatch(given):
        raise Rejected("upload_header", header=name)
    return int(given)


def creation_of(headers: Mapping[str, str]) -> Creation:
    """Raises `Rejected` with everything that is wrong."""
    size = number_in(headers, "Upload-Length")
    metadata = _metadata(headers.get("upload-metadata", ""))
    name = name_of(metadata.get("filename") or metadata.get("name", ""))
    kind = kind_of(name) if isinstance(name, str) else None
    named = {"Upload-Length": refused_size(size), "Upload-Metadata": name if isinstance(name, Refused) else kind}
    faults = [Fault(at, one.code, one.facts) for at, one in named.items() if isinstance(one, Refused)]
    if faults or not isinstance(name, str) or not isinstance(kind, AttachmentKind):
        raise Rejected("invalid", *faults)
    return Creation(size=size, name=name, kind=kind, material=metadata.get("material", ""))


def _metadata(metadata: str) -> dict[str, str]:
    """Pairs of a key and a value in base64; keys that we do not know mean nothing here, as the protocol has it."""
    if len(metadata) > LONGEST_METADATA:
        raise Rejected("upload_header", header="Upload-Metadata")
    pairs = (pair.strip().partition(" ") for pair in metadata.split(","))
    found = {key.lower(): value for key, _, value in pairs if key.lower() in KEYS}
    try:
        return {key: b64decode(value, validate=True).decode("utf-8") for key, value in found.items()}
    except ValueError:
        raise Rejected("upload_header", header="Upload-Metadata") from None


def told(one: Attachment) -> dict[str, str]:
    """How far an upload is, and until when it can be gone on with."""
    headers = {"upload-offset": str(one.arrived), "upload-length": str(one.size)}
    if one.state == "coming" and one.clean_at is not None:
        headers["upload-expires"] = format_datetime(one.clean_at, usegmt=True)
    return headers
