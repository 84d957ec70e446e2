"""Each moment has the version that is in force at it, whenever it is asked for; a version is what its files are."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.activating import CannotActivate, _before, _other_clocks, _start
from libraries.policies import Policy, PolicyWatch, load_policy
from libraries.policies.archive import Archive, BadArchive, archived, load_archived, unpack, version_of
from libraries.policies.watch import SINCE_EVER, Held, PolicyNotHeld, in_force, in_force_since
from libraries.runtime.clock import Clock
from libraries.versions.store import Activation, Version
from tests.packs import PACKS, small_city, write
from tests.unit.policies.archives import packed

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def line(*starts: tuple[str, datetime]) -> list[Activation]:
    return [Activation(number, version, at, at) for number, (version, at) in enumerate(starts, 1)]


def held(policy: Policy, *starts: tuple[str, datetime]) -> list[Held]:
    return [Held(version=v, starts_at=at, policy=dataclasses.replace(policy, version=v)) for v, at in starts]


@pytest.fixture
def watch(tmp_path: Path) -> PolicyWatch:
    return PolicyWatch(small_city(tmp_path), lambda: NOON)


def test_a_moment_has_the_version_of_its_own(watch: PolicyWatch) -> None:
    watch.hold(held(watch.policy, ("a", SINCE_EVER), ("b", NOON), ("c", NOON + HOUR)))
    moments = [NOON - HOUR, NOON - timedelta.resolution, NOON, NOON + HOUR, NOON + 9 * HOUR]
    assert [watch.at(moment).version for moment in moments] == ["a", "a", "b", "c", "c"]
    assert watch.policy.version == "b"
    assert watch.at(NOON) is watch.at(NOON), "one value, or everything that is derived of it is made again"


def test_what_is_activated_later_takes_the_place_of_what_was_planned(watch: PolicyWatch) -> None:
    starts = (("a", SINCE_EVER), ("planned", NOON + 2 * HOUR), ("mend", NOON))
    watch.hold(held(watch.policy, *starts))
    assert [watch.at(NOON + n * HOUR).version for n in (-1, 0, 1, 2, 3)] == ["a", "mend", "mend", "mend", "mend"]
    assert [one.version for one in (in_force(line(*starts), NOON + n * HOUR) for n in (-1, 3)) if one] == [
        "a",
        "mend",
    ]


def test_a_version_that_cannot_be_read_is_waited_for_and_the_one_before_not_used_instead(watch: PolicyWatch) -> None:
    first, second = held(watch.policy, ("a", SINCE_EVER), ("b", NOON))
    second.policy = None
    watch.hold([first, second])
    assert watch.at(NOON - HOUR).version == "a"
    with pytest.raises(PolicyNotHeld):
        watch.at(NOON)


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([("a", SINCE_EVER)], None),
        ([("a", SINCE_EVER), ("b", NOON - HOUR)], "a"),
        ([("a", SINCE_EVER), ("b", NOON - 2 * HOUR), ("a", NOON - HOUR)], "b"),
        ([("a", SINCE_EVER), ("b", NOON + HOUR)], "a"),
        ([("a", SINCE_EVER), ("b", NOON + HOUR), ("a", NOON - HOUR)], None),
        ([("a", SINCE_EVER), ("b", NOON - 3 * HOUR), ("c", NOON + HOUR), ("b", NOON - 2 * HOUR)], "a"),
    ],
)
def test_back_leads_to_what_was_really_in_force_before(
    starts: list[tuple[str, datetime]], expected: str | None
) -> None:
    found = _before(line(*starts), NOON)
    assert (found.version if found else None) == expected


DRAFT = Version("x-1", "x", NOON.date(), b"")


def test_a_version_starts_in_some_seconds_or_on_the_day_that_its_pack_names() -> None:
    clock, policy = Clock(origin=NOON, anchor=datetime.now(UTC)), load_policy(PACKS / "zhangjiakou")
    assert timedelta(seconds=9) < _start(DRAFT, policy, clock, None) - NOON < timedelta(minutes=1)
    next_month = DRAFT._replace(effective_from=NOON.date() + timedelta(days=30))
    assert _start(next_month, policy, clock, None) == datetime(2026, 3, 31, 16, tzinfo=UTC)
    assert _start(DRAFT, policy, clock, NOON + HOUR) == NOON + HOUR
    with pytest.raises(CannotActivate, match="effective_from: 2026-04-01"):
        _start(next_month, policy, clock, NOON + HOUR)
    with pytest.raises(CannotActivate, match="5 s ahead"):
        _start(DRAFT, policy, clock, NOON + timedelta(seconds=3))


def test_an_installation_keeps_its_clocks(tmp_path: Path) -> None:
    running = load_policy(small_city(tmp_path))
    heading = (tmp_path / "city" / "pack.yaml").read_text()
    moved = load_policy(write(tmp_path / "city", "pack.yaml", f"{heading}time_zone: Asia/Urumqi\n"))
    assert _other_clocks(running, running) == ""
    assert "time_zone: Asia/Shanghai" in _other_clocks(running, moved)


def test_a_process_holds_what_a_late_record_may_still_ask_for() -> None:
    there = line(("a", SINCE_EVER), ("b", NOON - 3 * HOUR), ("c", NOON - HOUR), ("d", NOON + HOUR))
    assert [one.version for one in in_force_since(there, NOON - 2 * HOUR)] == ["b", "c", "d"]
    assert [one.version for one in in_force_since(there[:1], NOON)] == ["a"]
    assert in_force_since([], NOON) == []


def test_an_archive_is_the_pack_with_its_parents(tmp_path: Path) -> None:
    pack = small_city(tmp_path)
    content, there = archived(pack), load_policy(pack)
    write(pack, "rules.yaml", "- {id: a, lead: petition}\n")
    found = load_archived(content)
    assert found.version == version_of(content) == there.version != load_policy(pack).version
    assert (found.rules, found.limits) == (there.rules, there.limits)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        packed(Archive(pack="..", files={})),
        packed(Archive(pack="a/b", files={})),
        packed(Archive(pack="city", files={"../city/rules.yaml": b""})),
        packed(Archive(pack="city", files={"city/../../rules.yaml": b""})),
        packed(Archive(pack="city", files={"city/id_rsa": b""})),
        packed({"pack": "city"}),
        packed(Archive(pack="city", files={"city/areas.csv": b"0" * (65 * 1024 * 1024)})),
    ],
)
def test_what_is_no_archive_writes_nothing_elsewhere(tmp_path: Path, content: bytes) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(BadArchive):
        unpack(content, inside)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
