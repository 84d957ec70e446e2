"""No pack makes a matter wait longer than the law says, by whichever rows, unless it cites a law itself."""

import time
from pathlib import Path

import pytest

from contracts.codes import ClockKind
from libraries.deadlines import Limit
from libraries.policies import load_policy
from libraries.policies.longer import Span, later
from tests.packs import refusals, small_city, write

CITY = "source: 市政府规定 (示例), confidence: B"
LAW = 'source: 省条例 (示例), article: "9", statutory: true, confidence: B'
WORK = "meets: [referral.completed, referral.failed], extends: true, passes_on: true"
PENSION = "social_security.pension_claim"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return small_city(tmp_path)


def limit(text: str) -> str:
    return f"- {{clock: {text}, {CITY}}}\n"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "handling, field: social_security, limit: 60wd, statutory: false",
            (
                "handling, co_handling: 60wd is longer than the 20wd of 社会保险经办条例 18 "
                f"(national/categories.csv:15) for {PENSION} (begun on "
            ),
        ),
        (
            "acceptance, limit: 60d",
            (
                "acceptance: 60d is longer than the 15d of 信访工作条例 22 (national/limits.yaml:4) for "
                "petition.request, petition.simple, petition.suggestion, petition.review and 2 more (begun on "
            ),
        ),
        ("handling, limit: 60wd", "60wd is longer than the 7d of 法律援助法 43 (national/categories.csv:50)"),
        ("handling, limit: 60wd", "co_handling, re_review: 60wd is longer than the 30d of 信访工作条例 36"),
        (f"handling, category: {PENSION}, limit: 21wd", "21wd is longer than the 20wd of 社会保险经办条例 18"),
        (f"handling, category: {PENSION}, limit: 1mo", "1mo is longer than the 20wd of 社会保险经办条例 18"),
        ("handling, category: petition.request, limit: 44wd", "44wd is longer than the 60d of 信访工作条例 34"),
        ("handling, category: petition.request, limit: 1441h", "1441h is longer than the 60d of 信访工作条例 34"),
        (
            f"handling, category: {PENSION}, limit: 20wd, extension: 1wd",
            "20wd + 1wd is longer than the 20wd of 社会保险经办条例 18",
        ),
        (
            "handling, category: petition.request, limit: 60d, extension: 31d",
            "60d + 31d is longer than the 60d + 30d of 信访工作条例 34",
        ),
        (
            "handling, category: petition.request, limit: 60d, extension: 30d, approver: clerk_of_day",
            "may be extended by clerk_of_day, and not by the unit_head of 信访工作条例 34",
        ),
        ("supplement_notice, limit: 8d", "8d is longer than the 5wd of 行政许可法 32"),
        ("petition_objection, limit: 6wd", "6wd is longer than the 5wd of 信访工作条例 23"),
        ("petition_objection, limit: 4wd", "4wd is shorter than the 5wd of 信访工作条例 23"),
        ("review_request, limit: 29d", "29d is shorter than the 30d of 信访工作条例 35"),
        ("re_review_request, limit: 31d", "31d is longer than the 30d of 信访工作条例 36"),
    ],
)
def test_a_limit_that_lets_more_time_pass_is_refused(pack: Path, row: str, told: str) -> None:
    faults = refusals(write(pack, "limits.yaml", f"# a remark\n{limit(row)}"))
    assert all(fault.startswith("city/limits.yaml:2: ") for fault in faults), faults
    assert any(told in fault for fault in faults), faults
    assert all(fault.endswith("or cite the law that allows it (statutory: true, source, article)") for fault in faults)


@pytest.mark.parametrize(
    ("row", "kind", "category", "holds"),
    [
        (f"handling, category: {PENSION}, limit: 15wd", ClockKind.HANDLING, PENSION, "15wd"),
        (f"handling, category: {PENSION}, limit: 15wd, extension: 5wd", ClockKind.HANDLING, PENSION, "15wd"),
        (f"handling, category: {PENSION}, limit: 20d", ClockKind.HANDLING, PENSION, "20d"),
        (f"handling, category: {PENSION}, limit: 100h", ClockKind.HANDLING, PENSION, "100h"),
        ("handling, category: petition.request, limit: 30wd", ClockKind.HANDLING, "petition.request", "30wd"),
        ("handling, field: education, limit: 60wd", ClockKind.HANDLING, "education.student_aid", "60wd"),
        ("acceptance, limit: 3d", ClockKind.ACCEPTANCE, "petition.request", "3d"),
        ("callback, limit: 90d", ClockKind.CALLBACK, "petition.request", "90d"),
        ("retention, limit: 30y", ClockKind.RETENTION, "petition.request", "30y"),
        ('supplement_notice, limit: 5wd, close_of_business: "12:00"', ClockKind.SUPPLEMENT_NOTICE, PENSION, "5wd"),
        ("supplement_notice, limit: 5wd, roll: false, warnings: []", ClockKind.SUPPLEMENT_NOTICE, PENSION, "5wd"),
    ],
)
def test_what_is_no_longer_than_the_law_holds(pack: Path, row: str, kind: ClockKind, category: str, holds: str) -> None:
    assert str(load_policy(write(pack, "limits.yaml", limit(row))).limit(kind, category).limit) == holds


def test_who_loosens_has_to_cite_a_law_with_its_article(pack: Path) -> None:
    row = f"- {{clock: handling, category: {PENSION}, limit: 60wd, {LAW}}}\n"
    assert load_policy(write(pack, "limits.yaml", row)).limit(ClockKind.HANDLING, PENSION).limit == Limit.parse("60wd")
    (fault,) = refusals(write(pack, "limits.yaml", row.replace('article: "9", ', "")))
    assert "60wd is longer than the 20wd of 社会保险经办条例 18" in fault


def test_a_law_of_the_province_stands_over_the_nations_for_its_cities(pack: Path) -> None:
    province = pack.parent / "hebei"
    write(province, "limits.yaml", f"- {{clock: handling, category: {PENSION}, limit: 30wd, {LAW}}}\n")
    write(pack, "limits.yaml", limit(f"handling, category: {PENSION}, limit: 25wd"))
    assert load_policy(pack).limit(ClockKind.HANDLING, PENSION).limit == Limit.parse("25wd")
    (fault,) = refusals(write(pack, "limits.yaml", limit(f"handling, category: {PENSION}, limit: 31wd")))
    assert "31wd is longer than the 30wd of 省条例 (示例) 9 (hebei/limits.yaml:1)" in fault


def test_a_promise_of_the_city_does_not_bind_its_counties_like_a_law(pack: Path) -> None:
    write(pack.parent / "hebei", "limits.yaml", limit(f"handling, category: {PENSION}, limit: 10wd"))
    write(pack, "limits.yaml", limit(f"handling, category: {PENSION}, limit: 20wd"))
    assert load_policy(pack).limit(ClockKind.HANDLING, PENSION).limit == Limit.parse("20wd")


def test_a_row_above_the_law_in_its_own_file_loosens_it_too(pack: Path) -> None:
    national = pack.parent / "national"
    text = (national / "limits.yaml").read_text("utf-8")
    write(national, "limits.yaml", limit("acceptance, category: petition.request, limit: 60d") + text)
    (fault,) = refusals(pack)
    assert fault.startswith("national/limits.yaml:1: acceptance: 60d is longer than the 15d of 信访工作条例 22")
    assert "(national/limits.yaml:5) for petition.request (begun on" in fault


def test_a_matter_of_the_citys_own_stands_under_the_law_of_its_field(pack: Path) -> None:
    rows = "code,zh,en,lead_role,handling_limit,statutory,source,confidence\npetition.new,新,New,petition,5wd,no,x,U\n"
    write(pack, "categories.csv", rows)
    (fault,) = refusals(write(pack, "limits.yaml", limit("acceptance, category: petition.new, limit: 20d")))
    assert "20d is longer than the 15d of 信访工作条例 22 (national/limits.yaml:4) for petition.new" in fault


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            f"handling, of: [lead], starts: [referral.signed], {WORK}",
            "handling starts with referral.signed, and not with referral.dispatched",
        ),
        ("handling, of: [lead], starts: []", "handling never starts"),
        (
            (
                "handling, of: [lead], starts: [referral.dispatched], extends: true, passes_on: true,"
                " meets: [referral.signed, referral.completed, referral.failed]"
            ),
            "handling has meets referral.completed, referral.failed, referral.signed",
        ),
        (
            f"handling, of: [lead], starts: [referral.dispatched], cancels: [referral.signed], {WORK}",
            "handling has cancels referral.signed, and not nothing",
        ),
        (f"handling, of: [co], starts: [referral.dispatched], {WORK}", "handling does not run for lead"),
        (
            (
                "handling, of: [lead], starts: [referral.dispatched], extends: true, passes_on: false,"
                " meets: [referral.completed, referral.failed]"
            ),
            "handling begins anew at the next office",
        ),
        (
            f"handling, of: [lead], starts: [referral.dispatched], limit_of: rework, {WORK}",
            "handling has the limit of rework, and not of handling",
        ),
        (
            f"co_handling, of: [co], starts: [referral.dispatched], limit_of: handling, {WORK}",
            "co_handling can be extended",
        ),
        ("petition_objection, starts: []", "petition_objection never starts"),
        (
            (
                "petition_objection, field: petition, instead_of: return_window, starts: [referral.dispatched],"
                " if: returnable, silence: accepted,"
                " meets: [referral.return_requested, referral.completed, referral.failed]"
            ),
            "petition_objection has meets referral.completed, referral.failed, referral.return_requested",
        ),
        (
            (
                "petition_objection, field: petition, instead_of: return_window, starts: [referral.dispatched],"
                " silence: accepted,"
                " meets: [referral.accepted, referral.return_requested, referral.completed, referral.failed]"
            ),
            "petition_objection has if nothing, and not returnable",
        ),
        (
            (
                "supplement_notice, starts: [case.registered], if: material_missing,"
                " meets: [case.supplement_requested, case.accepted]"
            ),
            "supplement_notice has silence without a meaning",
        ),
        (
            (
                "supplement_notice, starts: [case.supplemented], meets: [case.supplement_requested, case.accepted],"
                " silence: accepted"
            ),
            "supplement_notice starts with case.supplemented, and not with case.registered",
        ),
        ("review, categories: [petition.review], starts: []", "review never starts"),
        ("review_request, starts: []", "review_request never starts"),
    ],
)
def test_a_clock_under_a_law_starts_and_ends_as_the_law_has_it(pack: Path, row: str, told: str) -> None:
    text = f"# a remark\n- {{clock: {row}, {CITY}}}\n"
    faults = refusals(write(pack, "clocks.yaml", text))
    assert any(f"city/clocks.yaml:2: {told}" in fault and "national/" in fault for fault in faults), faults
    load_policy(write(pack, "clocks.yaml", text.replace(CITY, LAW)))


def test_another_clock_in_the_place_of_one_under_a_law_keeps_its_limit(pack: Path) -> None:
    stands = f"- {{clock: rework, categories: [{PENSION}], instead_of: handling, of: [lead], "
    row = f"{stands}starts: [referral.dispatched], {WORK.replace('extends: true, ', '')}, {CITY}}}\n"
    load_policy(write(pack, "clocks.yaml", row))
    (fault,) = refusals(write(pack, "limits.yaml", limit("rework, limit: 30wd")))
    assert "city/limits.yaml:1: rework: 30wd is longer than the 20wd of 社会保险经办条例 18" in fault
    (pack / "limits.yaml").unlink()
    (fault,) = refusals(write(pack, "clocks.yaml", row.replace("dispatched", "signed")))
    assert "city/clocks.yaml:1: handling starts with referral.signed, and not with referral.dispatched" in fault


def test_a_row_that_says_the_same_in_other_words_changes_nothing(pack: Path) -> None:
    row = f"- {{clock: handling, of: [lead], starts: [referral.dispatched], {WORK}, {CITY}}}\n"
    assert load_policy(write(pack, "clocks.yaml", row)).clocks[0].source == "市政府规定 (示例)"


def test_a_clock_without_a_law_is_the_citys_own(pack: Path) -> None:
    row = f"- {{clock: signing, starts: [], {CITY}}}\n"
    assert ClockKind.SIGNING not in {
        rule.clock
        for rules in load_policy(write(pack, "clocks.yaml", row)).schedule(PENSION).started.values()
        for rule in rules
    }


def test_no_reason_of_a_city_stops_a_clock_under_a_law(pack: Path) -> None:
    row = "- {code: flood, for: [hold], zh: 洪水, en: Flood, stops: [handling, callback], source: 市规定 (示例)}\n"
    (fault,) = refusals(write(pack, "reasons.yaml", row))
    assert fault.startswith("city/reasons.yaml:1: reason flood stops handling, whose time is set by ")
    assert "(national/categories.csv:" in fault
    assert " and 13 more" in fault
    cited = row.replace("source: 市规定 (示例)", 'statutory: true, source: 省条例 (示例), article: "9"')
    assert load_policy(write(pack, "reasons.yaml", cited)).reasons["flood"].statutory
    load_policy(write(pack, "reasons.yaml", row.replace("handling, callback", "callback")))


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        ("areas: ['130722']", True),
        ("roles: [social_security]", True),
        ("roles: [township]", True),
        ("offices: [petition-130700000000]", True),
        ("roles: [education]", False),
        ("roles: [housing, veterans]", False),
    ],
)
def test_a_day_off_of_an_office_that_has_a_clock_under_a_law(pack: Path, scope: str, *, refused: bool) -> None:
    row = f"- {{{scope}, date: 2026-01-05, works: false, zh: 雪, en: snow, source: 县通知 (示例)}}\n"
    write(pack, "calendars.yaml", row)
    if refused:
        (fault,) = refusals(pack)
        assert fault.startswith("city/calendars.yaml:1: a day off makes ")
        assert "whose time is set by " in fault
        assert "(national/" in fault
    else:
        load_policy(pack)
    cited = row.replace("source: 县通知 (示例)", 'statutory: true, source: 突发事件应对法 (示例), article: "9"')
    load_policy(write(pack, "calendars.yaml", cited))
    load_policy(write(pack, "calendars.yaml", row.replace("2026-01-05, works: false", "2026-01-10, works: true")))


def test_a_check_of_a_pack_that_loosens_everything_is_quick(pack: Path) -> None:
    write(pack, "limits.yaml", limit("handling, limit: 500d") + limit("acceptance, limit: 200wd"))
    before = time.process_time()
    assert len(refusals(pack)) > 15
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    ("one", "other", "longer"),
    [
        ("20wd", "20wd", False),
        ("21wd", "20wd", True),
        ("30wd", "60d", False),
        ("60d", "30wd", True),
        ("38d", "30wd", False),
        ("42d", "30wd", True),
        ("24h", "1d", False),
        ("25h", "1d", True),
        ("1d", "24h", True),
        ("24h", "1wd", False),
        ("1mo", "31d", False),
        ("31d", "1mo", True),
        ("12mo", "1y", False),
    ],
)
def test_units_are_held_against_each_other_over_every_published_day(one: str, other: str, *, longer: bool) -> None:
    mine, yours = (Span((Limit.parse(text),), rolls=False) for text in (one, other))
    assert (later(mine, yours) is not None) is longer


def test_a_last_day_that_rolls_is_later() -> None:
    rolled, plain = Span((Limit.parse("15d"),), rolls=True), Span((Limit.parse("15d"),), rolls=False)
    assert later(plain, rolled) is None
    found = later(rolled, plain)
    assert found is not None
    assert (found.end - found.instead_of).days >= 8
