"""One look at several histories: the facts as the oracle would read them, when everything has arrived everywhere."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from console.verify.snapshot import (
    CaseRow,
    ClockRow,
    Facts,
    Heard,
    LegRow,
    NotedRow,
    ReferralRow,
    RoutedRow,
    Said,
    WatchRow,
)
from contracts.codes import AreaLevel
from contracts.topics import HOME
from libraries.policies.tree import Area, Tree
from tests.unit.console.verify.histories import AREA, EDUCATION, MONDAY, PENSIONS, History

NOW = MONDAY + timedelta(days=40)
COUNTY, ELSEWHERE = EDUCATION.rpartition("-")[2], "130705000000"
HOMES = {topic.name for topic in HOME.values()}
ROWS = {
    CaseRow: "cases",
    RoutedRow: "routed",
    ReferralRow: "referrals",
    ClockRow: "clocks",
    NotedRow: "noted",
    LegRow: "legs",
    WatchRow: "watches",
}


def tree_where(township: str, *, lies_in: str) -> Tree:
    counties = [Area(code=code, name=code, level=AreaLevel.COUNTY, parent=None) for code in (COUNTY, ELSEWHERE)]
    below = Area(code=township, name=township, level=AreaLevel.TOWNSHIP, parent=lies_in)
    return Tree.on([*counties, below], NOW.date())


def together(*told: History) -> Facts:
    said = [row for one in told for row in one.said]
    every = {kind: [row for one in told for row in one.of(kind)] for kind in ROWS}
    facts = Facts(
        now=NOW,
        tolerance=timedelta(hours=1),
        settled={one.case_id for one in told},
        **{name: every[kind] for kind, name in ROWS.items()},
        alerts=[row for one in told for row in one.alerts],
        answers=[row for one in told for row in one.kept_answers],
        receipts=[row for one in told for row in one.receipts],
        said=said,
        last={key: value for one in told for key, value in one.last.items()},
        kafka_offices={EDUCATION, PENSIONS},
        offices={EDUCATION, PENSIONS, f"township-{AREA}"},
        trees=[tree_where(AREA, lies_in=COUNTY)],
    )
    heard = list(sent(said))
    return replace(facts, heard=heard, whole={record.topic for record in heard})


def sent(said: list[Said]) -> Iterator[Heard]:
    """What a reader of the topics hears when the relays have sent all of it."""
    offsets: Counter[tuple[str, int]] = Counter()
    for row in sorted(said, key=lambda row: row.topic):
        partition = row.case_id.int % 12 if row.case_id is not None and row.topic in HOMES else 0
        yield Heard(
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
