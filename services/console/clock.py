"""`yimen clock due`: when a limit ends, and why."""

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click
import msgspec

from services.console.main import told
from services.deadlines import CIVIL_TIME, BadQuestion, Explanation, Limit, Pause, explain, statutory_calendar

LONGEST_LINE = 64 * 1024
BASIS = {"source": "民法典 (by analogy)", "article": "200-203", "statutory": False, "confidence": "C"}
"""A bare limit has no policy row behind it; the way of counting has this source."""

_encode = msgspec.json.Encoder().encode


@click.group()
def clock() -> None:
    """Legal clocks: when is it due, and why."""


@clock.command()
@click.option("--start", help="When the clock started, ISO 8601 with offset.")
@click.option("--limit", help="Number and unit: h, d, wd, mo or y; for example 5wd.")
@click.option("--pause", "pauses", multiple=True, metavar="ISO/ISO", help="A span in which the clock stood still.")
@click.option("--office", help="Counted by the office's calendar; every office has the national one.")
@click.option("--batch", type=click.File("rb"), help="Questions, one JSON object a line; - reads standard input.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def due(
    *,
    start: str | None,
    limit: str | None,
    pauses: tuple[str, ...],
    office: str | None,
    batch: Any,
    as_json: bool,
) -> None:
    """When a limit ends, day by day."""
    del office
    if batch is not None:
        sys.exit(_batch(batch))
    if start is None or limit is None:
        raise click.UsageError("give --start and --limit, for example: --start 2026-03-02T09:00+08:00 --limit 5wd")
    try:
        question = {"start": start, "limit": limit, "pauses": list(pauses)}
        told(_encode(answer(question)).decode() if as_json else _text(question))
    except BadQuestion as error:
        raise click.UsageError(f"{error.field}: {error.detail}") from None


def answer(question: Mapping[str, Any]) -> dict[str, Any]:
    """The answer as the contract of the command names it. Raises `BadQuestion`."""
    found = _explanation(question)
    return {
        "due_at": found.due_at.astimezone(CIVIL_TIME).isoformat() if found.due_at else None,
        "provisional": found.provisional,
        "limit": question["limit"],
        "days": [{"date": day.date, "counts": day.counts, "reason": f"{day.zh} / {day.en}"} for day in found.days],
        "basis": BASIS,
    }


def _explanation(question: Mapping[str, Any]) -> Explanation:
    limit = Limit.parse(_text_of(question, "limit"))
    start = _moment("start", _text_of(question, "start"))
    spans = question.get("pauses") or []
    if not isinstance(spans, list):
        raise BadQuestion("pauses", "type", "must be a list of ISO/ISO")
    return explain(start, limit, calendar=statutory_calendar(), pauses=[_pause(span) for span in spans])


def _text_of(question: Mapping[str, Any], name: str) -> str:
    value = question.get(name)
    if not isinstance(value, str):
        raise BadQuestion(name, "type", "must be given as text")
    return value


def _moment(field: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadQuestion(field, "time_form", "must be ISO 8601 with offset: 2026-03-02T09:00+08:00") from None


def _pause(span: object) -> Pause:
    begin, slash, end = span.partition("/") if isinstance(span, str) else ("", "", "")
    if not slash:
        raise BadQuestion("pause", "pause_form", "must be two moments with a slash between; the second may be empty")
    return Pause(start=_moment("pause", begin), end=_moment("pause", end) if end else None)


def _batch(lines: Any) -> int:
    """One answer a line; a bad question gets an error and the rest goes on. Returns the exit status."""
    status = 0
    write = sys.stdout.buffer.write
    for line in lines:
        try:
            reply = answer(_question(line))
        except BadQuestion as error:
            status, reply = 1, {"error": {"field": error.field, "rule": error.rule, "detail": error.detail}}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            status, reply = 1, {"error": {"field": "line", "rule": "json", "detail": "must be JSON in UTF-8"}}
        write(_encode(reply) + b"\n")
    sys.stdout.flush()
    return status


def _question(line: bytes) -> dict[str, Any]:
    question = msgspec.json.decode(line) if len(line) <= LONGEST_LINE else None
    if not isinstance(question, dict):
        raise BadQuestion("line", "type", "must be a JSON object of at most 64 KiB")
    return question


def _text(question: Mapping[str, Any]) -> str:
    found = _explanation(question)
    lines = [f"{day.date}  {'+' if day.counts else ' '}  {day.zh} / {day.en}" for day in found.days]
    if found.due_at is None:
        return "暂停计时中,恢复后才有到期日 / the clock is paused; the date follows when it resumes"
    local = found.due_at.astimezone(CIVIL_TIME)
    lines.append(f"\n到期 due: {local:%Y-%m-%d %H:%M:%S %z}")
    if found.provisional:
        lines.append("暂定:跨入节假日安排尚未公布的年份 / provisional: counted through a year not published yet")
    return "\n".join(lines)
