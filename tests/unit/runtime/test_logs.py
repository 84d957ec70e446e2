"""Log lines are JSON with ids, whoever writes them, and never repeat what an error says."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from libraries.runtime import logs
from tests.logs import logging_kept

NAME = "张示例"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    with logging_kept():
        yield


def _fails(applicant: str) -> None:
    raise ValueError(f"cannot take {applicant}")


def test_a_line_is_one_json_object_with_its_ids(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("intake", "INFO")
    structlog.contextvars.bind_contextvars(handler="intake.submissions")
    structlog.get_logger().info("record parked", case_id="c-1", event_id="e-1")
    structlog.get_logger().debug("not wanted")
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    told.pop("timestamp")
    assert told == {
        "service": "intake",
        "level": "info",
        "event": "record parked",
        "handler": "intake.submissions",
        "case_id": "c-1",
        "event_id": "e-1",
    }


def test_an_error_is_its_kind_and_its_places_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("intake", "INFO")
    try:
        _fails(NAME)
    except ValueError as error:
        structlog.get_logger().error("request_failed", exc_info=error)
    out = capsys.readouterr().out
    assert NAME not in out
    told = json.loads(out)
    assert told["error"].startswith("ValueError at test_logs.py:")
    assert told["trace"][-1].endswith(" _fails")


def test_libraries_speak_in_the_same_shape(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("notify", "INFO")
    logging.getLogger("aiokafka").warning("no connection to %s", "node 1")
    logging.getLogger("aiokafka").info("not wanted")
    try:
        _fails(NAME)
    except ValueError:
        logging.getLogger("asyncio").exception("a task failed")
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["logger"], first["event"]) == ("aiokafka", "no connection to node 1")
    assert second["level"] == "error"
    assert NAME not in json.dumps(second, ensure_ascii=False)
