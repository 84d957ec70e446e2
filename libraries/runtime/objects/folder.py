"""A folder as a store: one file for each object, written beside and then put in its place."""

import asyncio
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import structlog

from libraries.runtime.objects import away

T = TypeVar("T")
log = structlog.get_logger()


class Folder:
    """Below it one folder for each group, spread over 256: random ends of ids fill them alike."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, name: str, content: bytes) -> None:
        await _told(lambda: _write(self._path(name), content))

    async def get(self, name: str) -> bytes:
        return await _told(self._path(name).read_bytes)

    async def names(self, group: str) -> Sequence[str]:
        folder = self._path(group)
        return await _told(lambda: [f"{group}/{found}" for found in _files(folder)])

    async def remove(self, names: Sequence[str]) -> None:
        await _told(lambda: _unlink([self._path(name) for name in names]))

    def _path(self, name: str) -> Path:
        group, _, rest = name.partition("/")
        folder = self._root / group[-2:] / group
        return folder / rest if rest else folder


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # its name, too, survives
    finally:
        os.close(folder)


def _files(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []


def _unlink(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in paths}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


async def _told(do: Callable[[], T]) -> T:
    """Beside the loop: a disk may be slow."""
    try:
        return await asyncio.to_thread(do)
    except OSError as error:
        log.error("storage_away", error=error.strerror)  # noqa: TRY400 -- a trace would only name the path
        raise away() from None
