"""The worked examples that officials read: reckoned by hand, found again by two counters that share nothing."""

from datetime import datetime, time

import pytest

from console.render.examples import TOPICS, examples
from libraries.deadlines import BY_ANALOGY, as_text, read_question, statutory_calendar
from tests.civil_time import CIVIL_TIME
from tests.unit.deadlines.known import works
from tests.unit.deadlines.naive import SHANGHAI, naive_due

ROWS = examples()
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['start']}-{row['limit']}-{row['due']}")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def written(end: datetime, row: dict[str, str]) -> str:
    local = end.astimezone(SHANGHAI)
    return f"{local:%Y-%m-%dT%H:%M}" if "T" in row["due"] else f"{local:%Y-%m-%d}"


def part(text: str) -> tuple[int, str]:
    digits = text.rstrip("hdwmoy")
    return int(digits), text.removeprefix(digits)


@each_row
def test_the_product_finds_the_date(row: dict[str, str]) -> None:
    question = read_question(
        {
            "start": moment(row["start"]).isoformat(),
            "limit": row["limit"],
            "extensions": row["extensions"].split(),
            "pauses": ["/".join(moment(end).isoformat() for end in span.split("/")) for span in row["pauses"].split()],
            "roll": row["roll"] == "yes",
            "close_of_business": row["closes"] or None,
        }
    )
    told = question.answer(statutory_calendar(CIVIL_TIME))
    assert told.due_at is not None
    assert written(told.due_at, row) == row["due"], as_text(told, BY_ANALOGY)
    assert "T" in row["due"] or f"{told.due_at.astimezone(SHANGHAI):%H:%M:%S}" == "23:59:59"


@each_row
def test_the_naive_counter_finds_the_date(row: dict[str, str]) -> None:
    spans = [(moment(begin), moment(end)) for begin, end in (span.split("/") for span in row["pauses"].split())]
    parts = [part(row["limit"]), *map(part, row["extensions"].split())]
    closes = time.fromisoformat(row["closes"]) if row["closes"] else None
    end = naive_due(moment(row["start"]), parts, works, spans, roll=row["roll"] == "yes", closes=closes)
    assert written(end, row) == row["due"]


def test_every_row_says_why_in_both_languages() -> None:
    assert len(ROWS) >= 60
    assert all(row[name] for row in ROWS for name in ("source", "zh", "en"))
    assert {row["topic"] for row in ROWS} == set(TOPICS)
