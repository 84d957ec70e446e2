"""`yimen clock due`: when a limit ends, and why."""

import os
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import msgspec

from console.main import echo
from console.topics import DEFAULT_POLICY
from libraries.deadlines import (
    BY_ANALOGY,
    BadQuestion,
    Explanation,
    Question,
    as_text,
    read_question,
)
from libraries.policies import Policy, PolicyRefused, load_policy
from libraries.policies.load import place_of_pack

LONGEST_LINE = 64 * 1024
BASIS = {"source": BY_ANALOGY.source, "article": BY_ANALOGY.article, "statutory": False, "confidence": "C"}

_encode = msgspec.json.Encoder().encode


class DeadlineCalculator:
    """Answers questions; reads the policy only when a question names an office or a reason of it."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder or Path(os.environ.get("YIMEN_POLICY_DIR") or DEFAULT_POLICY)
        self._calendar = None if folder else place_of_pack(self._folder).calendar

    @cached_property
    def policy(self) -> Policy:
        return load_policy(self._folder)

    @cached_property
    def _names(self) -> dict[str, tuple[str, str]]:
        return self.policy.names()

    def explanation(self, values: Mapping[str, Any]) -> Explanation:
        """Raises `BadQuestion`."""
        question = read_question(values)
        if question.codes:
            question.check_reasons(self.policy.reasons)
        if question.office:
            return self._of_office(question)
        calendar = self._calendar or self.policy.calendar
        return question.answer(calendar, self._names if question.codes else None)

    def _of_office(self, question: Question) -> Explanation:
        office = self.policy.offices.get(question.office)
        if office is None:
            raise BadQuestion("office", "unknown_office")
        return question.closing_at(office.close_of_business).answer(self.policy.calendar_of(office.code), self._names)


@click.group()
def clock() -> None:
    """Legal clocks: when is it due, and why."""


@clock.command()
@click.option("--start", help="When the clock started, ISO 8601 with offset.")
@click.option("--limit", help="Number and unit: h, d, wd, mo or y; for example 5wd.")
@click.option("--pause", "pauses", multiple=True, metavar="ISO/ISO", help="A span in which the clock stood still.")
@click.option("--extension", "extensions", multiple=True, metavar="LIMIT", help="Time that was added.")
@click.option("--office", help="Counted by the office's calendar and close of business.")
@click.option("--policy", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The pack of the office.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="Language of the text.")
@click.option("--batch", type=click.File("rb"), help="Questions, one JSON object a line; - reads standard input.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def due(*, batch: Any, as_json: bool, lang: Any, policy: Path | None, **asked: Any) -> None:
    """When a limit ends, day by day."""
    calculator = DeadlineCalculator(policy)
    try:
        if batch is not None:
            sys.exit(_batch(batch, calculator))
        if asked["start"] is None or asked["limit"] is None:
            raise click.UsageError("give --start and --limit, for example: --start 2026-03-02T09:00Z --limit 5wd")
        question = {name: list(value) if isinstance(value, tuple) else value for name, value in asked.items()}
        found = calculator.explanation(question)
    except BadQuestion as error:
        raise click.UsageError(str(error)) from None
    except PolicyRefused as error:
        echo(str(error))
        sys.exit(1)
    echo(_encode(answer(found)).decode() if as_json else as_text(found, BY_ANALOGY, lang))


def answer(found: Explanation) -> dict[str, Any]:
    """The answer as the contract of the command names it."""
    return {
        "due_at": found.due_at.astimezone(found.zone).isoformat() if found.due_at else None,
        "provisional": found.provisional,
        "limit": str(found.limit),
        "days": [{"date": day.date, "counts": day.counts, "reason": f"{day.zh} / {day.en}"} for day in found.days],
        "basis": BASIS,
    }


def _batch(lines: Any, calculator: DeadlineCalculator) -> int:
    """One answer a line; a bad question gets an error and the rest goes on. Returns the exit status."""
    status = 0
    write = sys.stdout.buffer.write
    for line in lines:
        reply: dict[str, Any]
        given: dict[str, Any] = {}
        try:
            given = _question(line)
            reply = answer(calculator.explanation(given))
        except BadQuestion as error:
            status, reply = 1, {"error": _error(error)}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            status, reply = (
                1,
                {"error": _error(BadQuestion("line", "not_json"))},
            )
        if "id" in given:
            reply = {"id": given["id"], **reply}
        write(_encode(reply) + b"\n")
    sys.stdout.flush()
    return status


def _error(error: BadQuestion) -> dict[str, str]:
    return {"field": error.field, "code": error.code, "detail": error.detail}


def _question(line: bytes) -> dict[str, Any]:
    question = msgspec.json.decode(line) if len(line) <= LONGEST_LINE else None
    if not isinstance(question, dict):
        raise BadQuestion("line", "not_json")
    return question
