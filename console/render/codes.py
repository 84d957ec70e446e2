"""Codes of refusals and parked records, with what they mean and what to do; a test compares them with the code."""

from typing import Final, NamedTuple

from console.render.tables import NOTE, table
from contracts.refusals import REFUSALS
from contracts.refusals.fields import FIELDS as FIELD_ROWS


class Explained(NamedTuple):
    """Why a record waits."""

    code: str
    meaning: str


PARKED: Final = (
    Explained("bad_attribute", "A header of an event of ours cannot be read, or a case's event has no sequence."),
    Explained("behind", "An earlier record of the same case or referral is parked; it goes on with that one."),
    Explained("handler_failed", "The handler broke; the service's log tells where. Replay after the fault is mended."),
    Explained("handler_timeout", "The handler took longer than the reader allows, for this record alone."),
    Explained(
        "invalid_event",
        "An event of ours does not fit its type: written by something else, or by another version.",
    ),
    Explained("no_attribute", "An event of ours lacks a CloudEvents header."),
    Explained("no_value", "The record is empty."),
    Explained("not_json", "The value is not JSON in UTF-8."),
    Explained("sequence_gap", "An event of the case is missing before it. When that comes, both go on by themselves."),
    Explained("too_large", "A record, or what a batch unpacks to. Size, hash and first bytes are kept."),
    Explained("undecodable", "Reading the record broke the reader; the detail names the error."),
    Explained("unknown_case", "An event about a case that this service does not have."),
    Explained("unreadable_batch", "A whole batch is broken on the topic. Size, hash and first bytes are kept."),
    Explained("unsupported_version", "An event of a newer version: bring the reader up to date, then replay."),
)


HEAD: Final = f"""\
# Error codes

{NOTE}

Codes are stable; texts are not. Every refusal has one shape, over HTTP a problem document (RFC 9457):
`{{type, title, status, code, detail, errors: [{{field, code, detail}}]}}`. Nothing was changed, and the same once
more is refused again (but for 429, 500 and 503).

- `code` says what is wrong; `invalid` stands for several things. `errors` names each of them with its field; an empty
  field is the whole. A text never repeats what was sent.
- `title` and `detail` are in the language of `Accept-Language`, or else in that of the policy (`language`).
- Over Kafka the same codes stand in `feedback.received` (outcome `refused`), and in the faults of `feedback.rejected`
  (to the office alone: it belongs to no referral of its own) and `submission.rejected`. Nobody can ask for a language
  there: their texts are Chinese.

## Refused

What is in braces is told: rules, dates, who may.
"""
FIELDS: Final = """
## Faults of a field

The sentence goes on from the field's name.
"""
BETWEEN: Final = """
## Parked

Records that could not be handled; `yimen parked` lists them, and [repair](../how-to/repair.md) says what to do.
`database_<SQLSTATE>` stands for an error of PostgreSQL.
"""


def page() -> str:
    heads = ("code", "status", "中文", "English")
    rows = {True: list[tuple[str, ...]](), False: list[tuple[str, ...]]()}
    for row in sorted(REFUSALS.values()):
        rows[row in FIELD_ROWS].append((f"`{row.code}`", str(row.status), row.zh, row.en))
    parked = ((f"`{code}`", detail) for code, detail in PARKED)
    whole, fields = table(heads, rows[False]), table(heads, rows[True])
    return "\n".join([HEAD, *whole, FIELDS, *fields, BETWEEN, *table(("code", "meaning"), parked), ""])
