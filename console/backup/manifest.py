"""What a backup says of itself, and whether its files are those of which it speaks."""

from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import Final

import msgspec

from console.installation import Time, write_whole

FORM: Final = 1
NAME: Final = "manifest.json"
DUMP: Final = "database.dump"


class BadBackup(ValueError):
    """It is none, it was changed, or this version cannot read it."""


class File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    bytes: int
    sha256: str


class Canary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the first start left in a database to know its keys by. It tells nobody anything of them."""

    wrapped: bytes
    sealed: bytes


class OfService(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service at the moment of the backup."""

    revision: str
    rows: dict[str, int]
    """By table, without partitions of their own."""
    chained: int
    """Position of the audit chain."""
    canaries: dict[str, Canary] = {}


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys stand in no backup: whoever finds one reads nothing that is personal."""

    form: int = FORM
    made_at: datetime
    """Real time."""
    yimen: str
    postgres: int
    """Major version of the server."""
    services: dict[str, OfService]
    time: Time | None
    """Simulated time in which the installation lives."""
    policy: str | None
    files: list[File]


def described(folder: Path, *names: str) -> list[File]:
    return [File(name=name, bytes=(folder / name).stat().st_size, sha256=_sum(folder / name)) for name in names]


def write(folder: Path, manifest: Manifest) -> None:
    """Last: a folder without it is no backup."""
    write_whole(folder / NAME, manifest)


def read(folder: Path) -> Manifest:
    """With every file as it was written. Raises `BadBackup`."""
    try:
        manifest = msgspec.json.decode((folder / NAME).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise BadBackup(f"{folder} has no {NAME}: it is no backup, or one that was never finished") from None
    except msgspec.DecodeError as error:
        raise BadBackup(f"{folder / NAME} cannot be read: {error}") from None
    if manifest.form != FORM:
        raise BadBackup(f"{folder} has the form {manifest.form}; this version reads {FORM}")
    for file in manifest.files:
        path = folder / file.name
        if Path(file.name).name != file.name or not path.is_file():
            raise BadBackup(f"{file.name} is missing in {folder}")
        if (path.stat().st_size, _sum(path)) != (file.bytes, file.sha256):
            raise BadBackup(f"{path} is not the file that was written: its checksum differs")
    return manifest


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
