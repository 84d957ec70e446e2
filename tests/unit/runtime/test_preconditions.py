"""What a sender has seen, as `If-Match` says it."""

from types import SimpleNamespace
from typing import Any

import pytest

from libraries.runtime.web.preconditions import is_stale, last_seen, seen_versions


def request(*given: str) -> Any:
    return SimpleNamespace(headers={"if-match": given[0]} if given else {})


@pytest.mark.parametrize(
    ("given", "seen", "stale"),
    [
        ((), None, False),
        (("*",), None, False),
        (('"7.2"',), ("7.2",), False),
        (('"6.2"',), ("6.2",), True),
        (('"6.2", "7.2"',), ("6.2", "7.2"), False),
        (("7.2",), (), True),
        (('W/"7.2"',), (), True),
        (("",), (), True),
        (('"' + "9" * 65 + '"',), (), True),
    ],
)
def test_the_act_is_done_on_what_was_seen(given: tuple[str, ...], seen: tuple[str, ...] | None, stale: bool) -> None:
    assert seen_versions(request(*given)) == seen
    assert is_stale(request(*given), "7.2") is stale


def test_since_when_it_has_changed_is_told_as_far_as_the_version_is_one_of_ours() -> None:
    assert last_seen(request('"12.3"')) == 12
    assert last_seen(request('"12.3", "15.1"')) == 15
    assert last_seen(request('"abc"')) is None
    assert last_seen(request()) is None
