"""Which failure is waited for, tried again, or set aside; and what is told of it."""

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from libraries.runtime.failures import (
    ConcurrentDelivery,
    FailureClass,
    InfrastructureDown,
    Rejected,
    classify,
    code_of,
    explain,
)


def database(state: str | None, *, invalidated: bool = False) -> DBAPIError:
    origin = Exception("text with a name in it")
    origin.sqlstate = state
    return DBAPIError("INSERT", {}, origin, connection_invalidated=invalidated)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Rejected("no_such_office"), FailureClass.REJECTED),
        (InfrastructureDown(), FailureClass.INFRASTRUCTURE),
        (ConnectionRefusedError(), FailureClass.INFRASTRUCTURE),
        (PoolTimeoutError(), FailureClass.INFRASTRUCTURE),
        (database("57P01"), FailureClass.INFRASTRUCTURE),
        (database("08006"), FailureClass.INFRASTRUCTURE),
        (database("53300"), FailureClass.INFRASTRUCTURE),
        (database("25006"), FailureClass.INFRASTRUCTURE),
        (database(None, invalidated=True), FailureClass.INFRASTRUCTURE),
        (database("40001"), FailureClass.TRANSIENT),
        (database("40P01"), FailureClass.TRANSIENT),
        (database("55P03"), FailureClass.TRANSIENT),
        (ConcurrentDelivery(), FailureClass.TRANSIENT),
        (database("23505"), FailureClass.POISON),
        (database("22P02"), FailureClass.POISON),
        (TimeoutError(), FailureClass.POISON),
        (ValueError(), FailureClass.POISON),
        (KeyError("x"), FailureClass.POISON),
    ],
)
def test_each_failure_has_its_class(error: Exception, failure: FailureClass) -> None:
    assert classify(error) is failure


def test_a_lost_socket_is_no_records_fault() -> None:
    origin = Exception()
    origin.__cause__ = asyncio.IncompleteReadError(b"", 1)
    assert classify(InterfaceError("SELECT", {}, origin)) is FailureClass.INFRASTRUCTURE


def test_codes_are_stable() -> None:
    assert [code_of(error) for error in (Rejected("not_yours"), TimeoutError(), database("23505"), ValueError())] == [
        "not_yours",
        "handler_timeout",
        "database_23505",
        "handler_failed",
    ]


def test_an_explanation_never_repeats_what_an_error_says() -> None:
    try:
        raise ValueError("Zhang San, 130722")  # noqa: TRY301 -- a traceback is needed
    except ValueError as error:
        told = explain(error)
    assert told.startswith("ValueError at test_failures.py:")
    assert "Zhang" not in told
    assert "name" not in explain(database("23505"))
