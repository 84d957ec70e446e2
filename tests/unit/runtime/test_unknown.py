"""Events that this version does not know are counted by type, and each type is named in the log once."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from contracts.cloudevents import Place, Unknown
from libraries.runtime import metrics
from libraries.runtime.kafka import unknown
from libraries.runtime.kafka.unknown import MOST_TYPES, OTHERS, STRANGE, count_unknown


@pytest.fixture(autouse=True)
def _nothing_named_yet() -> Iterator[None]:
    unknown._named.clear()
    metrics.UNKNOWN.clear()
    yield
    unknown._named.clear()


def an_event(name: str) -> Unknown:
    return Unknown(type=name, id="1", place=Place(case_id=UUID(int=1), writer="intake", sequence=1))


def counted() -> dict[str, float]:
    (family,) = metrics.UNKNOWN.collect()
    return {one.labels["type"]: one.value for one in family.samples if one.name.endswith("_total")}


def test_each_is_counted_and_its_type_is_named_once() -> None:
    sung: list[Any] = [an_event("yimen.case.sung.v1"), object(), an_event("yimen.case.sung.v1")]
    with capture_logs() as logs:
        count_unknown("routing", "routing.cases", sung)
        count_unknown("routing", "routing.cases", sung)

    assert counted() == {"yimen.case.sung.v1": 4}
    assert [(line["type"], line["handler"]) for line in logs] == [("yimen.case.sung.v1", "routing.cases")]


def test_nobody_fills_metrics_or_log_with_names() -> None:
    many = [an_event(f"yimen.case.{'a' * (1 + number)}.v1") for number in range(2 * MOST_TYPES)]
    with capture_logs() as logs:
        count_unknown("routing", "routing.cases", [an_event("张示例 13800000000"), *many])

    assert len(counted()) == MOST_TYPES + 1
    assert counted()[STRANGE] == 1
    assert counted()[OTHERS] == MOST_TYPES + 1
    assert len(logs) == MOST_TYPES
    assert "张示例" not in str(logs)
