"""Every check finds the fault injected for it, and no check goes without."""

import pytest

# Registers the checks.
from console.verify import oracle  # noqa: F401 -- registers the checks
from console.verify.registry import CHECKS, fresh_results, run
from tests.unit.console.verify.injected_clock_faults import CLOCK_FAULTS
from tests.unit.console.verify.injected_faults import (
    ACTOR_FAULTS,
    CASE_FAULTS,
    JOURNAL_FAULTS,
    LONGER_FAULTS,
    PLACE_FAULTS,
    REFERRAL_FAULTS,
    REVIEW_FAULTS,
    TOPIC_FAULTS,
)
from tests.unit.console.verify.injecting import InjectedFault
from tests.unit.console.verify.scenarios import all_well

FAULTS = (
    *CASE_FAULTS,
    *LONGER_FAULTS,
    *REVIEW_FAULTS,
    *REFERRAL_FAULTS,
    *PLACE_FAULTS,
    *ACTOR_FAULTS,
    *JOURNAL_FAULTS,
    *CLOCK_FAULTS,
    *TOPIC_FAULTS,
)


@pytest.mark.parametrize("injected", FAULTS, ids=str)
def test_an_injected_fault_is_found(injected: InjectedFault) -> None:
    results = fresh_results(with_kafka=True)
    run(injected.inject(all_well()), results)
    found = results[injected.check]
    assert found.wrong > 0
    assert {fault.check for fault in found.faults} == {injected.check}


def test_every_check_has_an_injected_fault() -> None:
    assert CHECKS.keys() - {one.check for one in FAULTS} == set()
