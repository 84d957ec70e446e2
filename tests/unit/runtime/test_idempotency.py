"""What counts as an `Idempotency-Key`, and what of an answer is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libraries.runtime.web.idempotency import StoredAnswer, _answer, again, read_key


@pytest.mark.parametrize(
    ("values", "key"),
    [
        (['"8e03978e-40d5-43dd-bc93-6894a57f9324"'], "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        (["8e03978e-40d5-43dd-bc93-6894a57f9324"], "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        (["x" * 128], "x" * 128),
        ([f'"{"x" * 128}"'], "x" * 128),
        (["x" * 129], None),
        ([""], None),
        (['""'], None),
        (['"'], None),
        (['"open'], None),
        (['closed"'], None),
        (["two words"], None),
        (["one, two"], None),
        (['"one", "two"'], None),
        (['"one";parameter'], None),
        (["张示例"], None),
        (["\x7f"], None),
        (["x\n"], None),
        (["one", "two"], None),
        ([], None),
    ],
)
def test_a_key_is_one_string_with_quotes_or_without(values: list[str], key: str | None) -> None:
    assert read_key(values) == key


@given(st.lists(st.text(max_size=200), max_size=2))
def test_whatever_the_header_says_it_is_a_key_or_none(values: list[str]) -> None:
    key = read_key(values)
    assert key is None or (1 <= len(key) <= 128 and key.isascii() and key.isprintable() and " " not in key)


def test_of_an_answer_its_own_headers_are_kept() -> None:
    head = {
        "type": "http.response.start",
        "status": 201,
        "headers": [
            (b"Content-Type", b"application/json"),
            (b"location", b"/v1/cases/7"),
            (b"content-length", b"4"),
            (b"cache-control", b"no-store"),
        ],
    }
    parts = [{"type": "http.response.body", "body": part, "more_body": part == b"12"} for part in (b"12", b"34")]

    kept = _answer([head, *parts])

    named = [("content-type", "application/json"), ("location", "/v1/cases/7")]
    assert kept == StoredAnswer(status=201, headers=named, body=b"1234")
    told = again(kept)
    assert (told.status_code, told.content, told.media_type) == (201, b"1234", "application/json")
    assert told.headers["location"] == "/v1/cases/7"
