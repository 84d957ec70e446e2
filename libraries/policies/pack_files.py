"""What stands in the folder of a pack: which files it may hold, their bytes, and what else lies there by accident."""

import difflib
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from libraries.policies.csv_text import Columns

HEADING: Final = "pack.yaml"
TABLES: Final = {
    "areas.csv": Columns(
        ("code", "name", "level", "parent"), ("valid_from", "valid_until", "successor", "open_work_to", "source")
    ),
    "categories.csv": Columns(
        ("code", "zh", "en", "lead_role", "handling_limit", "statutory", "source", "confidence"),
        ("co_roles", "copies", "extension", "approver", "article", "roll", "close_of_business", "warnings"),
    ),
}
LISTS: Final = (
    "approvers.yaml",
    "attributes.yaml",
    "calendars.yaml",
    "clocks.yaml",
    "documents.yaml",
    "escalation.yaml",
    "limits.yaml",
    "materials.yaml",
    "message_templates.yaml",
    "messages.yaml",
    "offices.yaml",
    "purposes.yaml",
    "reasons.yaml",
    "reviews.yaml",
    "rules.yaml",
    "sign_in.yaml",
)
YEAR: Final = re.compile(r"calendar-([0-9]{4})(?:-([2-9]))?\.yaml")
"""What a notice says of a year; the number is that of a notice which changes what those before it said."""
KNOWN: Final = (HEADING, *TABLES, *LISTS)
BESIDE: Final = re.compile(
    r"\..*|~\$.*|.*~|#.*#|.*\.(swp|swo|bak|orig|tmp|rej)|(readme|license|changelog|makefile|notice)(\..*)?"
    r"|desktop\.ini|thumbs\.db|__macosx|lost\+found|calendar-writing-.*",
    re.IGNORECASE,
)
"""What may stand beside the files of a pack: hidden files, copies that an editor leaves, and a few words about it."""
MOST_BYTES: Final = {".csv": 16 * 1024 * 1024, ".yaml": 1024 * 1024}
MOST_NAMES: Final = 1_000

Signature = tuple[tuple[str, int, int], ...]


class NotAFile(ValueError):
    """Something stands under the name, and it is no file that can be read."""


def content_of(path: Path, most: int) -> bytes | None:
    """The bytes of a file; none if nothing stands there. Raises `NotAFile`."""
    try:
        # A pipe would wait for whoever writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        if path.is_symlink():
            raise NotAFile("is a link to a file that is not there") from None
        return None
    except (OSError, ValueError) as error:
        raise NotAFile(f"cannot be read: {_told(error)}") from None
    try:
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(kind):
            raise NotAFile("is a folder, and must be a file")
        if not stat.S_ISREG(kind):
            raise NotAFile("is no ordinary file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(most + 1)
    except OSError as error:
        raise NotAFile(f"cannot be read: {_told(error)}") from None
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise NotAFile(f"is larger than {most >> 20} MiB")
    return content


def unknown_files(pack: Path) -> Iterator[tuple[str, str]]:
    """Names in the folder that are no file of a pack, each with what to do."""
    names = _names(pack)
    for name in names[:MOST_NAMES]:
        if name in KNOWN or name.startswith("calendar-") or BESIDE.fullmatch(name):
            continue
        near = _meant(name, names)
        meant = f"did you mean {near}?" if near else f"it holds {', '.join(KNOWN)} and calendar-YYYY.yaml alone"
        yield _printable(name), f"is no file of a pack; {meant} (rename it, or move it elsewhere)"
    if len(names) > MOST_NAMES:
        yield HEADING, f"more than {MOST_NAMES} names stand in this folder, which is none of a pack"


def years(pack: Path) -> list[str]:
    """Names of the files of published years, and of what is named nearly so."""
    return [name for name in _names(pack)[:MOST_NAMES] if name.startswith("calendar-") and not BESIDE.fullmatch(name)]


def files(pack: Path) -> list[Path]:
    """The files of the pack that are there."""
    return [pack / name for name in _names(pack)[:MOST_NAMES] if name in KNOWN or YEAR.fullmatch(name)]


def fingerprint(packs: Sequence[Path]) -> str:
    """Twelve hex digits of the content of all files."""
    digest = hashlib.sha256()
    for pack in packs:
        for path in files(pack):
            digest.update(f"{pack.name}/{path.name}\0".encode())
            try:
                digest.update(content_of(path, MOST_BYTES[path.suffix]) or b"")
            except NotAFile as error:
                digest.update(str(error).encode())
    return digest.hexdigest()[:12]


def signature(packs: Sequence[Path]) -> Signature:
    """Changes with whatever stands in the folders, files of a pack or not."""
    return tuple(_seen(pack, name) for pack in packs for name in _names(pack)[:MOST_NAMES])


def _seen(pack: Path, name: str) -> tuple[str, int, int]:
    path = os.path.join(pack, name)  # noqa: PTH118 -- a name need not be text
    try:
        found = os.stat(path)  # noqa: PTH116 -- as above
    except OSError:
        return path, 0, -1
    return path, found.st_mtime_ns, found.st_size


def _names(pack: Path) -> list[str]:
    try:
        return sorted(os.listdir(pack))  # noqa: PTH208 -- names, and no paths
    except (OSError, ValueError):
        return []


def _meant(name: str, there: Sequence[str]) -> str | None:
    """The file that was probably meant, unless it stands there too."""
    stem = name.lower().rpartition(".")[0] or name.lower()
    same = [known for known in KNOWN if known.rpartition(".")[0] == stem]
    near = same or difflib.get_close_matches(name.lower(), KNOWN, 1, 0.75)
    return near[0] if near and near[0] not in there else None


def _printable(name: str) -> str:
    return name if name.isprintable() else ascii(name)[1:-1]


def _told(error: Exception) -> str:
    return (getattr(error, "strerror", None) or type(error).__name__).lower()
