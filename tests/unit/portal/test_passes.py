"""A pass is worth what was signed, until it ends."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import pytest

from services.portal.domain.passes import Pass, read_pass

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
GIVEN = Pass(case_id=uuid4(), number="130722-20260302-00017-7", ends_at=NOW + timedelta(minutes=30))


def sign(told: str) -> bytes:
    return sha256(f"key{told}".encode()).digest()


def test_a_pass_is_read_as_it_was_written_until_it_ends() -> None:
    text = GIVEN.written(sign)
    assert read_pass(text, sign, NOW) == GIVEN
    assert read_pass(text, sign, GIVEN.ends_at) is None


@pytest.mark.parametrize("other", ["", ".", "a.b.c.d", "{}0", "0{}", "é{}", "{}."])
def test_what_was_changed_is_no_pass(other: str) -> None:
    assert read_pass(other.format(GIVEN.written(sign)), sign, NOW) is None


def test_what_another_key_signed_is_no_pass() -> None:
    assert read_pass(GIVEN.written(lambda told: sha256(told.encode()).digest()), sign, NOW) is None
