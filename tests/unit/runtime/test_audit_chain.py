"""What was done to a chain is found and named; whatever was not done to it stays unnamed."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from contracts.events.audit import AuditHeadSigned
from libraries.runtime.audit.chain import Entry, beginning, canonical, linked
from libraries.runtime.audit.examining import End, Found, Line, examine
from libraries.runtime.audit.heads import Signer

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SIGNER = Signer(b64encode(b"a" * 32).decode())


def an_entry(number: int, what: str = "summary") -> Entry:
    return Entry(number, 700 + number, AT, "read", what, "s", "clerk", None, UUID(int=number), "", "", None, b"\1")


def chained(entries: Sequence[Entry], *, begins: int = 1, before: bytes = b"") -> list[Line]:
    lines, hashed = [], before or beginning("intake")
    for position, entry in enumerate(entries, begins):
        hashed = linked(hashed, entry)
        lines.append(Line(position, hashed, entry.id, entry, waits=False))
    return lines


def head_of(lines: Sequence[Line], position: int, *, restored: bool = False, later: int = 0) -> AuditHeadSigned:
    hashed = lines[position - 1].hash or b""
    return SIGNER.head("intake", position, hashed, AT + timedelta(hours=later), restored=restored)


def look(lines: Sequence[Line], heads: Sequence[AuditHeadSigned] = (), end: End | None = None) -> Found:
    last = lines[-1]
    work = examine("intake", end or End(last.position or 0, last.hash or b""), heads, SIGNER.public)
    for line in lines:
        work.look(line)
    return work.ends()


def named(found: Found) -> list[tuple[str, int, int]]:
    return [(fault.code, fault.position, fault.entry) for fault in found.faults]


LINES = chained([an_entry(number) for number in range(1, 7)])


def test_what_is_hashed_is_written_down() -> None:
    told = (
        b'[1,701,"2026-03-02T01:00:00.000000+00:00","read","summary","s","clerk",null,'
        b'"00000000-0000-0000-0000-000000000001","","",null,"01"]'
    )
    assert canonical(an_entry(1)) == told


def test_nothing_is_wrong_with_a_chain_that_nobody_touched() -> None:
    waiting = Line(None, None, None, an_entry(9), waits=True)
    found = look(LINES, [head_of(LINES, 2), head_of(LINES, 6)])
    assert (named(found), found.chained, found.heads, found.trusted_until) == ([], 6, 2, 6)
    end = End(6, LINES[-1].hash or b"")
    assert look([*LINES, waiting], end=end).unchained == 1


def test_an_altered_row_is_named_and_no_other() -> None:
    changed = LINES[2]._replace(entry=an_entry(3)._replace(subject="another"))
    assert named(look([*LINES[:2], changed, *LINES[3:]])) == [("altered", 3, 3)]


def test_a_removed_row_and_a_removed_link_are_named() -> None:
    assert named(look([*LINES[:2], LINES[2]._replace(entry=None), *LINES[3:]])) == [("removed", 3, 3)]
    assert named(look([*LINES[:2], *LINES[3:]])) == [("link_removed", 3, 0)]


def test_an_inserted_row_is_named() -> None:
    inserted = Line(None, None, None, an_entry(8), waits=False)
    end = End(6, LINES[-1].hash or b"")
    assert named(look([*LINES, inserted], end=end)) == [("inserted", 0, 8)]


def test_reordered_rows_are_named() -> None:
    a, b = LINES[2:4]
    moved = [*LINES[:2], a._replace(entry=b.entry, linked_id=4), b._replace(entry=a.entry, linked_id=3), *LINES[4:]]
    assert named(look(moved)) == [("altered", 3, 4), ("reordered", 4, 3)]


def test_a_tail_that_was_cut_is_told_by_the_job_and_where_that_was_changed_by_the_heads() -> None:
    whole = End(6, LINES[-1].hash or b"")
    assert named(look(LINES[:4], end=whole)) == [("cut", 4, 0)]
    assert named(look(LINES[:4], [head_of(LINES, 2), head_of(LINES, 6)])) == [("cut", 6, 0)]


def test_a_chain_that_was_written_anew_is_told_by_the_heads() -> None:
    forged = [*LINES[:2], *chained([an_entry(3, "other"), *map(an_entry, (4, 5, 6))], begins=3, before=LINES[1].hash)]
    assert named(look(forged)) == []
    found = look(forged, [head_of(LINES, 2), head_of(LINES, 5)])
    assert named(found) == [("rewritten", 5, 0)]
    assert "between 3 and 5" in found.faults[0].detail


def test_a_head_that_somebody_else_signed_is_told() -> None:
    other = Signer(b64encode(b"b" * 32).decode()).head("intake", 3, LINES[2].hash or b"", AT)
    assert named(look(LINES, [other, replace(head_of(LINES, 4), position=5)])) == [
        ("head_forged", 3, 0),
        ("head_forged", 5, 0),
    ]


def test_after_a_restore_earlier_heads_speak_of_what_is_no_more() -> None:
    again = [*LINES[:3], *chained([an_entry(14), an_entry(15)], begins=4, before=LINES[2].hash)]
    heads = [
        head_of(LINES, 2),
        head_of(LINES, 6),
        head_of(again, 3, restored=True, later=1),
        head_of(again, 5, later=2),
    ]
    found = look(again, heads)
    assert (named(found), found.heads, found.trusted_until) == ([], 3, 5)
    assert named(look(again, heads[:2])) == [("cut", 6, 0)], "nobody else can say that it was restored"
