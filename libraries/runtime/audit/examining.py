"""What is wrong with a chain: each row that was removed, altered, inserted or reordered, by name. Pure.

The chain tells of single rows. Whoever changes a row and counts all hashes behind it again is found by the heads.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from contracts.events.audit import AuditHeadSigned
from libraries.runtime.audit.chain import Entry, beginning, linked
from libraries.runtime.audit.heads import is_signed_by


class Line(NamedTuple):
    """A link with its row; either may be missing."""

    position: int | None
    hash: bytes | None
    linked_id: int | None
    entry: Entry | None
    waits: bool
    """A row without a link that the job has not come to yet."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that was done to the audit."""

    code: str
    service: str
    position: int = 0
    entry: int = 0
    detail: str


class Found(msgspec.Struct, kw_only=True):
    """What was looked at in one service."""

    service: str
    chained: int = 0
    unchained: int = 0
    heads: int = 0
    """That are signed by the installation, and fit."""
    trusted_until: int = 0
    """Up to this position a signed head stands for what is there."""
    faults: list[Fault] = []


class End(NamedTuple):
    """Where the job says that the chain ends."""

    position: int
    hash: bytes


@dataclass(slots=True, kw_only=True)
class Examination:
    """Line by line, in the order of positions, then the rows without a link; then `ends` is asked."""

    service: str
    end: End
    found: Found
    wanted: dict[int, list[AuditHeadSigned]]
    _before: bytes = field(init=False)
    _last: int = field(default=0, init=False)
    _order: tuple[int, int] = field(default=(0, 0), init=False)
    _agreed: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._before = beginning(self.service)

    def look(self, line: Line) -> None:
        if line.position is None or line.hash is None:
            self._without_link(line)
        else:
            self._link(line, line.position, line.hash)

    def _without_link(self, line: Line) -> None:
        if line.entry is None or line.waits:
            self.found.unchained += 1
            return
        self._tell("inserted", 0, line.entry.id, "a row that was not there when the rows around it were chained")

    def _link(self, line: Line, position: int, chained: bytes) -> None:
        self.found.chained += 1
        if position != self._last + 1:
            detail = f"the links {self._last + 1} to {position - 1} are gone"
            self._tell("link_removed", self._last + 1, 0, detail)
        entry = line.entry
        if entry is None:
            self._tell("removed", position, line.linked_id or 0, "the row is gone")
        elif position == self._last + 1 and linked(self._before, entry) != chained:
            moved = (entry.xid, entry.id) < self._order
            what, detail = ("reordered", "another row stood here") if moved else ("altered", "its hash differs")
            self._tell(what, position, entry.id, detail)
        if entry is not None:
            self._order = (entry.xid, entry.id)
        self._heads_at(position, chained)
        self._before, self._last = chained, position

    def _heads_at(self, position: int, chained: bytes) -> None:
        for head in self.wanted.pop(position, ()):
            if head.hash == chained.hex():
                self.found.heads += 1
                self._agreed = position
                continue
            when = head.signed_at.isoformat()
            detail = f"rewritten between {self._agreed + 1} and {position}: the head signed at {when} has another hash"
            self._tell("rewritten", position, 0, detail)

    def ends(self) -> Found:
        """What was found, once every line was seen."""
        self.found.trusted_until = self._agreed
        for position in sorted(self.wanted):
            head = self.wanted[position][0]
            detail = f"the chain ends at {self._last}, a head signed at {head.signed_at.isoformat()} was at {position}"
            self._tell("cut", position, 0, detail)
        if self._last and (self.end.position, self.end.hash) != (self._last, self._before):
            detail = f"the chain ends at {self._last}, and its job has come to {self.end.position}"
            self._tell("cut", self._last, 0, detail)
        elif not self._last and self.end.position:
            self._tell("cut", 0, 0, f"no link is left of {self.end.position}")
        return self.found

    def _tell(self, code: str, position: int, entry: int, detail: str) -> None:
        self.found.faults.append(Fault(code=code, service=self.service, position=position, entry=entry, detail=detail))


def examine(service: str, end: End, heads: Iterable[AuditHeadSigned], public: str | None) -> Examination:
    """`heads` in the order in which they were written; without a public key they are not looked at."""
    found = Found(service=service)
    wanted: dict[int, list[AuditHeadSigned]] = {}
    for head in _trusted(service, heads, public, found):
        if head.restored:
            wanted = {position: kept for position, kept in wanted.items() if position <= head.position}
        if head.position:
            wanted.setdefault(head.position, []).append(head)
    return Examination(service=service, end=end, found=found, wanted=wanted)


def _trusted(
    service: str, heads: Iterable[AuditHeadSigned], public: str | None, found: Found
) -> Iterator[AuditHeadSigned]:
    for head in heads if public is not None else ():
        if head.service != service:
            continue
        if is_signed_by(head, public or ""):
            yield head
        else:
            detail = f"the head of {head.signed_at.isoformat()} is not signed by this installation"
            found.faults.append(Fault(code="head_forged", service=service, position=head.position, detail=detail))
