"""The shipped packs hold, and a wrong one is refused with file, line and every reason."""

import shutil
from datetime import UTC, datetime, time
from pathlib import Path
from uuid import UUID

import pytest

from contracts.codes import ClockKind
from libraries.clocks.clock import LegalClock, terms_of
from libraries.clocks.packing import pack as pack_clock
from libraries.clocks.packing import unpack
from libraries.deadlines import Limit
from libraries.policies import Policy, PolicyRefused, load_policy
from libraries.policies.coverage import gaps

PACKS = Path(__file__).parents[3] / "deploy" / "policies"


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(PACKS / "zhangjiakou")


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    shutil.copytree(PACKS, tmp_path, dirs_exist_ok=True)
    return tmp_path


def refusals(pack: Path) -> list[str]:
    with pytest.raises(PolicyRefused) as caught:
        load_policy(pack)
    return [str(fault) for fault in caught.value.faults]


def test_the_city_has_its_real_areas_and_an_office_of_each_role(policy: Policy) -> None:
    assert len(policy.areas) == 4849
    assert len([office for office in policy.offices.values() if "kafka" in office.channels]) == 300
    assert len(policy.categories) == 51


def test_every_matter_of_every_township_has_an_owner(policy: Policy) -> None:
    assert gaps(policy, datetime(2026, 3, 2, 4, 0, tzinfo=UTC)) == {}


@pytest.mark.parametrize(
    ("role", "area", "expected"),
    [
        ("education", "130722", "education-130722000000"),
        ("education", "130702001025", "education-130702000000"),
        ("township", "130702001025", "township-130702001000"),
        ("petition", "1307", "petition-130700000000"),
    ],
)
def test_the_nearest_office_up_the_tree(policy: Policy, role: str, area: str, expected: str) -> None:
    office = policy.office_near(role, area)
    assert office is not None
    assert office.code == expected


def test_nobody_owns_what_lies_outside(policy: Policy) -> None:
    assert policy.office_near("education", "990000") is None
    assert policy.area("not-a-code") is None


def test_the_law_of_petitions(policy: Policy) -> None:
    handling = policy.limit(ClockKind.HANDLING, "petition.request")
    assert (handling.limit, handling.article, handling.statutory) == (Limit.parse("60d"), "34", True)
    assert handling.extension is not None
    assert handling.extension.limit == Limit.parse("30d")
    assert policy.limit(ClockKind.PETITION_OBJECTION, "petition.request").limit == Limit.parse("5wd")
    assert policy.limit(ClockKind.RETURN_WINDOW, "education.student_aid").limit == Limit.parse("2wd")


def test_the_version_changes_with_the_content(packs: Path, policy: Policy) -> None:
    assert load_policy(packs / "zhangjiakou").version == policy.version
    with (packs / "national" / "reasons.yaml").open("a") as file:
        file.write("# a remark\n")
    assert load_policy(packs / "zhangjiakou").version != policy.version


def test_a_local_pack_may_tighten_a_statutory_limit(packs: Path) -> None:
    (packs / "zhangjiakou" / "limits.yaml").write_text(
        "- {clock: handling, category: petition.request, limit: 45d, source: city rule, confidence: B}\n"
    )
    assert load_policy(packs / "zhangjiakou").limit(ClockKind.HANDLING, "petition.request").limit == Limit.parse("45d")


def test_an_approver_has_the_name_that_the_most_local_pack_gives(packs: Path) -> None:
    own = packs / "zhangjiakou" / "approvers.yaml"
    own.write_text("- {code: county_head, zh: 县长, en: the head of the county}\n")
    policy = load_policy(packs / "zhangjiakou")
    named = {code: (one.zh, one.decides.value) for code, one in policy.approvers.items()}
    assert (named["county_head"], named["unit_head"]) == (("县长", "superior"), ("本单位负责人", "office"))
    own.write_text("- {code: unit_head, zh: 局长, en: the director}\n")
    director = load_policy(packs / "zhangjiakou").approvers["unit_head"]
    assert (director.zh, director.decides.value) == ("局长", "office"), "whose head it is stays as it was"
    own.write_text("- {code: unit_head, zh: 局长, en: the director, sex: m}\n")
    assert refusals(packs / "zhangjiakou") == ["zhangjiakou/approvers.yaml:1: unknown key sex"]


def test_an_office_or_a_row_may_name_when_business_closes(packs: Path) -> None:
    pack = packs / "zhangjiakou"
    offices = pack / "offices.yaml"
    offices.write_text(offices.read_text().replace("role: petition,", 'role: petition, close_of_business: "17:30",'))
    (pack / "limits.yaml").write_text(
        '- {clock: callback, limit: 2wd, source: x, confidence: U, close_of_business: "12:00"}\n'
    )
    policy = load_policy(pack)
    handling, callback = (policy.limit(kind, "petition.request") for kind in (ClockKind.HANDLING, ClockKind.CALLBACK))
    assert policy.rules_of(handling, "petition-130700000000").close_of_business == time(17, 30)
    assert policy.rules_of(callback, "petition-130700000000").close_of_business == time(12)
    assert policy.rules_of(handling, "health-130700000000") == policy.rules_of(handling, "nobody") == handling.rules
    terms = terms_of(handling, policy, "petition-130700000000")
    clock = LegalClock(
        id=UUID(int=1), kind=handling.clock, office="x", area="1307", terms=terms, started_at=datetime.now(UTC)
    )
    assert unpack(pack_clock(clock)).terms.rules == terms.rules


@pytest.mark.parametrize("hour", ["2530", '"25:00"', '"half past five"', "[1]"])
def test_an_hour_that_is_none_is_refused(packs: Path, hour: str) -> None:
    (packs / "zhangjiakou" / "limits.yaml").write_text(
        f"- {{clock: callback, limit: 2wd, source: x, confidence: U, close_of_business: {hour}}}\n"
    )
    assert refusals(packs / "zhangjiakou") == [
        'zhangjiakou/limits.yaml:1: close_of_business must be a time, for example "17:30"'
    ]


@pytest.mark.parametrize(("limit", "word"), [("90d", "longer"), ("50wd", "longer")])
def test_loosening_a_statutory_limit_is_refused(packs: Path, limit: str, word: str) -> None:
    (packs / "zhangjiakou" / "limits.yaml").write_text(
        f"- {{clock: handling, category: petition.request, limit: {limit}, source: city rule, confidence: B}}\n"
    )
    assert any(word in reason for reason in refusals(packs / "zhangjiakou"))


def test_every_fault_is_named_with_file_and_line(packs: Path) -> None:
    (packs / "zhangjiakou" / "rules.yaml").write_text(
        "- {id: a, categories: [education.student_aid], lead: education}\n"
        "- {id: b, categories: [no.such], lead: nobody}\n"
        "- {id: c, area: '99', leed: education}\n"
        "- just text\n"
    )
    (packs / "zhangjiakou" / "limits.yaml").write_text("- {clock: siesta, limit: 5 days, source: x, confidence: Z}\n")
    assert refusals(packs / "zhangjiakou") == [
        "zhangjiakou/limits.yaml:1: limit must be a number and one of h, d, wd, mo, y, for example 5wd",
        "zhangjiakou/limits.yaml:1: unknown clock siesta",
        "zhangjiakou/limits.yaml:1: unknown confidence Z",
        "zhangjiakou/rules.yaml:2: no office has the role nobody",
        "zhangjiakou/rules.yaml:2: unknown category no.such",
        "zhangjiakou/rules.yaml:3: lead is missing",
        "zhangjiakou/rules.yaml:3: no office has the role ",
        "zhangjiakou/rules.yaml:3: unknown area 99",
        "zhangjiakou/rules.yaml:3: unknown key leed: did you mean lead?",
        "zhangjiakou/rules.yaml:4: must be a mapping of names to values",
    ]


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        (
            "areas.csv",
            b"code,name,level,parent\n13,x,province,\n13,x,province,\n",
            "areas.csv:3: area 13 stands here twice",
        ),
        ("areas.csv", b"code,name,level,parent\n1307,x,city,13\n", "areas.csv:2: parent 13 is not listed above"),
        ("areas.csv", b"\xff\xfe", "areas.csv:1: is empty: it begins with a line that names its columns"),
        ("offices.yaml", b"- {role: [", "offices.yaml:1: not valid YAML"),
        ("offices.yaml", b"role: x\n", "offices.yaml:1: must be a list"),
        (
            "pack.yaml",
            b"name: zhangjiakou\nparent: zhangjiakou\n",
            "pack.yaml:2: parent zhangjiakou: the packs inherit in a circle",
        ),
        (
            "pack.yaml",
            b"name: zhangjiakou\nparent: nowhere\n",
            "pack.yaml:2: parent nowhere: there is no such folder beside this one",
        ),
    ],
)
def test_a_broken_file_is_named(packs: Path, file: str, content: bytes, reason: str) -> None:
    (packs / "zhangjiakou" / file).write_bytes(content)
    assert any(reason in told for told in refusals(packs / "zhangjiakou"))


def test_a_local_pack_says_how_late_a_pause_may_be_reported(packs: Path, policy: Policy) -> None:
    late = policy.late_reports
    assert (str(late.within), late.statutory, late.source) == ("3wd", False, "产品默认值 | product default")
    local = packs / "zhangjiakou" / "pack.yaml"
    local.write_text(local.read_text() + "late_reports: {within: 1wd, source: 市局规定 (示例), confidence: B}\n")
    assert str(load_policy(packs / "zhangjiakou").late_reports.within) == "1wd"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("{within: 3d, source: x, confidence: U}", "within must be in wd"),
        ("{within: 0wd, source: x, confidence: U}", "within must be from 1 to 10000 wd"),
        ("{within: 3wd, confidence: U}", "source is missing"),
        ("{within: 3wd, source: x, confidence: U, upto: 4wd}", "unknown key upto"),
        ("soon", "within is missing"),
    ],
)
def test_a_wrong_limit_for_late_reports_is_refused(packs: Path, said: str, reason: str) -> None:
    local = packs / "zhangjiakou" / "pack.yaml"
    local.write_text(local.read_text() + f"late_reports: {said}\n")
    with pytest.raises(PolicyRefused) as refused:
        load_policy(packs / "zhangjiakou")
    assert f"zhangjiakou/pack.yaml:7: {reason}" in str(refused.value)


def test_a_local_pack_says_how_long_a_case_may_be_opened_again(packs: Path, policy: Policy) -> None:
    again = policy.reopening
    assert (str(again.within), str(again.after_callback), again.statutory) == ("15wd", "3wd", False)
    local = packs / "zhangjiakou" / "pack.yaml"
    own = "reopening: {within: 30d, after_callback: 5wd, statutory: false, source: 市局规定 (示例), confidence: B}\n"
    local.write_text(local.read_text() + own)
    again = load_policy(packs / "zhangjiakou").reopening
    assert (str(again.within), str(again.after_callback), again.source) == ("30d", "5wd", "市局规定 (示例)")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("{within: 15wd, source: x, confidence: U}", "after_callback is missing"),
        ("{within: soon, after_callback: 3wd, source: x, confidence: U}", "within "),
        ("{within: 15wd, after_callback: 3wd, confidence: U}", "source is missing"),
        ("{within: 15wd, after_callback: 3wd, source: x, confidence: U, from: closed}", "unknown key from"),
        ("15wd", "within is missing"),
    ],
)
def test_a_wrong_right_to_reopen_is_refused(packs: Path, said: str, reason: str) -> None:
    local = packs / "zhangjiakou" / "pack.yaml"
    local.write_text(local.read_text() + f"reopening: {said}\n")
    with pytest.raises(PolicyRefused) as refused:
        load_policy(packs / "zhangjiakou")
    assert f"zhangjiakou/pack.yaml:7: {reason}" in str(refused.value)


def test_a_category_s_attributes_have_closed_values(policy: Policy) -> None:
    assert policy.categories["civil_affairs.temporary_aid"].attributes == {"urgent": frozenset({True, False})}


@pytest.mark.parametrize(
    ("file", "line", "reason"),
    [
        ("attributes.yaml", "{category: petition.request, name: urgent, zh: 急, en: Urgent}", "values must be a list"),
        (
            "attributes.yaml",
            "{category: civil_affairs.temporary_aid, name: urgent, values: [true], zh: 急, en: Urgent}",
            "attribute urgent of civil_affairs.temporary_aid stands here twice",
        ),
        ("attributes.yaml", "{category: no.such, name: n, values: [1], zh: 无, en: None}", "unknown category no.such"),
        (
            "rules.yaml",
            "{id: r, categories: [petition.request], attributes: {urgent: true}, lead: petition}",
            "category petition.request has no attribute urgent with the value True",
        ),
        ("rules.yaml", "{id: r, attributes: {urgent: true}, lead: petition}", "must name its categories"),
        (
            "rules.yaml",
            "{id: r, categories: [petition.request], levels: [moon], lead: petition}",
            "unknown levels moon",
        ),
        ("rules.yaml", "{id: r, categories: [petition.request], since: soon, lead: petition}", "since must be a date"),
    ],
)
def test_what_nobody_could_answer_is_refused(packs: Path, file: str, line: str, reason: str) -> None:
    pack = packs / ("national" if file == "attributes.yaml" else "zhangjiakou")
    with (pack / file).open("a", encoding="utf-8") as rows:
        rows.write(f"- {line}\n")
    assert any(reason in refusal for refusal in refusals(packs / "zhangjiakou"))
