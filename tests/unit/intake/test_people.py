"""Who is one person, and what of them is one household, however it was typed."""

from uuid import UUID

import pytest

from contracts.refusals import Fault
from contracts.submissions import Applicant
from services.intake.domain.people import (
    Same,
    Sought,
    match_keys_of,
    persons,
    same_person,
    sought_keys,
    telling_apart,
    without_links,
)

PERSON = Applicant(name="张示例", phone="0313-0000000")
FIRST, SECOND = "13072219800101001X", "130722198001010028"
"""Of nobody: their check characters are wrong."""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (PERSON, PERSON, True),
        (PERSON, Applicant(name=" 张 示例", phone="（0313）000 0000"), True),
        (PERSON, Applicant(name="张示例", phone="０３１３０００００００"), True),
        (PERSON, Applicant(name="张示例", phone="0313-1111111"), False),
        (PERSON, Applicant(name="李示例", phone="0313-0000000"), False),
        (Applicant(name="张示例"), Applicant(name="张示例"), False),
        (Applicant(name="甲", id_number=FIRST.lower()), Applicant(name="乙", id_number=FIRST), True),
        (Applicant(name="甲", phone="1", id_number=FIRST), Applicant(name="甲", phone="1", id_number=SECOND), False),
        (Applicant(name="甲", phone="1", id_number=FIRST), Applicant(name="甲", phone="1"), True),
        (Applicant(name="甲", household="H-1"), Applicant(name="甲", household="H-1"), False),
    ],
)
def test_one_person(one: Applicant, other: Applicant, same: bool) -> None:
    assert same_person(one, other) is same
    assert same_person(other, one) is same


def test_a_name_alone_tells_nobody_apart() -> None:
    assert telling_apart(Applicant(name="张示例", phone="-")) == {}
    assert set(telling_apart(Applicant(name="张示例", phone="1", id_number=FIRST, household="h 1"))) == set(Same) - {
        Same.LINKED
    }
    assert telling_apart(Applicant(name="甲", household="h 1")) == telling_apart(Applicant(name="乙", household="Ｈ１"))


def test_a_part_of_a_name_finds_it_by_two_characters_side_by_side() -> None:
    keys = match_keys_of(Applicant(name="张示例", phone="(0313) 1"))
    for sought in (Sought(name="示 例"), Sought(name="张示"), Sought(name="张示例", phone="03131")):
        wanted = sought_keys(sought)
        assert isinstance(wanted, set)
        assert wanted <= keys
    for sought in (Sought(name="张例"), Sought(name="张示例", phone="2"), Sought(household="H")):
        wanted = sought_keys(sought)
        assert isinstance(wanted, set)
        assert not wanted <= keys
    assert sought_keys(Sought(name="张", phone="-")) == [Fault("name", "name_too_short"), Fault("phone", "no_digits")]


def test_cases_of_one_person_go_by_number_and_else_by_name_and_phone() -> None:
    ids = [UUID(int=number) for number in range(1, 8)]
    number, name = Same.ID_NUMBER, Same.NAME_AND_PHONE
    alone = [{number: b"1", name: b"a"}, {name: b"a"}, {number: b"1"}, {name: b"b"}, {}, {}, {Same.HOUSEHOLD: b"h"}]
    one, two, three, *others = ids
    assert persons(dict(zip(ids, alone, strict=True))) == [*([other] for other in reversed(others)), [three, two, one]]
    twins = [{number: b"1", name: b"a"}, {number: b"2", name: b"a"}, {name: b"a"}]
    assert persons(dict(zip(ids[:3], twins, strict=True))) == [[three], [two], [one]]


def test_whom_a_window_has_linked_are_one_person_whatever_they_gave() -> None:
    number, name, link = Same.ID_NUMBER, Same.NAME_AND_PHONE, Same.LINKED
    keys = [
        {number: b"1"},
        {number: b"1", link: b"l"},
        {number: b"2", link: b"l"},
        {name: b"a", link: b"m"},
        {name: b"b"},
    ]
    keys += [{number: b"3", link: b"m"}, {name: b"b", link: b"l"}]
    known = {UUID(int=place): own for place, own in enumerate(keys)}
    assert [[one.int for one in ids] for ids in persons(known)] == [[6, 4, 2, 1, 0], [5, 3]]
    assert [[one.int for one in ids] for ids in persons(without_links(known))] == [[6, 4], [5], [3], [2], [1, 0]]
