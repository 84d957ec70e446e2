"""Signed heads of the chain, and the file outside the database to which they are appended."""

import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec.structs import replace

from contracts.events.audit import AuditHeadSigned

FORM: Final = "yimen/audit-head/1"
OWNER_ONLY: Final = 0o600


class Signer:
    """The installation's key, which signs and never leaves it."""

    def __init__(self, seed: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(b64decode(seed))

    @property
    def public(self) -> str:
        return b64encode(self._key.public_key().public_bytes_raw()).decode()

    def head(
        self, service: str, position: int, chained: bytes, at: datetime, *, restored: bool = False
    ) -> AuditHeadSigned:
        bare = AuditHeadSigned(
            service=service,
            position=position,
            hash=chained.hex(),
            restored=restored,
            key=self.public,
            signature="",
            signed_at=at,
        )
        return replace(bare, signature=b64encode(self._key.sign(signed_bytes(bare))).decode())


def signed_bytes(head: AuditHeadSigned) -> bytes:
    """What the signature is made of: a JSON array without blanks."""
    at = head.signed_at.astimezone(UTC).isoformat(timespec="microseconds")
    return msgspec.json.encode([FORM, head.service, head.position, head.hash, head.restored, at])


def is_signed_by(head: AuditHeadSigned, public: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public, validate=True))
        key.verify(b64decode(head.signature, validate=True), signed_bytes(head))
    except (InvalidSignature, ValueError):
        return False
    return True


def append(path: Path, head: AuditHeadSigned) -> None:
    """One line in one write: several services may share the file. Raises `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, OWNER_ONLY)
    try:
        os.write(descriptor, msgspec.json.encode(head) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> Iterator[AuditHeadSigned | int]:
    """Head by head in the order in which they were written; of a line that is none, its number."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield msgspec.json.decode(line, type=AuditHeadSigned)
            except msgspec.DecodeError:
                yield number
