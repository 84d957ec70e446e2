"""A running clock explained by the names and the calendar of its policy."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from contracts.codes import ClockKind, ClockStatus
from libraries.clocks.clock import LegalClock, terms_of
from libraries.clocks.explaining import explained, explained_html, explained_text
from libraries.clocks.packing import PackedClock, pack, unpack
from libraries.deadlines import Limit
from libraries.policies import load_policy

POLICY = load_policy(Path(__file__).parents[3] / "deploy" / "policies" / "zhangjiakou")
OFFICE = "petition-130700000000"
HELD = LegalClock(
    id=UUID(int=1),
    kind=ClockKind.HANDLING,
    office=OFFICE,
    area="130700000000",
    terms=terms_of(POLICY.limit(ClockKind.HANDLING, "petition.request"), POLICY, OFFICE),
    started_at=datetime(2026, 3, 2, 1, tzinfo=UTC),
).pause(datetime(2026, 3, 4, 1, tzinfo=UTC), "hearing")


def test_everything_is_told_of_a_clock() -> None:
    told = explained(HELD, POLICY)
    assert (told["kind"], told["office"], told["limit"], told["due_at"]) == ("handling", OFFICE, "60d", None)
    assert (told["basis"].row, told["basis"].policy_version) == ("handling.petition.request", POLICY.version)
    assert [(day["reason"], day["counts"]) for day in told["days"]] == [
        ("start_day", False),
        ("counted", True),
        ("paused", False),
    ]
    assert told["days"][-1]["en"] == "clock paused: Hearing, by Petition Bureau, 张家口市"


def test_an_extension_is_explained_with_who_agreed_and_why() -> None:
    asked_at = datetime(2026, 3, 5, 1, tzinfo=UTC)
    calendar = POLICY.calendar_of(OFFICE)
    longer = HELD.extend(Limit.parse("30d"), asked_at, calendar, approver="unit_head", reason="complex")
    told = explained(unpack(pack(longer)), POLICY)
    assert told["extensions"] == ["30d"]
    assert told["granted"] == [
        {
            "limit": "30d",
            "approver": "unit_head",
            "approver_zh": "本单位负责人",
            "approver_en": "the head of the office",
            "reason": "complex",
            "reason_zh": "情况复杂",
            "reason_en": "The matter is complex",
            "granted_at": asked_at,
        }
    ]


def test_what_was_written_before_grants_were_kept_is_still_read() -> None:
    calendar = POLICY.calendar_of(OFFICE)
    old = msgspec.to_builtins(pack(HELD)) | {"extensions": ["5d"]}
    again = unpack(msgspec.convert(old, PackedClock))
    longer = again.extend(Limit.parse("30d"), HELD.started_at, calendar, approver="unit_head", reason="complex")
    told = explained(longer, POLICY)["granted"]
    assert [(one["limit"], one["approver"], one["reason_zh"]) for one in told] == [
        ("5d", "", ""),
        ("30d", "unit_head", "情况复杂"),
    ]
    assert told[0]["granted_at"] is None


def test_what_has_ended_is_not_provisional_any_more() -> None:
    late = replace(HELD, pauses=(), status=ClockStatus.RUNNING, started_at=datetime(2026, 12, 28, 1, tzinfo=UTC))
    ended = late.stop(late.started_at, ClockStatus.MET)
    assert (explained(late, POLICY)["provisional"], explained(ended, POLICY)["provisional"]) == (True, False)
    assert "暂定" not in explained_text(ended, POLICY)


def test_in_words_and_as_a_fragment() -> None:
    assert "暂停计时：听证（张家口市信访局）" in explained_text(HELD, POLICY)
    assert "article 34 (statutory; A: statutory text)" in explained_text(HELD, POLICY, "en")
    assert explained_html(HELD, POLICY).startswith('<section class="explanation" lang="zh-CN">')
