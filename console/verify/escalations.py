"""Nobody is urged, supervised or listed twice for the same thing, nor for a clock that was not broken."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from console.verify.registry import check
from console.verify.snapshot import Fault, Snapshot
from console.verify.timelines import breaches, broken_before, decoded, timelines
from contracts.events.alerts import Supervision, SupervisionReminded


@check("no level of escalation was reached twice for one version of a clock, and none without a breach")
def escalated_once(snapshot: Snapshot) -> Iterator[Fault | None]:
    published, clocks = breaches(snapshot), timelines(snapshot)
    broken = {(clock_id, breach.version) for clock_id, found in published.items() for breach in found}
    # Where a clock goes on that broke at another office, its escalation goes on too.
    broken |= {(clock.clock_id, 1) for clock in clocks.values() if broken_before(clock, clocks, published) is not None}
    escalated: Counter[tuple[UUID, UUID, str, int]] = Counter()
    for (service, case_id), rows in snapshot.journal_of.items():
        for row in rows if service == "notify" else ():
            event = decoded(row) if row.type.startswith("yimen.supervision.") else None
            if not isinstance(event, Supervision) or not event.version:
                continue
            key = case_id, event.clock_id, event.level.value, event.version
            escalated[key] += 1
            if escalated[key] > 1:
                yield _fault(f"{event.level.value} of version {event.version} was said twice", event)
            elif isinstance(event, SupervisionReminded) or (event.clock_id, event.version) in broken:
                yield None
            elif not snapshot.truncated:
                yield _fault(f"{event.level.value} of version {event.version}, whose breach was never said", event)


def _fault(detail: str, event: Supervision) -> Fault:
    return Fault(detail=detail, case_id=event.case_id, ids={"clock_id": str(event.clock_id)})
