"""A notice of a year's days becomes part of a pack: whole and at once, or not at all."""

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from libraries.deadlines import Calendar, Notice
from libraries.deadlines.limits import FIRST_YEAR, LAST_YEAR
from libraries.policies.heading import default_place
from libraries.policies.load import load_policy, pack_chain
from libraries.policies.model import Policy
from libraries.policies.pack_files import files
from libraries.policies.rows import Fault, PolicyRefused, read_document
from libraries.policies.years import MOST_NOTICES, file_name, with_published_years

READABLE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The pack before and after, and where the notice stands now."""

    notice: Notice
    path: Path
    before: Policy
    after: Policy


def publish(file: Path, pack: Path, today: date) -> Published:
    """Writes the notice into the pack. Raises `PolicyRefused`, and nothing has changed, if either is wrong.

    A notice counts from the moment at which it stands in the pack, so one that is not out yet is refused too.
    """
    before = load_policy(pack)
    year, order = _place(file, today)
    name = file_name(year, order)
    content = file.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        for each in pack_chain(pack):
            (Path(folder) / each.name).mkdir()
            for one in files(each):
                shutil.copyfile(one, Path(folder) / each.name / one.name)
        (Path(folder) / pack.name / name).write_bytes(content)
        try:
            after = load_policy(Path(folder) / pack.name)
        except PolicyRefused as error:
            raise PolicyRefused(_named(error.faults, f"{pack.name}/{name}", file)) from None
    notice = after.calendar.notice(year, order)
    if notice is None:
        raise PolicyRefused([Fault(file=str(file), line=1, reason="the pack does not take it up")])
    _write(pack / name, content)
    return Published(notice=notice, path=pack / name, before=before, after=after)


def calendar_of_file(file: Path) -> Calendar:
    """The national calendar with the notice of the file. Raises `PolicyRefused`."""
    name = file_name(*_place(file))
    faults: list[Fault] = []
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(folder) / "file"
        pack.mkdir()
        shutil.copyfile(file, pack / name)
        calendar = with_published_years(default_place().calendar, [pack], faults)
    if faults:
        raise PolicyRefused(_named(tuple(faults), f"file/{name}", file))
    return calendar


def _place(file: Path, today: date | None = None) -> tuple[int, int]:
    """The year that the file is about, and the number of its notice."""
    faults: list[Fault] = []
    head, _ = read_document(file, str(file), "days", faults)
    year, order = head.values.get("year"), head.values.get("notice", 1)
    if not faults and not (isinstance(year, int) and FIRST_YEAR <= year <= LAST_YEAR):
        head.refuse(f"year must be a number from {FIRST_YEAR} to {LAST_YEAR}")
    if not faults and not (isinstance(order, int) and 1 <= order <= MOST_NOTICES):
        head.refuse(f"notice must be a number from 1 to {MOST_NOTICES}")
    published_on = head.values.get("published_on")
    if today is not None and isinstance(published_on, date) and published_on > today:
        head.refuse(f"published_on lies ahead; today is {today}")
    if faults or not isinstance(year, int) or not isinstance(order, int):
        raise PolicyRefused(faults)
    return year, order


def _named(faults: tuple[Fault, ...], staged: str, file: Path) -> list[Fault]:
    """Faults of the file under the name that it was given by."""
    return [replace(fault, file=str(file)) if fault.file == staged else fault for fault in faults]


def _write(path: Path, content: bytes) -> None:
    """Readers see the old file or the new one, never a part, and a loss of power changes nothing about that."""
    # Without a dot in its name it is no file of the pack yet: whoever watches the folder does not look at it.
    handle, temporary = tempfile.mkstemp(prefix="calendar-writing-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(temporary, READABLE)  # noqa: PTH101 -- mkstemp gives a name
        os.replace(temporary, path)  # noqa: PTH105 -- the same
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108 -- the same
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
