"""`yimen calendar`: show, check and compare the days that offices work, and publish a new year."""

import os
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import msgspec

from console.calendar_table import marked, months
from console.main import echo
from console.topics import DEFAULT_POLICY
from libraries.deadlines import BadQuestion, Calendar, Notice, read_question
from libraries.deadlines.limits import FIRST_YEAR, LAST_YEAR
from libraries.deadlines.national import calendar_of
from libraries.policies import Policy, PolicyRefused, load_policy
from libraries.policies.heading import default_place
from libraries.policies.load import time_zone_of
from libraries.policies.publishing import calendar_of_file, publish

File = click.Path(exists=True, dir_okay=False, path_type=Path)
Folder = click.Path(exists=True, file_okay=False, path_type=Path)
SHIPPED = "-"
T = TypeVar("T")

pack_option = click.option("--policy", type=Folder, help="The pack; else YIMEN_POLICY_DIR, else the shipped one.")
json_option = click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")


@click.group()
def calendar() -> None:
    """Calendars: which days offices work, make-up days included."""


@calendar.command()
@click.argument("year", type=click.IntRange(FIRST_YEAR, LAST_YEAR))
@click.option("--office", help="The days of this office.")
@pack_option
@json_option
def show(*, year: int, office: str | None, policy: Path | None, as_json: bool) -> None:
    """A year, month by month, with days off (休) and worked weekends (班) marked."""
    days = _of_office(_loaded(policy, as_json=as_json), office)
    notice = days.notice(year) if year <= days.published_through.year else None
    speaking = days.notices_of(map(date.fromordinal, _ordinals(year))) if notice is not None else []
    if as_json:
        _answer_json(
            {
                "year": year,
                "office": office,
                "version": days.version,
                "published": notice is not None,
                "source": notice.source if notice else None,
                "published_on": notice.published_on if notice else None,
                "notices": [_described(one) for one in speaking],
                "settled_through": days.settled_through,
                "working_days": sum(days.works(day) for day in _ordinals(year)),
                "days": [{"date": date.fromordinal(day), **_day(days, day)} for day in _ordinals(year)],
            }
        )
        return
    echo("\n".join(months(days, year)))
    for line in marked(days, year):
        echo(line)
    on = f", {(notice and notice.published_on) or '公布日期未录 date not recorded'}"
    state = f"已公布 published: {notice.source}{on}" if notice else "暂定 provisional: 尚未公布 not published yet"
    echo(f"\n{year}: {sum(days.works(day) for day in _ordinals(year))} 个工作日 working days; {state}; {days.version}")
    for one in speaking:
        if one != notice:
            echo(f"另见 also: {one.source}, {one.published_on or '公布日期未录 date not recorded'}")
    if days.notices and year == days.published_through.year:
        span = f"{days.settled_through + timedelta(days=1)} … {days.published_through}"
        echo(f"{span}: 暂定 provisional: {year + 1} 年安排公布后或有调整 the next notice may still move them")


@calendar.command()
@click.argument("pack", type=Folder, required=False)
@json_option
def check(*, pack: Path | None, as_json: bool) -> None:
    """Name everything that is wrong with a pack, its calendars included, and say what it publishes."""
    found = _loaded(pack, as_json=as_json)
    through, own = found.calendar.published_through, set(found.calendars.values())
    shipped = set(calendar_of(found.calendar.country, found.calendar.zone).notices)
    packed = [notice for notice in found.calendar.notices if notice not in shipped]
    if as_json:
        _answer_json(
            {
                "ok": True,
                "version": found.calendar.version,
                "published_through": through,
                "settled_through": found.calendar.settled_through,
                "notices": [_described(notice) for notice in packed],
                "offices_with_own_days": len(found.calendars),
                "calendars": 1 + len(own),
            }
        )
        return
    echo(f"{found.pack}: {found.calendar.version}, published from {FIRST_YEAR} to {through}")
    for notice in packed:
        echo(f"  {notice.year}: {notice.source}, {notice.published_on}")
    echo(f"  {len(found.calendars)} offices differ, by {len(own)} calendars")
    first = found.calendar.settled_through + timedelta(days=1)
    if found.calendar.notices:
        echo(f"  dates from {first} on are provisional until {through.year + 1} is published")


@calendar.command()
@click.argument("before")
@click.argument("after")
@click.option("--office", help="Compare the days of this office.")
@click.option("--limits", type=click.File("rb"), help="Questions as for `clock due --batch`: which dates would move?")
@json_option
def diff(*, before: str, after: str, office: str | None, limits: Any, as_json: bool) -> None:
    """Which days differ, and which dates move, from one calendar to another.

    Each is a pack, a file calendar-YYYY.yaml, or - for the calendar that comes with the programme.
    Exit status 1 if they differ.
    """
    one, other = (_operand(text, office, as_json=as_json) for text in (before, after))
    days = other.differing_days(one)
    moved = list(_moved(limits, one, other)) if limits is not None else []
    if as_json:
        changed = [{"date": day, "before": _day(one, day), "after": _day(other, day)} for day in days]
        _answer_json({"before": one.version, "after": other.version, "days": changed, "moved": moved})
    else:
        _show_days(one, other, days)
        for each in moved:
            echo(f"line {each['line']}: {each['limit']} from {each['start']}: {each['before']} -> {each['after']}")
    sys.exit(1 if days or moved else 0)


@calendar.command(name="publish")
@click.argument("file", type=File)
@pack_option
@json_option
def publish_year(*, file: Path, policy: Path | None, as_json: bool) -> None:
    """Take a year (calendar-YYYY.yaml), or a later notice that changes one, into a pack.

    A wrong file changes nothing. In a running installation it counts once the pack is activated.
    """
    try:
        found = publish(file, _folder(policy), datetime.now(time_zone_of(_folder(policy))).date())
    except PolicyRefused as error:
        _refused(error, as_json=as_json)
    except OSError as error:
        raise click.ClickException(f"{error.strerror}: nothing was changed") from None
    one, other = found.before.calendar, found.after.calendar
    days, notice = other.differing_days(one), found.notice
    if as_json:
        changed = [{"date": day, "before": _day(one, day), "after": _day(other, day)} for day in days]
        _answer_json(
            {
                "ok": True,
                **_described(notice),
                "path": str(found.path),
                "version": other.version,
                "days": changed,
            }
        )
    else:
        what = "is published" if notice.order == 1 else f"is changed by notice {notice.order}"
        echo(f"{found.path}: {notice.year} {what}, {other.version}")
        echo(f"{notice.source}, {notice.published_on}")
        _show_days(one, other, days)
        echo(f"next: yimen policy activate {_folder(policy)} --author NAME --reason '{notice.source}'")


def _show_days(one: Calendar, other: Calendar, days: list[date]) -> None:
    for day in days:
        facts = other.day(day.toordinal())
        echo(f"{day:%Y-%m-%d} {'休 -> 班 works' if facts.works else '班 -> 休 free '}  {facts.zh} / {facts.en}")
    echo(f"{len(days)} days differ ({one.version} -> {other.version})")


def _moved(lines: Any, one: Calendar, other: Calendar) -> Any:
    for number, line in enumerate(lines, 1):
        try:
            question = read_question(msgspec.json.decode(line, type=dict[str, Any]))
            ends = [question.answer(days).due_at for days in (one, other)]
        except (BadQuestion, msgspec.MsgspecError, UnicodeDecodeError) as error:
            detail = error.detail if isinstance(error, BadQuestion) else "must be a JSON object"
            raise click.UsageError(f"line {number}: {detail}") from None
        if ends[0] != ends[1]:
            first, second = (other.local(end).isoformat() if end else None for end in ends)
            start, limit = question.start.isoformat(), str(question.limit)
            yield {"line": number, "start": start, "limit": limit, "before": first, "after": second}


def _operand(text: str, office: str | None, *, as_json: bool) -> Calendar:
    path = Path(text)
    if text == SHIPPED:
        return default_place().calendar
    if path.is_dir():
        return _of_office(_loaded(path, as_json=as_json), office)
    if not path.is_file():
        raise click.UsageError(f"{text} is neither a pack nor a file nor -")
    return _or_refused(lambda: calendar_of_file(path), as_json=as_json)


def _of_office(policy: Policy, office: str | None) -> Calendar:
    if office is None:
        return policy.calendar
    if office not in policy.offices:
        raise click.UsageError(f"the pack {policy.pack} has no office {office}")
    return policy.calendar_of(office)


def _folder(policy: Path | None) -> Path:
    return policy or Path(os.environ.get("YIMEN_POLICY_DIR") or DEFAULT_POLICY)


def _loaded(policy: Path | None, *, as_json: bool) -> Policy:
    return _or_refused(lambda: load_policy(_folder(policy)), as_json=as_json)


def _or_refused(load: Callable[[], T], *, as_json: bool) -> T:
    try:
        return load()
    except PolicyRefused as error:
        _refused(error, as_json=as_json)


def _refused(error: PolicyRefused, *, as_json: bool) -> NoReturn:
    if as_json:
        faults = [{"file": fault.file, "line": fault.line, "reason": fault.reason} for fault in error.faults]
        _answer_json({"ok": False, "faults": faults})
    else:
        echo(f"{error}\n{len(error.faults)} fault(s): nothing was changed")
    sys.exit(1)


def _ordinals(year: int) -> range:
    return range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)


def _day(days: Calendar, day: int | date) -> dict[str, Any]:
    facts = days.day(day if isinstance(day, int) else day.toordinal())
    said_by = facts.notice.source if facts.notice is not None else None
    return {"works": facts.works, "reason": facts.reason, "zh": facts.zh, "en": facts.en, "notice": said_by}


def _described(notice: Notice) -> dict[str, Any]:
    return {
        "year": notice.year,
        "notice": notice.order,
        "source": notice.source,
        "published_on": notice.published_on,
    }


def _answer_json(values: dict[str, Any]) -> None:
    echo(msgspec.json.encode(values).decode())
