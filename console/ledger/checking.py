"""Every fault of every row of a ledger, before anything is done: by the rules by which intake takes submissions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from console.ledger.columns import ATTRIBUTES, NEEDED, NUMBER, Names, attribute_of, field_of, value_of
from console.ledger.reading import Cell, Ledger
from contracts.refusals import Fault, sentence
from contracts.refusals.messages import Language
from libraries.policies import Policy
from services.intake.domain.submission import parse

SHOWN: Final = 20


class RowFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with one cell; row 0 is the file as a whole."""

    row: int
    column: str
    """As the heading calls it; empty for the whole row."""
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row that intake can take."""

    number: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Checked:
    rows: Sequence[Row]
    faults: Sequence[RowFault]


def check(
    ledger: Ledger, policy: Policy, *, source: str, ignored: Sequence[str], now: datetime, language: Language
) -> Checked:
    """All rows that are right, and all that is wrong with the others."""
    columns = [None if name in ignored or not name else field_of(name) for name in ledger.heading]
    heading = {field: name for field, name in zip(columns, ledger.heading, strict=True) if field is not None}
    faults = list(_of_heading(ledger.heading, columns, ignored, language))
    if faults:
        return Checked((), faults)
    names, rows, first = Names.of(policy), list[Row](), dict[str, int]()
    for number, cells in ledger.rows:
        body, found = _read(cells, columns, policy, names)
        body["source"] = source
        own, wrong = str(body.get(NUMBER, "")), {fault.field for fault in found}
        if own and first.setdefault(own, number) != number:
            found.append(Fault(NUMBER, "row_repeated", {"row": first[own]}))
        encoded = msgspec.json.encode(body)
        parsed = parse(encoded, policy, now)
        if isinstance(parsed, tuple):
            found += [fault for fault in parsed if fault.field not in wrong and not _same(fault.field, wrong)]
        faults += [_told(number, fault, heading, language) for fault in found]
        if not found:
            rows.append(Row(number, encoded))
    return Checked(rows, faults)


def _same(field: str, wrong: set[str]) -> bool:
    """Whether the cell was found wrong already: what it lacks then is no second fault."""
    return any(field.startswith((f"{one}.", f"{one}[")) for one in wrong)


def _of_heading(
    heading: Sequence[str], columns: Sequence[str | None], ignored: Sequence[str], language: Language
) -> Iterator[RowFault]:
    seen = set[str]()
    for name, field in zip(heading, columns, strict=True):
        if field is None and name and name not in ignored:
            yield _whole(name, "column_unknown", language)
        elif field is not None and field in seen:
            yield _whole(name, "repeated", language)
        seen.add(field or "")
    for field in NEEDED:
        if field not in seen:
            yield _whole(field, "column_missing", language)


def _whole(column: str, code: str, language: Language) -> RowFault:
    return RowFault(row=0, column=column, code=code, detail=sentence(code, {}, language))


def _read(
    cells: Sequence[Cell], columns: Sequence[str | None], policy: Policy, names: Names
) -> tuple[dict[str, Any], list[Fault]]:
    """A submission's fields as the cells give them, without those that are empty or wrong."""
    body: dict[str, Any] = {"applicant": {}}
    attributes, faults = dict[str, tuple[str, Cell]](), list[Fault]()
    for field, cell in zip(columns, cells, strict=False):
        if field is None or (isinstance(cell, str) and not cell.strip()):
            continue
        if field.startswith(ATTRIBUTES):
            attributes[field.removeprefix(ATTRIBUTES)] = (field, cell)
            continue
        value = value_of(field, cell, names)
        if isinstance(value, Fault):
            faults.append(Fault(field, value.code, value.facts))
        else:
            part, _, name = field.rpartition(".")
            (body[part] if part else body)[name] = value
    if any(not isinstance(cell, str) or cell.strip() for cell in cells[len(columns) :]):
        faults.append(Fault("", "row_too_long"))
    category = policy.categories.get(str(body.get("category", "")))
    allowed: Mapping[str, frozenset[str | int | bool]] = category.attributes if category is not None else {}
    for name, (field, cell) in attributes.items():
        meant = attribute_of(cell, allowed.get(name, ()))
        if isinstance(meant, Fault):
            faults.append(Fault(field, meant.code, meant.facts))
        else:
            body.setdefault("attributes", {})[name] = meant
    return body, faults


def _told(number: int, fault: Fault, heading: Mapping[str, str], language: Language) -> RowFault:
    """By the name of the column, wherever in its cell the fault lies."""
    field = fault.field
    while field and field not in heading:
        field = field.rpartition(".")[0]
    return RowFault(
        row=number,
        column=heading.get(field, fault.field),
        code=fault.code,
        detail=sentence(fault.code, fault.facts, language),
    )
