"""`yimen policy show`: what holds, and from which line of which pack each value comes; also of a day that is over."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from console.activating import history
from console.in_force import content_in_force
from console.target import Target
from libraries.deadlines.civil_time import midnight
from libraries.policies.archive import unpack
from libraries.policies.load import time_zone_of
from libraries.policies.merged import MergedRow, merged
from libraries.policies.watch import SINCE_EVER
from libraries.runtime.clock import Clock
from services.routing.policy_versions import Entry


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The rows are those of the version that was in force last; `versions` are all of the day."""

    versions: tuple[dict[str, Any], ...]
    rows: tuple[MergedRow, ...]


def of_folder(folder: Path, parts: frozenset[str]) -> Shown:
    return Shown(versions=(), rows=tuple(merged(folder, parts)))


def of_installation(target: Target, day: date | None, parts: frozenset[str]) -> Shown:
    """Of now, or of a day."""
    now = Clock.of(target.settings).now()
    begin = end = now
    if day is not None:
        zone = time_zone_of(target.policy)
        begin, end = midnight(day.toordinal(), zone), min(midnight(day.toordinal() + 1, zone), now)
    if begin > now:
        raise click.UsageError(f"{day} lies ahead: what is planned stands in yimen policy versions")
    there = asyncio.run(history(target))
    content = asyncio.run(content_in_force(target.settings, end))
    if content is None:
        raise click.ClickException("nothing has begun here yet")
    with _unpacked(content) as folder:
        rows = tuple(merged(folder, parts))
    return Shown(versions=tuple(entry._asdict() for entry in of_span(there, begin, end)), rows=rows)


def of_span(there: list[Entry], begin: datetime, end: datetime) -> list[Entry]:
    """Those that were in force at some moment of a time."""
    moments = [begin, *(entry.starts_at for entry in there if begin < entry.starts_at < end)]
    found = [next((one for one in reversed(there) if one.starts_at <= moment), None) for moment in sorted(moments)]
    return list(dict.fromkeys(one for one in found if one is not None))


def text(shown: Shown) -> Iterator[str]:
    for one in shown.versions:
        since = "" if one["starts_at"] == SINCE_EVER else f" from {one['starts_at'].isoformat(timespec='seconds')}"
        yield f"{one['version']}{since}, {one['author']}: {one['reason']}"
    part = ""
    for row in shown.rows:
        if row.part != part:
            part = row.part
            yield f"\n{part}"
        if part == "pack":
            yield from (f"  {one.where}  {one.name}: {_plain(one.value)}" for one in row.values)
            continue
        yield f"  {row.where}  {', '.join(f'{one.name}: {_plain(one.value)}' for one in row.values)}"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_plain(one)}' for name, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


@contextmanager
def _unpacked(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="yimen-policy-") as folder:
        yield unpack(content, Path(folder))
