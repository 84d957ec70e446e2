"""What is sealed opens with the right key in the right place only."""

from base64 import b64encode

import pytest

from libraries.runtime.encryption import CannotOpen, Sealer

KEY = b64encode(b"k" * 32).decode()


def test_sealed_text_shows_nothing_and_opens_again() -> None:
    sealer = Sealer(KEY)
    wrapped = sealer.new_data_key()
    sealed = sealer.seal(wrapped, "张示例".encode(), "case-1/applicant")
    assert "张示例".encode() not in sealed
    assert sealer.open(wrapped, sealed, "case-1/applicant").decode() == "张示例"


def test_the_same_text_never_looks_the_same() -> None:
    sealer = Sealer(KEY)
    wrapped = sealer.new_data_key()
    assert sealer.seal(wrapped, b"x", "c") != sealer.seal(wrapped, b"x", "c")


def test_another_key_another_place_or_a_changed_byte_does_not_open() -> None:
    sealer = Sealer(KEY)
    wrapped = sealer.new_data_key()
    sealed = sealer.seal(wrapped, b"x", "case-1/applicant")
    with pytest.raises(CannotOpen):
        Sealer(b64encode(b"o" * 32).decode()).open(wrapped, sealed, "case-1/applicant")
    with pytest.raises(CannotOpen):
        sealer.open(wrapped, sealed, "case-2/applicant")
    with pytest.raises(CannotOpen):
        sealer.open(wrapped, sealed[:-1] + bytes([sealed[-1] ^ 1]), "case-1/applicant")
    with pytest.raises(CannotOpen):
        sealer.open(sealer.new_data_key(), sealed, "case-1/applicant")


OTHER = b64encode(b"o" * 32).decode()


def test_a_key_of_before_opens_and_only_the_key_of_today_seals() -> None:
    old, new = Sealer(KEY), Sealer(OTHER, before=[KEY], index_key=KEY)
    wrapped = old.new_data_key()
    sealed = old.seal(wrapped, b"x", "c")
    assert new.open(wrapped, sealed, "c") == b"x"
    with pytest.raises(CannotOpen):
        old.open(new.new_data_key(), sealed, "c")


def test_a_data_key_is_wrapped_again_once_and_what_it_sealed_stays() -> None:
    old, new = Sealer(KEY), Sealer(OTHER, before=[KEY], index_key=KEY)
    wrapped = old.new_data_key()
    sealed = old.seal(wrapped, b"x", "c")
    again = new.rewrapped(wrapped)
    assert again is not None
    assert new.rewrapped(again) is None
    assert Sealer(OTHER).open(again, sealed, "c") == b"x"
    with pytest.raises(CannotOpen):
        Sealer(b64encode(b"z" * 32).decode(), before=[KEY]).rewrapped(new.new_data_key())


def test_what_is_compared_goes_by_the_index_key() -> None:
    old, new = Sealer(KEY), Sealer(OTHER, before=[KEY], index_key=KEY)
    assert old.keyed_hash("p", b"x") == new.keyed_hash("p", b"x") != Sealer(OTHER).keyed_hash("p", b"x")
