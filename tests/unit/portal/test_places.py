"""Which area somebody means."""

import pytest

from libraries.clocks.wording import address_of
from libraries.policies import Policy, load_policy
from libraries.runtime.settings import REPOSITORY
from services.portal import places


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(REPOSITORY / "deploy" / "policies" / "zhangjiakou")


def test_an_address_begins_with_the_county(policy: Policy) -> None:
    assert address_of(policy, "130722100000") == "张北县张北镇"
    assert address_of(policy, "1307") == "1307"


def test_the_own_area_comes_first_and_then_those_below(policy: Policy) -> None:
    near = places.areas_near(policy, "130722100000")
    assert near[0] == ("130722100000", "张北县张北镇")
    assert len(near) > 1
    assert all(code.startswith("130722100") for code, _ in near)
    assert places.areas_near(policy, "999999999999") == []


@pytest.mark.parametrize(
    ("typed", "first"), [("130722100", "130722100000"), ("张北镇", "130722100000"), ("张北县张北镇", "130722100000")]
)
def test_a_code_a_name_or_an_address_finds_it(policy: Policy, typed: str, first: str) -> None:
    assert next(code for code, _ in places.find_areas(policy, typed)) == first


@pytest.mark.parametrize("typed", ["", "镇", "999999", "村", "村民委员会", "没有这个地方"])
def test_what_fits_nothing_or_half_a_city_finds_nothing(policy: Policy, typed: str) -> None:
    assert places.find_areas(policy, typed) == []


def test_the_nearest_office_stands_first(policy: Policy) -> None:
    offices = places.offices_near(policy, "130722100000")
    assert offices[0].code == "township-130722100000"
    assert {office.area for office in offices} == {"130722100000", "130722000000", "130700000000"}
