"""What the commands say to a person. What partners wrote does nothing to the terminal."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from console.parked import repairing
from console.parked.repairing import Counted, Given, Outcome, Place
from libraries.runtime.kafka.dead_letters import DeadLetter, UnsealedDeadLetter


def listed(rows: Sequence[tuple[Place, DeadLetter]], now: datetime) -> str:
    """One line for each, and what can be done."""
    if not rows:
        return "nothing is parked"
    cells = [
        (
            str(place),
            row.code if row.state == "parked" else f"{row.state}: {row.code}",
            row.reader,
            f"{row.topic}/{row.partition}@{row.offset}",
            f"case {row.case_id}" if row.case_id else "no case",
            age(now - row.parked_at),
            f"{row.behind} behind it" if row.behind else "",
        )
        for place, row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return printable("\n".join([*lines, f"{len(rows)} shown; next: yimen parked show|replay|drop ID"]))


def age(span: timedelta) -> str:
    """In its two largest units."""
    minutes = max(0, int(span.total_seconds() // 60))
    hours, days = minutes // 60, minutes // 1440
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def shown(place: Place, record: UnsealedDeadLetter) -> str:
    """The whole record, its value last."""
    row = record.parked
    lines = [
        f"{place}  {row.state}",
        f"  reader   {row.reader}",
        f"  reason   {row.code}: {row.detail}",
        *(f"  fact     {name}: {value}" for name, value in row.facts.items()),
        f"  record   {row.topic}/{row.partition}@{row.offset}",
        f"  ordered  {row.ordering_key or 'none: nothing waits for it'}",
        *([f"  case     {row.case_id}"] if row.case_id else []),
        *([f"  event    {row.event_id}"] if row.event_id else []),
        *([f"  place    {row.writer} {row.sequence}"] if row.sequence else []),
        f"  behind   {row.behind}",
        f"  key      {_text(record.key)}",
        *(f"  header   {name}: {_text(value)}" for name, value in record.headers),
        "history",
        f"  {row.timestamp:%Y-%m-%d %H:%M:%S}Z written",
        f"  {row.parked_at:%Y-%m-%d %H:%M:%S}Z parked",
    ]
    lines += [f"  {one.at:%Y-%m-%d %H:%M:%S}Z opened by {one.by}" for one in record.opened]
    if row.settled_at is not None:
        lines.append(f"  {row.settled_at:%Y-%m-%d %H:%M:%S}Z {row.state} by {row.settled_by}: {row.settled_because}")
    lines.append(f"value, {len(record.value or b'')} bytes")
    return "\n".join([*(printable(line).replace("\n", "\\n") for line in lines), printable(_text(record.value))])


def _text(raw: bytes | None) -> str:
    match repairing.readable(raw):
        case None:
            return "null"
        case {"text": text}:
            return text
        case readable:
            return f"base64 {readable['base64']}"


def printable(text: str) -> str:
    """Control characters as escapes, so that they do nothing to a terminal; only new lines stay."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def finished(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return "nothing is parked that fits"
    lines = []
    for outcome in outcomes:
        if outcome.well:
            continue
        left = f", {outcome.left} still wait" if outcome.left else ""
        lines.append(f"{outcome.id}: {outcome.handled} handled{left}: {outcome.code}; yimen parked show {outcome.id}")
    handled, left = (sum(getattr(outcome, name) for outcome in outcomes) for name in ("handled", "left"))
    return "\n".join([*lines, f"{handled} records handled, {left} still wait"])


def counted(found: Sequence[Counted], number: int, what: str) -> str:
    """How much is chosen, and of what."""
    lines = [f"{one.service}  {one.reader}  {one.code}  {one.records}" for one in found]
    return printable("\n".join([*lines, f"{number} records would be {what}"]))


def given_up(given: Given) -> str:
    return f"{given.dropped} records dropped, {given.handled} behind them handled, {given.left} still wait"
