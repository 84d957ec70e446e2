"""Every check finds what was planted for it, and no check goes without."""

import pytest

# Registers the checks.
from console.verify import oracle  # noqa: F401
from console.verify.registry import CHECKS, fresh_results, run
from tests.unit.console.verify.clock_plants import CLOCK_PLANTS
from tests.unit.console.verify.planting import Plant
from tests.unit.console.verify.plants import (
    ACT_PLANTS,
    CASE_PLANTS,
    JOURNAL_PLANTS,
    LEG_PLANTS,
    PLACE_PLANTS,
    TOPIC_PLANTS,
)
from tests.unit.console.verify.stories import all_well

PLANTS = (*CASE_PLANTS, *LEG_PLANTS, *PLACE_PLANTS, *ACT_PLANTS, *JOURNAL_PLANTS, *CLOCK_PLANTS, *TOPIC_PLANTS)


@pytest.mark.parametrize("plant", PLANTS, ids=str)
def test_a_planted_fault_is_found(plant: Plant) -> None:
    results = fresh_results(with_kafka=True)
    run(plant.plant(all_well()), results)
    found = results[plant.check]
    assert found.wrong > 0
    assert {fault.check for fault in found.faults} == {plant.check}


def test_every_check_has_a_planted_fault() -> None:
    assert CHECKS.keys() - {plant.check for plant in PLANTS} == set()
