"""W3C Trace Context as it comes from outside: valid, or as if it were not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.tracing import Trace, read_trace, trace_in

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{PARENT}-01"
OTHER = f"00-{'a' * 32}-{'b' * 16}-00"


@pytest.mark.parametrize(
    ("value", "trace"),
    [
        (GOOD, Trace(TRACE, PARENT, 1)),
        (GOOD.encode(), Trace(TRACE, PARENT, 1)),
        (f"00-{TRACE}-{PARENT}-00", Trace(TRACE, PARENT, 0)),
        (f"00-{TRACE}-{PARENT}-fe", Trace(TRACE, PARENT, 0)),
        (f"cc-{TRACE}-{PARENT}-01", Trace(TRACE, PARENT, 1)),
        (f"cc-{TRACE}-{PARENT}-01-what-comes-later", Trace(TRACE, PARENT, 1)),
        (f"cc-{TRACE}-{PARENT}-01.later", None),
        (f"00-{TRACE}-{PARENT}-01-more", None),
        (f"00-{TRACE}-{PARENT}-01-", None),
        (f"ff-{TRACE}-{PARENT}-01", None),
        (f"00-{'0' * 32}-{PARENT}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{PARENT}-01", None),
        (f"00-{TRACE[1:]}-{PARENT}-01", None),
        (f" {GOOD}", None),
        (f"{GOOD}\n", None),
        (f"{GOOD},{GOOD}", None),
        ("00-١af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", None),
        (b"\xff\xfe", None),
        ("", None),
        (None, None),
    ],
)
def test_what_is_not_as_the_standard_has_it_is_ignored(value: str | bytes | None, trace: Trace | None) -> None:
    assert read_trace(value) == trace


@given(st.text(max_size=80) | st.binary(max_size=80))
def test_nothing_that_is_sent_makes_it_fail(value: str | bytes) -> None:
    trace = read_trace(value)
    assert trace is None or read_trace(str(trace)) == trace


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        ({"traceparent": GOOD, "ce_traceparent": OTHER}, TRACE),
        ({"ce_traceparent": GOOD}, TRACE),
        ({"traceparent": "nonsense", "ce_traceparent": GOOD}, TRACE),
        ({"traceparent": "nonsense"}, None),
        ({}, None),
    ],
)
def test_a_record_names_its_trace_by_either_header(headers: dict[str, str], trace: str | None) -> None:
    found = trace_in({name: value.encode() for name, value in headers.items()})
    assert (found.trace_id if found is not None else None) == trace
