"""No id that an outsider chooses may be a person, and no id that a machine makes is taken for one."""

import uuid
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.personal import is_identity_number, is_personal

# Of a region that does not exist, so nobody's.
NOBODY = "00000019900101000X"
PHONE = "13000000000"


@pytest.mark.parametrize(
    "text",
    [
        NOBODY,
        NOBODY.lower(),
        f"case-{NOBODY}",
        f"{NOBODY}/2026",
        f"x{NOBODY}y",
        PHONE,
        f"86{PHONE}",
        f"0086{PHONE}",
        f"+86{PHONE}",
        f"tel{PHONE}",
        f"2026-{PHONE}-1",
        "张示例",
        "a-张",
        "𠀀",
        "〇",
    ],
)
def test_what_names_a_person(text: str) -> None:
    assert is_personal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-000001",
        NOBODY[:-1] + "0",
        "000000199013010010",
        "000000199002300010",
        NOBODY + "1",
        "1" + NOBODY[:-1] + "0",
        "12000000000",
        PHONE + "0",
        "1" + PHONE,
        "20261126093000123",
        "1764150600123",
        "130722100000",
        "education-130722000000",
        "130722-20260302-00017-7",
        "ﾊﾝｶｸ",
    ],
)
def test_what_does_not(text: str) -> None:
    assert not is_personal(text)


@pytest.mark.parametrize("text", ["", "x", NOBODY[:-1], NOBODY + "0", "٠" * 18, "00000000000000001X"])
def test_what_is_no_identity_number(text: str) -> None:
    assert not is_identity_number(text)


@given(st.uuids())
def test_ids_of_machines_pass(value: uuid.UUID) -> None:
    assert not is_personal(str(value))
    assert not is_personal(f"case-{value}/1")
    assert not is_personal(sha256(value.bytes).hexdigest())


def test_a_uuid_full_of_digits_passes() -> None:
    assert not is_personal("13000000-0000-4000-8000-130000000000")
    assert not is_personal("019cab00-0000-7000-8000-a13000000000")
