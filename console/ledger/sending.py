"""Registers the rows of a ledger through intake's public door, hundreds at a time. Sent again, nothing comes of it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import httpx
import msgspec

from console.case.services import Services, Unanswered
from console.ledger.checking import Row, RowFault

AT_ONCE: Final = 500
TRIES: Final = 5
PATIENCE_SECONDS: Final = 120.0
BUSY: Final = frozenset({429, 502, 503, 504})


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows."""

    registered: int
    known: int
    """Registered before, with the same content."""
    refused: tuple[RowFault, ...]


class _Line(msgspec.Struct, frozen=True):
    status: int
    answer: dict[str, Any]


def send(
    services: Services, rows: Sequence[Row], language: str, wait: Callable[[float], None] = time.sleep
) -> Imported:
    """All rows, each with its own outcome. Raises `Unanswered` where the door stays shut; begin again later then."""
    counts, refused = Counter[int](), list[RowFault]()
    with httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            for row, line in zip(part, _sent(client, services, part, language, wait), strict=True):
                counts[line.status] += 1
                if not httpx.codes.is_success(line.status):
                    refused += _faults(row, line.answer)
    return Imported(registered=counts[httpx.codes.CREATED], known=counts[httpx.codes.OK], refused=tuple(refused))


def _sent(
    client: httpx.Client, services: Services, rows: Sequence[Row], language: str, wait: Callable[[float], None]
) -> list[_Line]:
    content = b"".join(row.body + b"\n" for row in rows)
    headers = {"authorization": f"Bearer {services.token}", "content-type": "application/x-ndjson"}
    headers["accept-language"] = "en" if language == "en" else "zh-CN"
    url, why = f"{services.intake}/v1/cases/batch", ""
    for tried in range(TRIES):
        try:
            reply = client.post(url, content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = type(error).__name__
        else:
            if reply.is_success:
                return _read(reply.content, len(rows))
            if reply.status_code not in BUSY:
                raise Unanswered(str(reply.status_code), f"{url} answers {reply.status_code}: {reply.text[:300]}")
            why = str(reply.status_code)
        wait(2.0**tried)
    raise Unanswered("unreachable", f"{url}: {why}")


def _read(content: bytes, expected: int) -> list[_Line]:
    try:
        lines = [msgspec.json.decode(line, type=_Line) for line in content.splitlines()]
    except msgspec.MsgspecError:
        lines = []
    if len(lines) != expected:
        raise Unanswered("unreachable", "intake answers, and not as ours does")
    return lines


def _faults(row: Row, answer: dict[str, Any]) -> Iterator[RowFault]:
    errors = answer.get("errors") or [{"field": "", **answer}]
    for one in errors:
        yield RowFault(
            row=row.number, column=str(one.get("field", "")), code=str(one["code"]), detail=str(one["detail"])
        )
