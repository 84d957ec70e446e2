"""Codes of refusals and parked records, with what they mean and what to do; a test compares them with the code."""

from typing import Final, NamedTuple

from services.console.render.tables import NOTE, table


class Explained(NamedTuple):
    """`status` is the HTTP status; none where the code is never an answer over HTTP."""

    code: str
    status: int | None
    meaning: str


REFUSALS: Final = (
    Explained("already_extended", 409, "The handling limit was extended before, and is only once."),
    Explained(
        "approver_missing", 422, "`approver`, or `attributes.approver` of an answer, must name who has to agree."
    ),
    Explained("co_handlers_open", 409, "The lead cannot finish before its co-handlers; the detail names them."),
    Explained("copy_needs_no_answer", 409, "A copy can be signed, and nothing else."),
    Explained("erased", 410, "The applicant of this case was erased; nobody can open it any more."),
    Explained(
        "extension_not_allowed", 409, "No handling clock runs, or the policy knows no extension for this matter."
    ),
    Explained("extension_too_late", 409, "The limit has passed; an extension is asked for before."),
    Explained(
        "extension_too_long", 422, "Longer than the policy allows, or in another unit; the detail says how much."
    ),
    Explained(
        "illegal_move", 409, "Not possible in this state; the detail names it. The states are drawn beside this page."
    ),
    Explained("invalid", 422, "The body or a query has faults; `errors` names each field with its rule. Some are 400."),
    Explained("invalid_feedback", None, "From Kafka alone: it is no answer; `faults` names each field with its rule."),
    Explained("late_reason_missing", 422, "What is reported after its day says why in `attributes.late_because`."),
    Explained("lead_needs_successor", 409, "A lead is not recalled but reassigned: no case is without an owner."),
    Explained(
        "not_allowed",
        403,
        "Neither the token nor the relation of its office to the case gives a right to it.",
    ),
    Explained("not_found", 404, "There is no such thing, or the token may not know of it."),
    Explained("not_json", 400, "The body is not one JSON object in UTF-8."),
    Explained("nothing_to_tell", 409, "Nothing of that kind is owed to the applicant; the detail says what is."),
    Explained(
        "notice_already_given", 409, "The applicant was told what is missing; a second notice needs a coordinator."
    ),
    Explained(
        "occurred_out_of_range",
        422,
        "`occurred_at` of a hold or a resumption lies before the clock, before the hold that it ends, or ahead.",
    ),
    Explained("only_the_lead", 409, "Only a lead is reassigned; co-handlers and copies are recalled."),
    Explained("referral_ended", 409, "The referral is over; the detail says how."),
    Explained("reopen_window_over", 409, "The time to open the case again has passed."),
    Explained(
        "reported_too_late",
        409,
        "The hold or resumption lies too far back, or the limit has passed; a coordinator can correct a pause.",
    ),
    Explained("return_locked", 409, "A return was refused or arbitrated before."),
    Explained("return_window_over", 409, "The time to return the referral has passed."),
    Explained("same_office", 409, "The office that it shall go to has it already."),
    Explained("too_large", 413, "More bytes or lines than are taken at once."),
    Explained("unknown_office", 422, "No office of the policy has this code."),
    Explained("unknown_pause", 422, "The clock has no pause of that number; the detail says how many it has."),
    Explained(
        "unknown_purpose", 422, "Whoever opens an applicant says for what; the detail lists the policy's purposes."
    ),
    Explained(
        "unknown_reason", 422, "The policy knows no such reason for this act; the detail lists those that it knows."
    ),
)

PARKED: Final = (
    Explained("bad_attribute", None, "A header of an event of ours cannot be read, or a case's event has no sequence."),
    Explained("behind", None, "An earlier record of the same case or referral is parked; it goes on with that one."),
    Explained(
        "handler_failed", None, "The handler broke; the service's log tells where. Replay after the fault is mended."
    ),
    Explained("handler_timeout", None, "The handler took longer than the reader allows, for this record alone."),
    Explained(
        "invalid_event",
        None,
        "An event of ours does not fit its type: written by something else, or by another version.",
    ),
    Explained("no_attribute", None, "An event of ours lacks a CloudEvents header."),
    Explained("no_value", None, "The record is empty."),
    Explained("not_json", None, "The value is not JSON in UTF-8."),
    Explained(
        "sequence_gap", None, "An event of the case is missing before it. When that comes, both go on by themselves."
    ),
    Explained("undecodable", None, "Reading the record broke the reader; the detail names the error."),
    Explained("unknown_case", None, "An event about a case that this service does not have."),
    Explained("unreadable_batch", None, "A whole batch is broken on the topic; it is kept as it lies there."),
    Explained("unsupported_version", None, "An event of a newer version: bring the reader up to date, then replay."),
)


HEAD: Final = f"""\
# Error codes

{NOTE}

Codes are stable; texts are not. What became no case, or was no answer, has codes of its own: `RejectionCode` in
[codes](codes.md).

## Refused

Over HTTP as `code` of a problem document (RFC 9457), with this status; from Kafka as `code` of a `feedback.received`
whose outcome is `refused`. Nothing was changed, and the same once more is refused again. An answer that belongs to no
referral of its office is a `feedback.rejected` to that office alone, with codes of `RejectionCode`.
"""
BETWEEN: Final = """
Problems without a code: 401 no valid token, 403 not for this role, 404 no such path, 405 not this method, 413 too
large; 503 a part of the installation is away, try again after `retry-after`; 500 a fault of ours.

## Parked

Records that could not be handled; `yimen parked` lists them, and [repair](../how-to/repair.md) says what to do.
`database_<SQLSTATE>` stands for an error of PostgreSQL.
"""


def page() -> str:
    refused = ((f"`{code}`", str(status or ""), told) for code, status, told in REFUSALS)
    parked = ((f"`{code}`", told) for code, _, told in PARKED)
    tables = table(("code", "status", "meaning"), refused), table(("code", "meaning"), parked)
    return "\n".join([HEAD, *tables[0], BETWEEN, *tables[1], ""])
