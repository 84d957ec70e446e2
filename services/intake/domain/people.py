"""Whether two applicants are one person, or of one household: by what they gave, however it was typed."""

import unicodedata
from collections.abc import Iterator
from enum import StrEnum

from contracts.submissions import Applicant


class Same(StrEnum):
    """What two applicants have in common."""

    ID_NUMBER = "id_number"
    NAME_AND_PHONE = "name_and_phone"
    HOUSEHOLD = "household"


def marks(applicant: Applicant) -> dict[Same, bytes]:
    """What tells a person or a household apart, as far as it was given. A name alone tells nobody apart."""
    return dict(_marks(applicant))


def same_person(one: Applicant, other: Applicant) -> bool:
    """By identity number where both gave one, else by name and telephone."""
    ours, theirs = marks(one), marks(other)
    by = Same.ID_NUMBER if Same.ID_NUMBER in ours and Same.ID_NUMBER in theirs else Same.NAME_AND_PHONE
    return by in ours and ours[by] == theirs.get(by)


def _marks(applicant: Applicant) -> Iterator[tuple[Same, bytes]]:
    digits = "".join(filter(str.isdigit, _plain(applicant.phone)))
    if applicant.id_number:
        yield Same.ID_NUMBER, _plain(applicant.id_number).encode()
    if digits:
        yield Same.NAME_AND_PHONE, f"{_plain(applicant.name)}\n{digits}".encode()
    if applicant.household:
        yield Same.HOUSEHOLD, _plain(applicant.household).encode()


def _plain(text: str) -> str:
    """Full-width or half-width, with blanks or without, in capitals or not."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()
