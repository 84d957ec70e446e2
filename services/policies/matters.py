"""Categories, their material, limits, reasons and routing rules."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from contracts.codes import AreaLevel, ClockKind, Confidence, Field
from services.deadlines import BadQuestion, CountingRules, Limit, Unit
from services.policies.model import (
    Approver,
    Category,
    Condition,
    Extension,
    LateReports,
    LimitRow,
    Material,
    Purpose,
    Reason,
    Rule,
)
from services.policies.reading import Entry, code_of
from services.policies.warnings import DEFAULT_LEVELS, fault_of

EXTENSION_APPROVER = "unit_head"
"""Who has to agree where a row does not say (信访工作条例 34; 行政许可法 42)."""
USES = frozenset(
    {
        "return",
        "hold",
        "extend",
        "fail",
        "decline",
        "withdraw",
        "cancel",
        "reopen",
        "reassign",
        "return_refused",
        "late_report",
        "correct_pause",
    }
)


def materials(rows: Sequence[Entry]) -> dict[str, tuple[Material, ...]]:
    found: dict[str, tuple[Material, ...]] = {}
    for row in rows:
        category, code, zh, en = (row.text(key) for key in ("category", "code", "zh", "en"))
        row.done()
        if any(code == known.code for known in found.get(category, ())):
            row.refuse(f"material {code} stands here twice")
        found[category] = (*found.get(category, ()), Material(code=code, zh=zh, en=en))
    return found


def attributes(rows: Sequence[Entry]) -> dict[str, dict[str, frozenset[str | int | bool]]]:
    """By category and name, the values that an attribute may have."""
    found: dict[str, dict[str, frozenset[str | int | bool]]] = {}
    for row in rows:
        category, name = row.text("category"), row.text("name")
        row.text("zh"), row.text("en")
        row.asked.add("values")
        values = row.values.get("values")
        row.done()
        if not isinstance(values, list) or not values or not all(isinstance(v, str | int | bool) for v in values):
            row.refuse("values must be a list of texts, whole numbers, true or false")
            continue
        if name in found.setdefault(category, {}):
            row.refuse(f"attribute {name} of {category} stands here twice")
        found[category][name] = frozenset(values)
    return found


def categories(
    rows: Sequence[Entry],
    by_clerk: set[str],
    checklist: Mapping[str, tuple[Material, ...]],
    questions: Mapping[str, Mapping[str, frozenset[str | int | bool]]],
) -> dict[str, Category]:
    found: dict[str, Category] = {}
    for row in rows:
        code = row.text("code")
        field = code_of(row, "field", Field, code.partition(".")[0])
        if code in found:
            row.refuse(f"category {code} stands here twice")
        if field is not None:
            found[code] = Category(
                code=code,
                field=field,
                zh=row.text("zh"),
                en=row.text("en"),
                lead_role=row.text("lead_role"),
                co_roles=row.texts("co_roles"),
                by_clerk=code in by_clerk,
                materials=checklist.get(code, ()),
                attributes=questions.get(code, {}),
            )
    for code in sorted((by_clerk | set(checklist) | set(questions)) - set(found)):
        if rows:
            rows[0].refuse(f"unknown category {code} in accepted_by_clerk, materials.yaml or attributes.yaml")
    return found


def limits(rows: Sequence[Entry], matters: Sequence[Entry]) -> tuple[LimitRow, ...]:
    """Rows of limits.yaml in order, then the handling limit of each category."""
    found = []
    for row in rows:
        clock = code_of(row, "clock", ClockKind, row.text("clock"))
        field = code_of(row, "field", Field, row.text("field", "")) if "field" in row.values else None
        limit = _limit(row, "limit")
        category = row.text("category", "") or None
        found_row = _limit_row(row, clock, limit, category)
        row.asked |= {"extension", "roll", "warnings"}
        row.done()
        if found_row is not None:
            found.append(found_row if field is None else _for_field(found_row, field))
    for row in matters:
        limit = _limit(row, "handling_limit")
        handling = _limit_row(row, ClockKind.HANDLING, limit, row.text("code"))
        if handling is not None:
            found.append(handling)
    return tuple(found)


def late_reports(packs: Sequence[Entry]) -> LateReports:
    """What the most local pack.yaml says of it."""
    head = next((entry for entry in packs if "late_reports" in entry.values), None)
    if head is None:
        return LateReports()
    said = head.values["late_reports"]
    row = Entry(file=head.file, line=head.line, values=said if isinstance(said, dict) else {}, faults=head.faults)
    within = _limit(row, "within")
    if within is not None and within.unit is not Unit.WORKING_DAY:
        row.refuse("within must be in wd")
    confidence = code_of(row, "confidence", Confidence, row.text("confidence"))
    found = LateReports(
        within=within or LateReports().within,
        source=row.text("source"),
        article=row.text("article", ""),
        statutory=row.flag("statutory"),
        confidence=confidence or Confidence.U,
    )
    row.done()
    return found


def _limit_row(row: Entry, clock: ClockKind | None, limit: Limit | None, category: str | None) -> LimitRow | None:
    confidence = code_of(row, "confidence", Confidence, row.text("confidence"))
    source, article, statutory = row.text("source"), row.text("article", ""), row.flag("statutory")
    longer = _limit(row, "extension") if row.values.get("extension") else None
    approver = row.text("approver", EXTENSION_APPROVER)
    roll = row.flag("roll") if "roll" in row.values else True
    warnings = row.texts("warnings") if row.values.get("warnings") is not None else DEFAULT_LEVELS
    for wrong in filter(None, map(fault_of, warnings)):
        row.refuse(wrong)
    closes = row.hour("close_of_business")
    if clock is None or limit is None or confidence is None:
        return None
    return LimitRow(
        id=".".join(part for part in (clock.value, category) if part),
        clock=clock,
        limit=limit,
        rules=CountingRules(roll_last_day=roll, close_of_business=closes),
        extension=Extension(limit=longer, approver=approver) if longer else None,
        source=source,
        article=article,
        statutory=statutory,
        confidence=confidence,
        warnings=warnings,
        category=category,
    )


def _for_field(row: LimitRow, field: Field) -> LimitRow:
    named = {name: getattr(row, name) for name in LimitRow.__slots__}
    return LimitRow(**{**named, "field": field, "id": f"{row.id}.{field.value}"})


def reasons(rows: Sequence[Entry]) -> dict[str, Reason]:
    found: dict[str, Reason] = {}
    for row in rows:
        code, uses = row.text("code"), frozenset(row.texts("for"))
        stops = [code_of(row, "stops", ClockKind, kind) for kind in row.texts("stops")]
        for use in sorted(uses - USES):
            row.refuse(f"a reason cannot be for {use}")
        if code in found:
            row.refuse(f"reason {code} stands here twice")
        found[code] = Reason(
            code=code,
            uses=uses,
            zh=row.text("zh"),
            en=row.text("en"),
            stops=frozenset(kind for kind in stops if kind is not None),
            source=row.text("source", ""),
            article=row.text("article", ""),
        )
        row.done()
    return found


def approvers(rows: Sequence[Entry]) -> dict[str, Approver]:
    """Names of who has to agree. Of two for one code the more local one stands."""
    found: dict[str, Approver] = {}
    for row in rows:
        named = Approver(code=row.text("code"), zh=row.text("zh"), en=row.text("en"))
        row.done()
        found.setdefault(named.code, named)
    return found


def purposes(rows: Sequence[Entry]) -> dict[str, Purpose]:
    """For what personal data is opened. Of two for one code the more local one stands."""
    found: dict[str, Purpose] = {}
    for row in rows:
        named = Purpose(code=row.text("code"), zh=row.text("zh"), en=row.text("en"))
        row.done()
        found.setdefault(named.code, named)
    return found


def rules(rows: Sequence[Entry], matters: Sequence[Entry]) -> tuple[Rule, ...]:
    """Rules of rules.yaml in order, then for each category the one that its row implies."""
    found = []
    for row in rows:
        field = code_of(row, "field", Field, row.text("field", "")) if "field" in row.values else None
        asked = row.values.get("attributes") or {}
        row.asked |= {"attributes"}
        if not isinstance(asked, dict):
            row.refuse("attributes must be a mapping of names to values")
        levels = {level: code_of(row, "levels", AreaLevel, level) for level in row.texts("levels")}
        condition = Condition(
            categories=frozenset(row.texts("categories")),
            field=field,
            area=row.text("area", "") or None,
            levels=frozenset(level for level in levels.values() if level is not None),
            attributes=asked if isinstance(asked, dict) else {},
            since=_day(row, "since"),
            until=_day(row, "until"),
        )
        found.append(_rule(row, row.text("id"), condition, row.text("lead"), row.texts("co_handlers")))
        row.done()
    for row in matters:
        code = row.text("code")
        condition = Condition(categories=frozenset({code}))
        found.append(_rule(row, f"category.{code}", condition, row.text("lead_role"), row.texts("co_roles")))
    return tuple(found)


def _rule(row: Entry, name: str, when: Condition, lead: str, co_handlers: tuple[str, ...]) -> Rule:
    where = f"{row.file}:{row.line}"
    return Rule(id=name, when=when, lead=lead, co_handlers=co_handlers, copies=row.texts("copies"), where=where)


def _day(row: Entry, name: str) -> date | None:
    row.asked.add(name)
    value = row.values.get(name)
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        row.refuse(f"{name} must be a date")
        return None
    return value


def _limit(row: Entry, name: str) -> Limit | None:
    try:
        return Limit.parse(row.text(name))
    except BadQuestion as error:
        row.refuse(f"{name} {error.detail}")
        return None
