"""Who judges a result that was judged before, and what the rows of a pack must say."""

import shutil
from pathlib import Path

import pytest

from libraries.policies import load_policy
from libraries.policies.reviewing import reviewers, rule_of_round
from tests.packs import PACKS, refusals, write

POLICY = load_policy(PACKS / "zhangjiakou")
COUNTY, CITY = "130722000000", "130700000000"


def chain(first: str, category: str = "petition.request") -> list[str]:
    """Who judges, round after round, if the best reviewer always does."""
    judged, rule = [first], POLICY.reviews.get(category)
    while rule is not None:
        found = next(reviewers(POLICY, rule, judged), None)
        if found is None:
            break
        judged.append(found)
        rule = POLICY.reviews.get(rule.becomes)
    return judged


@pytest.mark.parametrize(
    ("first", "judges"),
    [
        (f"petition-{COUNTY}", [f"petition-{CITY}", f"government_office-{CITY}"]),
        (f"housing-{COUNTY}", [f"housing-{CITY}", f"government_office-{CITY}"]),
        ("township-130722100000", [f"government_office-{COUNTY}", f"government_office-{CITY}"]),
        (f"petition-{CITY}", [f"government_office-{CITY}"]),
        (f"government_office-{CITY}", []),
    ],
)
def test_each_review_goes_one_step_up_and_never_back(first: str, judges: list[str]) -> None:
    assert chain(first) == [first, *judges]


def test_nobody_judges_twice_and_nobody_below_the_last() -> None:
    rule = POLICY.reviews["petition.review"]
    for first in POLICY.offices:
        allowed = set(reviewers(POLICY, rule, [first]))
        assert first not in allowed
        for one in allowed:
            assert POLICY.within(POLICY.offices[first].area, POLICY.offices[one].area)
            assert first not in set(reviewers(POLICY, rule, [first, one]))


def test_after_two_reviews_it_is_over_and_other_fields_have_none() -> None:
    assert "petition.re_review" not in POLICY.reviews
    assert {POLICY.categories[code].field.value for code in POLICY.reviews} == {"petition"}
    assert rule_of_round(POLICY, "petition.request") is None
    assert rule_of_round(POLICY, "petition.re_review") is POLICY.reviews["petition.review"]


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    shutil.copytree(PACKS, tmp_path / "policies")
    return tmp_path / "policies"


ROW = (
    "- {{of: {of}, becomes: {becomes}, right: {right}, asked_by: [{by}], reviewers: [{who}],"
    " source: x, statutory: false, confidence: U}}\n"
)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"of": "petition.nothing"}, "unknown category petition.nothing"),
        ({"right": "handling"}, "handling is no time in which a review may be asked for"),
        ({"right": "retention"}, "retention is no time in which a review may be asked for"),
        ({"by": "neighbour"}, "unknown asked_by neighbour"),
        ({"who": "emperor"}, "no office has the role emperor"),
        ({"who": ""}, "reviewers is missing"),
        ({"becomes": "petition.request"}, "reviews of petition.request come back to it: they would never be over"),
        ({"who": "petition"}, "reviewers are not those that zhangjiakou/reviews.yaml:1 names for petition.review"),
    ],
)
def test_a_row_that_cannot_hold_is_refused_with_its_line(packs: Path, values: dict[str, str], told: str) -> None:
    row = {
        "of": "petition.request",
        "becomes": "petition.review",
        "right": "review_request",
        "by": "window, applicant",
        "who": "same, government_office",
        **values,
    }
    write(packs / "zhangjiakou", "reviews.yaml", ROW.format(**row))
    assert any(told in one for one in refusals(packs / "zhangjiakou")), refusals(packs / "zhangjiakou")
