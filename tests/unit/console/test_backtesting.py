"""Past cases against a draft: what is different is counted, with examples and what it costs each office."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from console.backtesting import Past, backtest, lines
from contracts.codes import ClockKind, ClockStatus, Field
from libraries.clocks.clock import LegalClock, terms_of
from libraries.ids import new_id
from libraries.policies import Policy, load_policy
from libraries.policies.decision import Matter
from tests.packs import small_city, write

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
NOW = NOON + timedelta(days=60)
AID, EDUCATION, PETITION = "education.student_aid", "education-130722000000", "petition-130722000000"
DAY = timedelta(days=1)


@pytest.fixture
def running(tmp_path: Path) -> Policy:
    return load_policy(small_city(tmp_path))


def past(policy: Policy, took: timedelta | None, category: str = AID) -> Past:
    """Sent to the education bureau, and finished after so long, or not at all."""
    clock = LegalClock(
        id=new_id(),
        kind=ClockKind.HANDLING,
        office=EDUCATION,
        area="130722100000",
        terms=terms_of(policy.limit(ClockKind.HANDLING, AID), policy, EDUCATION),
        started_at=NOON,
        referral_id=UUID(int=1),
    )
    matter = Matter(category=category, field=Field.EDUCATION, area="130722100000", attributes={}, accepted_at=NOON)
    ended = clock.stop(NOON + took, ClockStatus.MET) if took is not None else clock
    return Past(case_id=new_id(), number=f"n-{took}", matter=matter, lead=EDUCATION, clock=ended)


def draft(tmp_path: Path, limit: str, rule: str = "") -> Policy:
    pack = tmp_path / "city"
    row = f"{{clock: handling, category: {AID}, limit: {limit}, statutory: false, source: x, confidence: B}}"
    write(pack, "limits.yaml", f"- {row}\n")
    write(pack, "rules.yaml", rule or "[]\n")
    return load_policy(pack)


def test_a_draft_like_the_running_policy_changes_nothing(running: Policy) -> None:
    found = backtest([past(running, 3 * DAY), past(running, None)], running, running, NOW)
    assert (found.cases, found.unknown, found.other_office, found.earlier, found.later) == (2, 0, 0, 0, 0)
    assert (found.newly_late, found.no_longer_late, found.offices) == (0, 0, ())


def test_less_time_makes_some_late_and_more_time_makes_others_no_longer_so(running: Policy, tmp_path: Path) -> None:
    cases = [past(running, 3 * DAY), past(running, 14 * DAY), past(running, 25 * DAY), past(running, None)]
    short = backtest(cases, running, draft(tmp_path, "5wd"), NOW)
    assert (short.earlier, short.later, short.newly_late, short.no_longer_late) == (4, 0, 1, 0)
    assert [one.number for one in short.examples["newly_late"]] == [f"n-{14 * DAY}"]
    (cost,) = short.offices
    assert (cost.office, cost.had, cost.would_have, cost.late, cost.would_be_late) == (EDUCATION, 4, 4, 2, 3)
    long = backtest(cases, running, draft(tmp_path, "25wd"), NOW)
    assert (long.later, long.newly_late, long.no_longer_late) == (4, 0, 1)


def test_another_lead_is_a_cost_of_both_offices(running: Policy, tmp_path: Path) -> None:
    rule = f"- {{id: a, categories: [{AID}], lead: petition}}\n"
    found = backtest([past(running, 3 * DAY)], running, draft(tmp_path, "15wd", rule), NOW)
    assert (found.other_office, found.earlier, found.later) == (1, 0, 0)
    assert [(one.office, one.had, one.would_have) for one in found.offices] == [(EDUCATION, 1, 0), (PETITION, 0, 1)]
    told = "\n".join(lines(found))
    assert f"{AID}: {EDUCATION} -> {PETITION}" in told
    assert f"{PETITION}: 0 -> 1" in told


def test_what_the_draft_does_not_know_is_counted_apart(running: Policy) -> None:
    found = backtest([past(running, DAY, category="education.gone")], running, running, NOW)
    assert (found.cases, found.unknown) == (1, 1)
