"""Logs: one JSON object a line on standard output. Ids and codes, never what a person wrote."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import msgspec
import structlog

from libraries.runtime.failures import explain
from libraries.runtime.tracing import current

ROOM = Path(__file__).parents[2]
LONGEST = 300
"""Of what a library says; it may repeat what it was given."""

Line = MutableMapping[str, Any]


def configure(service: str, level: str) -> None:
    """Ours and the libraries' lines in the same shape, from the wanted level on."""
    wanted = logging.getLevelNamesMapping()[level]

    def name_service(_: object, __: str, line: Line) -> Line:
        return {"service": service, **line}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            name_service,
            with_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_words,
            structlog.processors.JSONRenderer(serializer=_encoded),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(wanted),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[Forwarding()], level=max(wanted, logging.WARNING), force=True)


def with_trace(_: object, __: str, line: Line) -> Line:
    """Of the request or the record at hand, if there is one."""
    trace = current()
    return {**line, "trace_id": trace.trace_id} if trace is not None else line


def without_words(_: object, __: str, line: Line) -> Line:
    """An error becomes its kind and the places it came through: its text and its variables may hold personal data."""
    error = line.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        line["error"] = explain(error)
        line["trace"] = [_place(frame) for frame in traceback.extract_tb(error.__traceback__)]
    return line


class Forwarding(logging.Handler):
    """Hands the lines of libraries to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        said = structlog.get_logger()
        tell = said.error if record.levelno >= logging.ERROR else said.warning
        tell(record.getMessage()[:LONGEST], logger=record.name, exc_info=record.exc_info)


def _place(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    name = path.relative_to(ROOM) if path.is_relative_to(ROOM) and ".venv" not in path.parts else path.name
    return f"{name}:{frame.lineno} {frame.name}"


def _encoded(line: Line, **_: object) -> str:
    return msgspec.json.encode(line, enc_hook=str).decode()
