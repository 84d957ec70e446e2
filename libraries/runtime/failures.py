"""Why work fails, and what follows from it: wait, try again, or park the record."""

import asyncio
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from contracts.refusals import Fault

INFRASTRUCTURE_STATES: Final = ("08", "53", "57P", "58", "25006", "3D000", "F0", "XX")
"""Connection lost, no resources, shutting down, disk trouble, a replica that was a primary, corruption."""

TRANSIENT_STATES: Final = ("40001", "40P01", "55P03", "57014")
"""Serialisation failure, deadlock, lock not available, statement time-out."""


class FailureClass(StrEnum):
    INFRASTRUCTURE = "infrastructure"
    TRANSIENT = "transient"
    REJECTED = "rejected"
    POISON = "poison"


class Rejected(Exception):
    """Trying again would never help. The code is stable; the facts are ids and codes, never a person's data."""

    def __init__(self, code: str, *faults: Fault, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.faults = faults
        self.facts = facts


class InfrastructureDown(Exception):
    """The database or the broker is away; nothing is any record's fault."""


class ConcurrentDelivery(Exception):
    """Another consumer is applying the same events at this moment."""


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's code, if the database is who complains."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(origin, "sqlstate", None)
    return state if isinstance(state, str) else None


def classify(error: BaseException) -> FailureClass:
    match error:
        case Rejected():
            return FailureClass.REJECTED
        case ConcurrentDelivery():
            return FailureClass.TRANSIENT
        case TimeoutError():
            return FailureClass.POISON  # the handler's own time limit: a smaller part of the batch may be fast enough
        case InfrastructureDown() | PoolTimeoutError() | OSError():
            return FailureClass.INFRASTRUCTURE
        case DBAPIError():
            return _of_database(error)
        case _:
            return FailureClass.POISON


def _of_database(error: DBAPIError) -> FailureClass:
    state = sqlstate(error)
    if state in TRANSIENT_STATES:
        return FailureClass.TRANSIENT
    if error.connection_invalidated or (state is not None and state.startswith(INFRASTRUCTURE_STATES)):
        return FailureClass.INFRASTRUCTURE
    return FailureClass.INFRASTRUCTURE if state is None and _lost_connection(error) else FailureClass.POISON


def _lost_connection(error: DBAPIError) -> bool:
    """A driver error without a code comes from the socket, not from the server."""
    causes = (error.orig, getattr(error.orig, "__cause__", None))
    return any(isinstance(cause, OSError | asyncio.IncompleteReadError | EOFError) for cause in causes)


def code_of(error: BaseException) -> str:
    """The stable code under which a record is parked."""
    if isinstance(error, Rejected):
        return error.code
    if isinstance(error, TimeoutError):
        return "handler_timeout"
    state = sqlstate(error)
    return f"database_{state}" if state is not None else "handler_failed"


def explain(error: BaseException) -> str:
    """What happened, for logs and dead letters. Never the text of an unknown error: it may repeat a person's data."""
    match error:
        case Rejected(code=code):
            return code
        case DBAPIError():
            constraint = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
            return " ".join(filter(None, (type(error).__name__, sqlstate(error), constraint)))
        case _:
            frames = traceback.extract_tb(error.__traceback__)
            place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
            return f"{type(error).__name__}{place}"
