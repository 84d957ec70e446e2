"""Areas that are merged, split, renamed, moved and given other codes: one relation "is within" as of a day."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import AreaLevel
from libraries.policies import Area, Policy, PolicyRefused, PolicyWatch, load_policy
from libraries.policies.leaving import left_alone
from libraries.policies.tree import Tree
from libraries.policies.validity import validity_faults
from tests.unit.policies.changing import AREAS, BEFORE, DAY, HEADING, OFFICES, policy_on, write_pack


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return policy_on(tmp_path_factory.mktemp("before"), BEFORE)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return policy_on(tmp_path_factory.mktemp("after"), DAY)


@pytest.mark.parametrize(
    ("code", "now"),
    [
        ("130721", "130705000000"),  # merged into a district
        ("130721100", "130705101000"),  # its township, with another code
        ("130721101", "130705001000"),  # its township, merged into another
        ("130721999", "130705000000"),  # never on the list: where its county went
        ("130729", "130708000000"),  # another code for the same county
        ("130729100", "130708100000"),  # the rest of the digits stays
        ("130729100201", "130708100000"),  # a village that is on no list
        ("130722100", "130722102000"),  # split: whoever takes the open work
        ("130722200", "130722200000"),  # moved, with its code
        ("139999", "130000000000"),  # nothing but its province is known
    ],
)
def test_where_a_code_lies_after_the_day(after: Policy, code: str, now: str) -> None:
    place = after.tree.place(code)
    assert place is not None
    assert place.code == now


def test_until_the_day_comes_everything_is_as_it_was(before: Policy) -> None:
    assert before.tree.place("130721") == before.area("130721")
    assert before.within("130722200", "130722")
    assert not before.within("130721", "130705")
    assert before.area("130708") is None
    assert next(area.name for area in before.upwards("130722201")) == "丙五乡"


def test_what_moved_lies_in_its_new_county_whatever_its_digits_say(after: Policy) -> None:
    assert after.within("130722200", "130705")
    assert not after.within("130722200", "130722")
    assert "130722200000" in after.tree.codes_within("130705")
    assert "130722200000" not in after.tree.codes_within("130722")


def test_an_old_code_names_the_ground_of_its_successor(after: Policy) -> None:
    assert after.within("130705101", "130721")
    assert after.within("130721100", "130705")
    assert set(after.tree.codes_within("130721")) == set(after.tree.codes_within("130705"))
    assert {"130721000000", "130721100000", "130705101000"} <= set(after.tree.codes_within("130705"))


def test_a_new_matter_is_taken_for_an_old_code_where_it_is_sure_whose_it_is(after: Policy) -> None:
    taken = after.area_for("130729100")
    assert taken is not None
    assert taken.code == "130708100000"
    assert after.area_for("130722100") is None, "split: which half?"
    assert after.area_for("130721999") is None, "never an area"


@pytest.mark.parametrize(
    ("code", "now"),
    [
        ("education-130721000000", "education-130705000000"),
        ("township-130721101000", "township-130705001000"),
        ("township-130722100000", "township-130722102000"),
        ("education-130705000000", "education-130705000000"),
        ("education-130705001000", None),  # never was one
        ("nobody-130721000000", None),
    ],
)
def test_an_office_of_an_area_that_ended_is_succeeded_by_that_of_its_successor(
    after: Policy, code: str, now: str | None
) -> None:
    office = after.office_now(code)
    assert (office.code if office is not None else None) == now


def test_offices_that_will_be_are_known_before_and_those_that_were_keep_their_names(
    before: Policy, after: Policy
) -> None:
    assert "education-130708000000" in before.coming
    assert "education-130708000000" not in before.offices
    assert after.names()["education-130721000000"][0] == "甲县教育局"
    assert before.names()["township-130722201000"][0] == "丙五乡民政服务窗口"
    assert after.names()["township-130722201000"][0] == "丙五镇民政服务窗口"


def test_the_day_comes_while_a_service_runs(tmp_path: Path) -> None:
    now = [datetime(2026, 3, 31, 15, 59, tzinfo=UTC)]
    watch = PolicyWatch(write_pack(tmp_path), lambda: now[0])
    assert watch.area_now("130721") == "130721000000"
    before = watch.policy
    assert watch.policy is before
    now[0] += timedelta(minutes=1)
    assert watch.policy is not before, "midnight in China"
    assert watch.area_now("130721") == "130705000000"
    assert watch.office_now("education-130721000000") == "education-130705000000"
    assert watch.policy is watch.policy


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("130799,丁县,county,1307,,2026-03-31,,", "area 130799 ends and nobody has its work: name a successor"),
        ("130799,丁县,county,1307,,2026-03-31,130788,", "unknown successor 130788"),
        ("130799,丁县,county,1307,,2026-03-30,130708,", "successor 130708 is not there on 2026-03-31, the day after"),
        ("130799,丁县,county,1307,,2026-03-31,130799,", "an area does not succeed itself"),
        ("130799,丁县,county,1307,,,130705,", "a successor needs the day on which the area ends: valid_until"),
        ("130799,丁县,county,1307,,2026-03-31,130705 130708,", "a split must say in open_work_to which successor"),
        ("130799,丁县,county,1307,,2026-03-31,130705,130722", "open_work_to must be one of the successors"),
        ("130799,丁县,county,1307,2026-04-02,2026-04-01,130705,", "valid_until lies before valid_from"),
        ("130799,丁县,county,1307,,31.3.2026,130705,", "valid_until must be a date, for example 2026-10-01"),
        ("130799,丁县,county,1307,,2026-02-30,130705,", "valid_until must be a date, for example 2026-10-01"),
        ("130722201,丙五镇,township,130722,2027-01-01,,,", "area 130722201 stands here twice for the same days"),
        ("130721102,甲四镇,township,130721,,,,", "parent 130721 is not there on 2026-04-01: end the area or move it"),
        ("130721103,甲五镇,township,130721,,2026-03-31,,", "ends and nobody has its work: name a successor"),
        ("130729101,乙二镇,township,130729,,2026-03-31,,", "ends and nobody has its work: name a successor"),
        (
            "130708101,乙三镇,township,130708,,,,",
            "parent 130708 is not there on its first days: end",
        ),
    ],
)
def test_what_would_leave_work_without_an_area_is_refused(tmp_path: Path, row: str, reason: str) -> None:
    line = 2 + AREAS.count("\n")
    with pytest.raises(PolicyRefused) as refused:
        policy_on(tmp_path, DAY, HEADING + AREAS + row + "\n")
    told = [str(fault) for fault in refused.value.faults]
    assert any(fault.startswith(f"place/areas.csv:{line}: ") and reason in fault for fault in told), told


def test_a_pause_in_the_life_of_a_code_needs_somebody_for_the_days_between(tmp_path: Path) -> None:
    gap = "130722300,丙六乡,township,130722,,2026-03-31,,\n130722300,丙六乡,township,130722,2026-05-01,,,\n"
    with pytest.raises(PolicyRefused, match="130722300 is nowhere from 2026-04-01 to 2026-04-30; name a successor"):
        policy_on(tmp_path, DAY, HEADING + AREAS + gap)
    kept = gap.replace("2026-03-31,,", "2026-03-31,130722201,")
    between = policy_on(tmp_path, DAY, HEADING + AREAS + kept)
    assert between.within("130722300", "130722201")
    assert not between.on(date(2026, 5, 1)).within("130722300", "130722201")


DAYS = [date(2020, 1, 1) + timedelta(days=100 * n) for n in range(6)]
CODES = [f"1307{n:02}000000" for n in range(1, 7)]


@st.composite
def histories(draw: st.DrawFn) -> list[Area]:
    """A city whose counties end on some days, each handed to others that are there on the day after."""
    rows = [
        Area(code="130000000000", name="省", level=AreaLevel.PROVINCE, parent=None),
        Area(code="130700000000", name="市", level=AreaLevel.CITY, parent="130000000000"),
    ]
    ends = {code: draw(st.sampled_from([*DAYS, None])) for code in CODES}
    ends[draw(st.sampled_from(CODES))] = None
    for number, code in enumerate(CODES):
        end = ends[code]
        there = [one for one in CODES if (ends[one] or date.max) > (end or date.max)]
        heirs = tuple(draw(st.lists(st.sampled_from(there), min_size=1, max_size=3, unique=True))) if end else ()
        until = end - timedelta(days=1) if end else None
        where = f"x:{number}"
        county = {"level": AreaLevel.COUNTY, "valid_until": until, "where": where}
        work = draw(st.sampled_from(heirs)) if heirs else None
        rows.append(Area(code=code, name=code, parent=CITY, successors=heirs, open_work_to=work, **county))
        if draw(st.booleans()):
            part = f"{code[:6]}100000"
            rows.append(Area(code=part, name=part, parent=code, successors=heirs, open_work_to=work, **county))
    return rows


CITY = "130700000000"


@given(histories(), st.sampled_from([*DAYS, date(2019, 1, 1)]), st.data())
def test_is_within_is_a_partial_order_of_places_and_every_chain_of_successors_ends(
    rows: list[Area], day: date, data: st.DataObject
) -> None:
    assert list(validity_faults(rows)) == []
    tree = Tree.on(rows, day)
    codes = sorted({row.code for row in rows})
    places = {code: place.code for code in codes if (place := tree.place(code)) is not None}
    assert set(places) == set(codes), "nothing is ever nowhere"
    assert set(places.values()) <= set(tree.areas)
    a, b, c = (data.draw(st.sampled_from(codes)) for _ in range(3))
    assert tree.within(a, a)
    if tree.within(a, b) and tree.within(b, c):
        assert tree.within(a, c)
    if tree.within(a, b) and tree.within(b, a):
        assert places[a] == places[b]
    for area in codes:
        inside = {code for code in codes if tree.within(code, area)}
        assert set(tree.codes_within(area)) == inside
        runs = tree.ranges_within(area)
        assert {code for code in codes if any(first <= code <= last for first, last in runs)} == inside


ENDS = """\
- {role: employment, levels: [county], areas: ["130722"], channels: [http], zh: 丙县就业局, en: E, valid_until: 2026-03-31, successor: social_security}
- {role: health, levels: [county], areas: ["130722"], channels: [http], zh: 丙县卫健局, en: H, valid_until: 2026-03-31, successor: civil_affairs}
- {role: health, levels: [county], areas: ["130722"], channels: [http], zh: 丙县卫健委, en: H, valid_from: 2026-05-01}
- {role: veterans, levels: [county], areas: ["130722"], channels: [http], zh: 旧名, en: V, valid_until: 2026-03-31}
- {role: veterans, levels: [county], areas: ["130722"], channels: [http], zh: 新名, en: V, valid_from: 2026-04-01}
"""  # noqa: E501 -- a row stands in a line


def with_offices(folder: Path, rows: str, day: date) -> Policy:
    return load_policy(write_pack(folder, offices=rows + OFFICES), day)


def test_offices_are_merged_renamed_and_away_for_a_time(tmp_path: Path) -> None:
    before = with_offices(tmp_path, ENDS, BEFORE)
    after, back = before.on(DAY), before.on(date(2026, 5, 1))
    jobs, health, veterans = (f"{role}-130722000000" for role in ("employment", "health", "veterans"))
    assert {jobs, health, veterans} <= set(before.offices)

    assert jobs not in after.offices, "a row about this very office stands alone"
    assert after.office_now(jobs) is after.offices["social_security-130722000000"]
    assert after.office_near("employment", "130722101") is after.offices["social_security-130722000000"]
    assert after.office_near("employment", "130705001") is after.offices["employment-130705000000"]
    assert jobs in after.codes_of_office("social_security-130722000000")

    assert after.office_now(health) is after.offices["civil_affairs-130722000000"], "the deputy, while it is away"
    assert back.office_now(health) is back.offices[health]

    assert before.offices[veterans].zh == "旧名"
    assert after.offices[veterans].zh == "新名"
    assert after.office_now(veterans) is after.offices[veterans]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("valid_until: 2026-03-31", "the office ends and nobody has its work on 2026-04-01: name a role as successor"),
        ("valid_until: 2026-03-31, successor: nobody", "no office has the role nobody"),
        ("successor: civil_affairs", "a successor needs the day on which the office ends: valid_until"),
        ("valid_from: 2026-04-01, valid_until: 2026-03-01, successor: petition", "valid_until lies before valid_from"),
        ("valid_until: soon, successor: petition", "valid_until must be a date"),
    ],
)
def test_an_office_ends_only_where_somebody_has_its_work(tmp_path: Path, row: str, reason: str) -> None:
    rows = f'- {{role: health, levels: [county], areas: ["130722"], zh: 卫健局, en: Health, {row}}}\n'
    with pytest.raises(PolicyRefused) as refused:
        with_offices(tmp_path, rows, DAY)
    assert any(f"place/offices.yaml:1: {reason}" in str(fault) for fault in refused.value.faults)


def test_a_policy_that_forgets_where_open_work_stands_is_told_of_the_work(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    running = load_policy(pack, date(2026, 4, 2))
    areas = "".join(line + "\n" for line in (HEADING + AREAS).splitlines() if not line.startswith("130722101,"))
    (pack / "areas.csv").write_text(areas.replace('"130722101,130722102",130722102', "130722102,"))
    found = load_policy(pack, date(2026, 4, 2))
    (fault,) = left_alone(running, found, {"130722101000": 12, "130722102000": 3})
    assert str(fault).startswith("place/areas.csv:1: area 130722101000 has 12 open and no row any more: keep its row")
    assert left_alone(running, found, {}) == [], "nothing is open there: it may go"
