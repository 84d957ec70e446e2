"""Whether two applicants are one person, or of one household: by what they gave, however it was typed."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from contracts.refusals import Fault
from contracts.submissions import Applicant


class Same(StrEnum):
    """What two applicants have in common."""

    ID_NUMBER = "id_number"
    NAME_AND_PHONE = "name_and_phone"
    HOUSEHOLD = "household"
    LINKED = "linked"
    """A window has said that they are one person: a number of chance, which nothing is hashed from."""


class Searched(StrEnum):
    """By what else somebody is found; it tells nobody apart."""

    PHONE = "phone"
    NAME = "name"


MatchKey = tuple[str, bytes]
"""Its kind, of `Same` or of `Searched`, and what is hashed."""
SHORTEST_NAME: Final = 2
"""To search by: a single character would find a quarter of a county."""


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody at the window knows of a person; all that is given has to fit."""

    id_number: str = ""
    phone: str = ""
    household: str = ""
    name: str = ""


def telling_apart(applicant: Applicant) -> dict[Same, bytes]:
    """What tells a person or a household apart, as far as it was given. A name alone tells nobody apart."""
    return dict(_telling_apart(applicant))


def match_keys_of(applicant: Applicant) -> set[MatchKey]:
    """All by which a case is found."""
    return {(kind.value, key) for kind, key in telling_apart(applicant).items()} | set(
        _searched(applicant.phone, applicant.name)
    )


def sought_keys(sought: Sought) -> set[MatchKey] | list[Fault]:
    """What a case must have to be found, or why this finds nobody."""
    found = set(_searched(sought.phone, sought.name))
    if sought.id_number:
        found.add((Same.ID_NUMBER.value, _plain(sought.id_number).encode()))
    if sought.household:
        found.add((Same.HOUSEHOLD.value, _plain(sought.household).encode()))
    faults = [
        fault
        for wrong, fault in (
            (sought.name and len(_plain(sought.name)) < SHORTEST_NAME, Fault("name", "name_too_short")),
            (sought.phone and not _digits(sought.phone), Fault("phone", "no_digits")),
            (not any(map(_plain, msgspec.structs.astuple(sought))), Fault("", "nothing_sought")),
        )
        if wrong
    ]
    return faults or found


def persons(keys: Mapping[UUID, Mapping[Same, bytes]]) -> list[list[UUID]]:
    """Cases of one person each, the latest first: by identity number where it was given, else by name and telephone.

    Who gave no identity number is the one person with that name and telephone, unless there are several. Whom a window
    has linked are one person, whatever they gave.
    """
    of_number: defaultdict[bytes, list[UUID]] = defaultdict(list)
    of_name: defaultdict[bytes, list[UUID]] = defaultdict(list)
    numbers: defaultdict[bytes, set[bytes]] = defaultdict(set)
    for case_id, own in keys.items():
        number, name = own.get(Same.ID_NUMBER), own.get(Same.NAME_AND_PHONE)
        if number is not None:
            of_number[number].append(case_id)
            if name is not None:
                numbers[name].add(number)
        else:
            of_name[name if name is not None else case_id.bytes].append(case_id)
    for name, ids in list(of_name.items()):
        if len(numbers[name]) == 1:
            of_number[next(iter(numbers[name]))] += ids
            del of_name[name]
    found = _linked([*of_number.values(), *of_name.values()], keys)
    return sorted((sorted(ids, reverse=True) for ids in found), reverse=True)


def _linked(groups: list[list[UUID]], keys: Mapping[UUID, Mapping[Same, bytes]]) -> list[list[UUID]]:
    """Groups that share a link are one."""
    found: list[tuple[set[bytes], list[UUID]]] = []
    for ids in groups:
        links = {keys[one][Same.LINKED] for one in ids if Same.LINKED in keys[one]}
        apart = [each for each in found if each[0].isdisjoint(links)]
        for other_links, other_ids in (each for each in found if not each[0].isdisjoint(links)):
            links, ids = links | other_links, [*other_ids, *ids]  # noqa: PLW2901 -- it has grown
        found = [*apart, (links, ids)]
    return [ids for _, ids in found]


def without_links(keys: Mapping[UUID, Mapping[Same, bytes]]) -> dict[UUID, dict[Same, bytes]]:
    """As people are told apart by what they gave alone."""
    given = frozenset(Same) - {Same.LINKED}
    return {case_id: {kind: own[kind] for kind in given & own.keys()} for case_id, own in keys.items()}


def same_person(one: Applicant, other: Applicant) -> bool:
    """By identity number where both gave one, else by name and telephone."""
    ours, theirs = telling_apart(one), telling_apart(other)
    by = Same.ID_NUMBER if Same.ID_NUMBER in ours and Same.ID_NUMBER in theirs else Same.NAME_AND_PHONE
    return by in ours and ours[by] == theirs.get(by)


def _searched(phone: str, name: str) -> Iterator[MatchKey]:
    """The name by every two characters that stand side by side in it, so that a part of it finds it."""
    if digits := _digits(phone):
        yield Searched.PHONE.value, digits.encode()
    plain = _plain(name)
    for start in range(max(len(plain) - 1, 0)):
        yield Searched.NAME.value, plain[start : start + 2].encode()


def _digits(phone: str) -> str:
    return "".join(filter(str.isdigit, _plain(phone)))


def _telling_apart(applicant: Applicant) -> Iterator[tuple[Same, bytes]]:
    digits = _digits(applicant.phone)
    if applicant.id_number:
        yield Same.ID_NUMBER, _plain(applicant.id_number).encode()
    if digits:
        yield Same.NAME_AND_PHONE, f"{_plain(applicant.name)}\n{digits}".encode()
    if applicant.household:
        yield Same.HOUSEHOLD, _plain(applicant.household).encode()


def _plain(text: str) -> str:
    """Full-width or half-width, with blanks or without, in capitals or not."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()
