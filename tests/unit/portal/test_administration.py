"""Whose accounts an administrator manages, which posts may be given, and how long a deputy stands in."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from console.topics import DEFAULT_POLICY
from contracts.codes import Role
from libraries.policies import Policy, PolicyWatch
from libraries.policies.sign_in import GIVEN
from services.portal.domain.accounts import Account, Post
from services.portal.domain.administration import RequestedPost, leave_of, manages, post_of
from tests.civil_time import CALENDAR

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
COUNTY, TOWN, VILLAGE, CITY, OTHER = "130722000000", "130722100000", "130722100001", "130700000000", "130723000000"
SCHOOLS = f"education-{COUNTY}"


@pytest.fixture(scope="module")
def policy() -> Policy:
    return PolicyWatch(DEFAULT_POLICY).policy


def a_post(role: Role = Role.OFFICER, area: str = COUNTY, **more: datetime | None) -> Post:
    return Post(id=uuid4(), role=role, office=None, area=area, begins_at=more.get("begins"), ends_at=more.get("ends"))


def an_account(*posts: Post) -> Account:
    return Account(id=uuid4(), login="x", password_hash="", must_change=False, disabled_at=None, posts=posts)


OWN = a_post(Role.ADMINISTRATOR)
MINE = an_account(OWN)
GONE = {"ends": NOW - timedelta(days=1)}


@pytest.mark.parametrize(
    ("posts", "managed"),
    [
        ((a_post(),), True),
        ((a_post(area=VILLAGE),), True),
        ((a_post(area=OTHER),), False),
        ((a_post(), a_post(area=CITY)), False),
        ((a_post(), a_post(Role.OPS)), False),
        ((a_post(), a_post(area=CITY, **GONE)), True),
        ((a_post(**GONE),), True),
        ((a_post(area=OTHER, **GONE),), False),
    ],
)
def test_an_account_is_managed_where_all_that_it_holds_lies_in_the_area(
    policy: Policy, posts: tuple[Post, ...], *, managed: bool
) -> None:
    assert manages(OWN, an_account(*posts), MINE, NOW, policy.within) is managed


def test_nobody_manages_the_own_account(policy: Policy) -> None:
    assert not manages(OWN, MINE, MINE, NOW, policy.within)


@pytest.mark.parametrize(
    ("role", "office", "area", "code", "wrong"),
    [
        ("officer", SCHOOLS, "", "desk-2", {}),
        ("clerk", "", TOWN, "", {}),
        ("assistant", "", VILLAGE, "", {}),
        ("auditor", "", "", "", {}),
        ("officer", "", "", "", {"office": "say_office"}),
        ("officer", f"education-{OTHER}", "", "", {"office": "no_such_office", "area": "not_your_area"}),
        ("officer", "nonsense", "", "", {"office": "no_such_office"}),
        ("clerk", f"township-{TOWN}", COUNTY, "", {"area": "not_your_area"}),
        ("coordinator", "", CITY, "", {"area": "not_your_area"}),
        ("assistant", "", TOWN, "", {"area": "say_village"}),
        ("assistant", f"township-{TOWN}", VILLAGE, "", {"office": "no_office"}),
        ("ops", "", "", "", {"role": "say_role"}),
        ("applicant", "", "", "", {"role": "say_role"}),
        ("", "", "", "", {"role": "say_role"}),
        ("clerk", "", "", "window-1", {"code": "bad_code"}),
        ("clerk", f"township-{TOWN}", "", "张三", {"code": "bad_code"}),
    ],
)
def test_which_posts_may_be_given(
    policy: Policy, role: str, office: str, area: str, code: str, wrong: dict[str, str]
) -> None:
    wanted, faults = post_of({"role": role, "office": office, "area": area, "code": code}, OWN, policy)
    assert faults == wrong
    assert (wanted is None) is bool(wrong)


def test_a_post_without_an_area_is_for_that_of_its_office_or_ones_own(policy: Policy) -> None:
    typed = {"role": "officer", "office": SCHOOLS, "area": "", "code": ""}
    assert post_of(typed, a_post(Role.ADMINISTRATOR, CITY), policy)[0] == RequestedPost(
        role=Role.OFFICER, office=SCHOOLS, area=COUNTY, code=""
    )
    given = post_of({**typed, "role": "auditor", "office": ""}, OWN, policy)[0]
    assert given is not None
    assert given.area == COUNTY


def test_roles_of_the_installation_and_of_no_person_are_not_given() -> None:
    assert set(GIVEN) == set(Role) - {Role.OPS, Role.TOWNSHIP, Role.APPLICANT, Role.LINK}


@pytest.mark.parametrize(
    ("begins", "ends", "wrong"),
    [
        ("2026-03-02", "2026-03-02", {}),
        ("2026-02-01", "2026-03-02", {}),
        ("2026-02-01", "2026-03-01", {"ends": "ends_before"}),
        ("2026-03-05", "2026-03-04", {"ends": "ends_before"}),
        ("2026-03-02", "2028-03-02", {"ends": "too_long"}),
        ("", "2026-03-04", {"begins": "say_day"}),
        ("3 March", "x", {"begins": "say_day", "ends": "say_day"}),
    ],
)
def test_a_leave_has_a_first_and_a_last_day(begins: str, ends: str, wrong: dict[str, str]) -> None:
    leave, faults = leave_of(begins, ends, NOW, CALENDAR)
    assert faults == wrong
    if leave is not None:
        assert leave.ends_at - leave.begins_at == date.fromisoformat(ends) - date.fromisoformat(begins) + timedelta(1)


def test_a_post_holds_from_its_first_moment_until_before_its_last() -> None:
    post = a_post(begins=NOW, ends=NOW + timedelta(days=1))
    assert [post.holds(NOW + timedelta(days=days)) for days in (-1, 0, 1)] == [False, True, False]
    assert an_account(post, a_post()).held(NOW + timedelta(days=2)) != ()
