"""A pack with its parents as one value: what is stored of a version, and what travels to the services."""

import tempfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from libraries.policies.load import load_policy, pack_chain
from libraries.policies.model import Policy
from libraries.policies.pack_files import KNOWN, MOST_BYTES, YEAR, content_of, files, fingerprint

MOST_UNPACKED: Final = 64 * 1024 * 1024
LEVEL: Final = 9


class BadArchive(ValueError):
    """The value is no pack as this version knows it."""


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """`files` has the bytes of each file by `pack/name`."""

    pack: str
    files: dict[str, bytes]


def archived(folder: Path) -> bytes:
    """The files of a pack and of its parents as they stand there at this moment. Raises `NotAFile`."""
    found = {
        f"{pack.name}/{path.name}": content_of(path, MOST_BYTES[path.suffix]) or b""
        for pack in pack_chain(folder)
        for path in files(pack)
    }
    return zlib.compress(msgspec.msgpack.encode(Archive(pack=folder.absolute().name, files=found)), LEVEL)


def load_archived(content: bytes, at: datetime | None = None) -> Policy:
    """The policy of an archive, with the places of a moment or of now. Raises `BadArchive` or `PolicyRefused`."""
    with tempfile.TemporaryDirectory(prefix="yimen-policy-") as folder:
        return load_policy(unpack(content, Path(folder)), at=at)


def unpack(content: bytes, folder: Path) -> Path:
    """Writes the packs into the folder; the local one is returned. Raises `BadArchive`."""
    archive = _read(content)
    for name, data in archive.files.items():
        pack, _, file = name.partition("/")
        if not _is_name(pack) or not (file in KNOWN or YEAR.fullmatch(file)):
            raise BadArchive("it holds a file that is none of a pack")
        (folder / pack).mkdir(exist_ok=True)
        (folder / pack / file).write_bytes(data)
    return folder / archive.pack


def _read(content: bytes) -> Archive:
    whole = zlib.decompressobj()
    try:
        data = whole.decompress(content, MOST_UNPACKED)
        archive = msgspec.msgpack.decode(data, type=Archive)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise BadArchive(type(error).__name__) from None
    if whole.unconsumed_tail or not _is_name(archive.pack):
        raise BadArchive("it is too large, or its name is none of a pack")
    return archive


def _is_name(folder: str) -> bool:
    """Of a folder, and no way out of the one in which it is made."""
    return folder not in {"", ".", ".."} and not set(folder) & {"/", "\\", "\0"}


def version_of(content: bytes) -> str:
    """What a policy of this content calls itself. Raises `BadArchive`."""
    with tempfile.TemporaryDirectory(prefix="yimen-policy-") as folder:
        pack = unpack(content, Path(folder))
        return f"{pack.name}-{fingerprint(pack_chain(pack))}"
