"""Which files of a person's earlier cases serve again: by list, policy and day, and by what has become of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import CaseState, Consent
from contracts.refusals import Fault
from libraries.policies.categories import materials
from libraries.policies.rows import Fault as PackFault
from libraries.policies.rows import read_rows
from services.intake.domain import on_file as rules
from services.intake.domain.on_file import FileOfPerson, OnFile, TakeOver
from tests.unit.intake.builders import DAY, NOW, code, done, in_progress, policy, registered, said

AID, MEANS = "civil_affairs.temporary_aid", "civil_affairs.subsistence_allowance"
CARD, REGISTER = "identity_card", "household_register"


def a_file(number: int = 1, material: str = CARD, days_ago: int = 1, **changes: Any) -> FileOfPerson:
    one = FileOfPerson(
        id=UUID(int=number),
        case_id=UUID(int=900),
        material=material,
        handed_in_at=NOW - days_ago * DAY,
        sha256=bytes([number]),
        case_state=CaseState.CLOSED,
    )
    return replace(one, **changes)


def judged(
    *files: FileOfPerson, category: str = MEANS, here: tuple[bytes, ...] = (), at: datetime = NOW
) -> list[OnFile]:
    wanted = rules.materials_of(registered(category).case, policy())
    return rules.on_file(wanted, files, here, at, policy().calendar)


def why(*files: FileOfPerson, **given: Any) -> list[str | None]:
    return [one.refused.code if one.refused is not None else None for one in judged(*files, **given)]


def test_a_file_serves_while_the_policy_lets_it_and_says_until_when() -> None:
    (one,) = judged(a_file(material=REGISTER, handed_in_at=datetime(2026, 2, 28, 3, 0, tzinfo=UTC)))
    assert one.refused is None
    assert one.valid_until == datetime(2027, 2, 28, 16, 0, tzinfo=UTC) - timedelta(microseconds=1), (
        "by the clocks of the place"
    )
    assert rules.last_day(one.valid_until, policy().calendar).isoformat() == "2027-02-28"
    until = one.valid_until
    assert why(one.file, at=until) == [None]
    assert why(one.file, at=until + timedelta(seconds=1)) == ["material_expired"]


@pytest.mark.parametrize(
    ("one", "given", "expected"),
    [
        (a_file(material="check_consent"), {}, ["never_reused"]),
        (a_file(case_state=CaseState.MERGED), {}, ["file_of_merged"]),
        (a_file(), {"here": (b"\1",)}, ["file_is_here"]),
        (a_file(material=REGISTER, days_ago=366), {}, ["material_expired"]),
        (a_file(material=REGISTER), {"category": AID}, []),
        (a_file(material=""), {}, []),
    ],
)
def test_what_does_not_serve_says_why_and_what_nobody_asks_for_is_not_shown(
    one: FileOfPerson, given: dict[str, Any], expected: list[str]
) -> None:
    assert why(one, **given) == expected


def test_the_same_file_is_offered_once_and_the_latest_first() -> None:
    old, copy, other = a_file(1, days_ago=40), a_file(2, days_ago=2, sha256=b"\1"), a_file(3, days_ago=20)
    assert [one.file.id.int for one in judged(old, copy, other)] == [2, 3]
    merged = replace(copy, case_state=CaseState.MERGED)
    assert [(one.file.id.int, one.refused) for one in judged(old, merged)] == [(1, None)]


def test_all_that_is_wrong_with_a_choice_is_named() -> None:
    known = judged(a_file(1), a_file(2, days_ago=900), a_file(3, material="check_consent"))
    wanted = [UUID(int=one) for one in (1, 2, 3, 4, 1)]
    found = rules.chosen(known, wanted)
    assert [(one.field, one.code) for one in found if isinstance(one, Fault)] == [
        ("attachments[1]", "material_expired"),
        ("attachments[2]", "never_reused"),
        ("attachments[3]", "not_on_file"),
        ("attachments[4]", "repeated"),
    ]
    assert [one.id.int for one in rules.chosen(known, wanted[:1]) if isinstance(one, FileOfPerson)] == [1]


def test_what_is_taken_over_is_handed_in_and_a_whole_case_is_accepted() -> None:
    files = {UUID(int=1): CARD, UUID(int=2): REGISTER, UUID(int=3): CARD}
    given: Any = {"take_over_id": UUID(int=9), "files": files, "consent": Consent.IN_PERSON}
    start = replace(registered(AID), events=())
    change = rules.take_over(start, policy(), **given)
    assert change.case.state is CaseState.ACCEPTED
    assert said(change)[:2] == ["case.materials_taken_over", "case.supplemented"]
    assert change.case.missing == ()
    late = rules.take_over(replace(start, case=in_progress()), policy(), **given)
    assert said(late) == ["case.materials_taken_over"]
    assert set(late.case.materials) == {CARD, REGISTER}


def test_a_withdrawn_consent_takes_the_files_and_what_only_they_were() -> None:
    taken = TakeOver(id=UUID(int=9), added=(CARD, REGISTER))
    case = replace(in_progress(), materials=("check_consent", CARD, REGISTER), required=(CARD, REGISTER))
    change = done(rules.withdraw(case, NOW, taken, files=[UUID(int=1)], others={CARD}))
    assert change.case.materials == ("check_consent", CARD)
    assert change.case.missing == (REGISTER,)
    assert said(change) == ["case.take_over_withdrawn"]
    again = replace(taken, withdrawn_at=NOW)
    assert code(rules.withdraw(case, NOW, again, files=[], others=())) == "take_over_gone"
    over = replace(case, state=CaseState.CLOSED)
    assert code(rules.withdraw(over, NOW, taken, files=[], others=())) == "take_over_too_late"


@pytest.mark.parametrize(
    ("reuse", "told"),
    [
        ("6mo", []),
        ("２ y", []),
        ("", []),
        ("5wd", ["reuse must be in days, months or years, for example 6mo"]),
        ("48h", ["reuse must be in days, months or years, for example 6mo"]),
        ("always", ["reuse"]),
        ("0mo", ["reuse"]),
    ],
)
def test_a_pack_says_how_long_a_material_serves(tmp_path: Path, reuse: str, told: list[str]) -> None:
    row = f'- {{category: {AID}, code: {CARD}, zh: 证, en: Card, reuse: "{reuse}"}}\n'
    (tmp_path / "materials.yaml").write_text(row)
    faults: list[PackFault] = []
    materials(list(read_rows(tmp_path, "materials.yaml", faults)))
    assert [one.reason.startswith(start) for one, start in zip(faults, told, strict=True)] == [True] * len(told)
