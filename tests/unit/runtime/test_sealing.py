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
