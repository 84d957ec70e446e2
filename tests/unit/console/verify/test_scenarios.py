"""Where nothing is wrong the oracle finds nothing, and every check has looked at something."""

from collections.abc import Callable

import pytest

# Registers the checks.
from console.verify import oracle  # noqa: F401 -- registers the checks
from console.verify.actors import ACTS
from console.verify.registry import CHECKS, Result, fresh_results, run
from console.verify.snapshot import Snapshot
from contracts.events import EVENTS, CaseBound
from contracts.events.alerts import Notification, Supervision
from contracts.events.clocks import ClockAlert
from tests.unit.console.verify.scenario import Scenario
from tests.unit.console.verify.scenarios import SCENARIOS, all_well
from tests.unit.console.verify.snapshots import together


def checked(snapshot: Snapshot) -> dict[str, Result]:
    results = fresh_results(with_kafka=True)
    run(snapshot, results)
    return results


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_a_right_scenario_has_no_fault(scenario: Callable[[], Scenario]) -> None:
    results = checked(together(scenario()))
    assert [fault for result in results.values() for fault in result.faults] == []


BY_ITSELF = frozenset(
    {
        "case.suspended",
        "case.resumed",
        "case.resolved",
        "case.terminated",
        "case.applicant_to_be_told",
        "case.area_changed",
        "routing.decided",
        "routing.unmatched",
        "referral.dispatched",
        "referral.deemed_accepted",
        "referral.office_succeeded",
        "referral.cancelled",
        "referral.rework_requested",
        "case.progressed",
        "clock.lapsed",
        "clock.recalculated",
    }
)
"""What follows from something else, or comes with time."""


def test_of_every_event_it_is_known_whether_somebody_did_it() -> None:
    of_notify = (Supervision, ClockAlert, Notification)
    scenario = {one.TYPE for one in EVENTS.values() if issubclass(one, CaseBound) and not issubclass(one, of_notify)}
    assert scenario == ACTS | BY_ITSELF
    assert not ACTS & BY_ITSELF


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_looks_at_something_and_finds_nothing(name: str) -> None:
    result = checked(all_well())[name]
    assert result.faults == []
    assert result.checked > 0
