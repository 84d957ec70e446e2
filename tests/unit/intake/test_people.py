"""Who is one person, and what of them is one household, however it was typed."""

import pytest

from contracts.submissions import Applicant
from services.intake.domain.people import Same, marks, same_person

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
    assert marks(Applicant(name="张示例", phone="-")) == {}
    assert set(marks(Applicant(name="张示例", phone="1", id_number=FIRST, household="h 1"))) == set(Same)
    assert marks(Applicant(name="甲", household="h 1")) == marks(Applicant(name="乙", household="Ｈ１"))
