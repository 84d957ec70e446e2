"""One look at several histories: the snapshot as the oracle would read them, when everything has arrived everywhere."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from console.verify.snapshot import (
    CaseRow,
    ClockRow,
    JournalRow,
    NotifyCaseRow,
    ReferralRow,
    ReferralStatusRow,
    RoutedRow,
    Snapshot,
    TimerRow,
    TopicRecord,
)
from contracts.codes import AreaLevel
from contracts.topics import HOME
from libraries.policies.tree import Area, Tree
from tests.unit.console.verify.scenario import AREA, EDUCATION, MONDAY, PENSIONS, Scenario

NOW = MONDAY + timedelta(days=40)
COUNTY, ELSEWHERE = EDUCATION.rpartition("-")[2], "130705000000"
HOMES = {topic.name for topic in HOME.values()}
ROWS = {
    CaseRow: "cases",
    RoutedRow: "routed",
    ReferralRow: "referrals",
    ClockRow: "clocks",
    NotifyCaseRow: "notify_cases",
    ReferralStatusRow: "referral_status",
    TimerRow: "timers",
}


def tree_where(township: str, *, lies_in: str) -> Tree:
    counties = [Area(code=code, name=code, level=AreaLevel.COUNTY, parent=None) for code in (COUNTY, ELSEWHERE)]
    below = Area(code=township, name=township, level=AreaLevel.TOWNSHIP, parent=lies_in)
    return Tree.on([*counties, below], NOW.date())


def together(*scenario: Scenario) -> Snapshot:
    published = [row for one in scenario for row in one.journal]
    every = {kind: [row for one in scenario for row in one.of(kind)] for kind in ROWS}
    snapshot = Snapshot(
        now=NOW,
        tolerance=timedelta(hours=1),
        settled={one.case_id for one in scenario},
        **{name: every[kind] for kind, name in ROWS.items()},
        alerts=[row for one in scenario for row in one.alerts],
        answers=[row for one in scenario for row in one.kept_answers],
        received_feedback=[row for one in scenario for row in one.received_feedback],
        journal=published,
        last={key: value for one in scenario for key, value in one.last.items()},
        kafka_offices={EDUCATION, PENSIONS},
        offices={EDUCATION, PENSIONS, f"township-{AREA}"},
        trees=[tree_where(AREA, lies_in=COUNTY)],
    )
    records = list(sent(published))
    return replace(snapshot, records=records, whole={record.topic for record in records})


def sent(published: list[JournalRow]) -> Iterator[TopicRecord]:
    """What a reader of the topics hears when the relays have sent all of it."""
    offsets: Counter[tuple[str, int]] = Counter()
    for row in sorted(published, key=lambda row: row.topic):
        partition = row.case_id.int % 12 if row.case_id is not None and row.topic in HOMES else 0
        yield TopicRecord(
            topic=row.topic,
            partition=partition,
            offset=offsets[row.topic, partition],
            key=str(row.case_id or ""),
            case_id=row.case_id,
            event_id=str(row.event_id),
            writer=row.service,
            sequence=row.sequence,
            content=hash(row.value),
        )
        offsets[row.topic, partition] += 1
