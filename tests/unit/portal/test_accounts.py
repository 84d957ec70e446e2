"""Who may sign in: names, passwords, lock-out and the end of a session."""

from datetime import UTC, datetime, timedelta

import pytest

from services.portal.domain.accounts import (
    MOST_FAILURES,
    MOST_FAILURES_OF_AN_ADDRESS,
    SignInRefusal,
    Tries,
    is_login,
    login_of,
    password_faults,
    refusal,
)
from services.portal.domain.sessions import LONGEST, end_of

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("of_name", "of_address", "expected"),
    [
        (0, 0, None),
        (MOST_FAILURES - 1, MOST_FAILURES_OF_AN_ADDRESS - 1, None),
        (MOST_FAILURES, 0, SignInRefusal.LOCKED),
        (0, MOST_FAILURES_OF_AN_ADDRESS, SignInRefusal.THROTTLED),
    ],
)
def test_who_failed_too_often_waits(of_name: int, of_address: int, expected: SignInRefusal | None) -> None:
    assert refusal(Tries(of_name=of_name, of_address=of_address)) is expected


@pytest.mark.parametrize(
    ("new", "again", "expected"),
    [
        ("three blue doors", "three blue doors", []),
        ("short", "short", [("new", "password_short")]),
        ("x" * 129, "x" * 129, [("new", "password_long")]),
        ("aaaaaaaaaaaa", "aaaaaaaaaaaa", [("new", "password_easy")]),
        ("my-window-name", "my-window-name", [("new", "password_easy")]),
        ("three blue doors", "three blue door", [("again", "password_differs")]),
        ("一门受理群众进一个门办所有事", "一门受理群众进一个门办所有事", []),
    ],
)
def test_a_password_is_long_and_not_the_name(new: str, again: str, expected: list[tuple[str, str]]) -> None:
    assert password_faults(new, again, login="window", same_as_before=False) == expected


def test_the_first_password_is_not_kept() -> None:
    faults = password_faults("three blue doors", "three blue doors", login="window", same_as_before=True)
    assert faults == [("new", "password_same")]


@pytest.mark.parametrize("name", ["window-3", "zbx.jyj_1", "ab"])
def test_a_name_is_short_ascii(name: str) -> None:
    assert is_login(name)


@pytest.mark.parametrize("name", ["", "a", "Window", "张三", "3window", "a b", "a" * 41, "win\u0434ow", "window\n"])
def test_no_two_names_look_alike(name: str) -> None:
    assert not is_login(name)


def test_a_name_is_typed_as_people_type() -> None:
    assert login_of("  Window-3 ") == "window-3"


def test_a_session_ends_when_nobody_is_there_and_after_a_working_day() -> None:
    idle = timedelta(hours=1)
    assert end_of(NINE, NINE, idle) == NINE + idle
    assert end_of(NINE, NINE + timedelta(hours=11, minutes=30), idle) == NINE + LONGEST
