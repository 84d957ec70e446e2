"""Categories, their material, limits, reasons and routing rules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from contracts.codes import WAITS, AreaLevel, ClockKind, Confidence, Field
from libraries.deadlines import BadQuestion, CountingRules, Limit, Unit
from libraries.policies.approvers import Approver, Decides
from libraries.policies.cells import AREA_FORM, CATEGORY_FORM, CODE_FORM, NAME_FORM, ROLE_FORM
from libraries.policies.model import (
    Category,
    Condition,
    Extension,
    LimitRow,
    Material,
    Reason,
    Rule,
)
from libraries.policies.purposes import Purpose
from libraries.policies.rows import Row, code_of, file_of
from libraries.policies.spans import LateReports, Reopening
from libraries.policies.warnings import DEFAULT_LEVELS, fault_of

EXTENSION_APPROVER = "unit_head"
"""Who has to agree where a row does not say (信访工作条例 34; 行政许可法 42)."""
WHOLE_DAYS = frozenset({Unit.DAY, Unit.MONTH, Unit.YEAR})
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
        "reclassify",
        "classify",
        "resume",
        "return_refused",
        "extension_refused",
        "transfer",
        "release_co",
        "arbitrate",
        "late_report",
        "correct_pause",
        "erase",
    }
)


def materials(rows: Sequence[Row]) -> dict[str, tuple[Material, ...]]:
    found: dict[str, tuple[Material, ...]] = {}
    for row in rows:
        category, code = row.code("category", CATEGORY_FORM), row.code("code", CODE_FORM)
        zh, en, reuse = row.text("zh"), row.text("en"), _reuse(row)
        row.done()
        if any(code == known.code for known in found.get(category, ())):
            row.refuse(f"material {code} stands here twice")
        found[category] = (*found.get(category, ()), Material(code=code, zh=zh, en=en, reuse=reuse))
    return found


def _reuse(row: Row) -> Limit | None:
    """In whole days, months or years: nobody counts the hours, or the holidays, of a paper."""
    if not row.text("reuse", ""):
        return None
    found = _limit(row, "reuse")
    if found is not None and found.unit not in WHOLE_DAYS:
        row.refuse("reuse must be in days, months or years, for example 6mo", "reuse")
    return found


def attributes(rows: Sequence[Row]) -> dict[str, dict[str, frozenset[str | int | bool]]]:
    """By category and name, the values that an attribute may have."""
    found: dict[str, dict[str, frozenset[str | int | bool]]] = {}
    for row in rows:
        category, name = row.code("category", CATEGORY_FORM), row.code("name", CODE_FORM)
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


def question_words(rows: Sequence[Row]) -> dict[str, dict[str, tuple[str, str]]]:
    """By category and name, what people are asked; the rows were checked by `attributes`."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for values in (row.values for row in rows):
        words = str(values.get("zh", "")), str(values.get("en", ""))
        found.setdefault(str(values.get("category", "")), {})[str(values.get("name", ""))] = words
    return found


def categories(
    rows: Sequence[Row],
    by_clerk: set[str],
    checklist: Mapping[str, tuple[Material, ...]],
    questions: Mapping[str, Mapping[str, frozenset[str | int | bool]]],
    words: Mapping[str, Mapping[str, tuple[str, str]]],
) -> dict[str, Category]:
    found: dict[str, Category] = {}
    for row in rows:
        code = row.code("code", CATEGORY_FORM)
        field = code_of(row, "code", Field, code.partition(".")[0])
        if code in found:
            row.refuse(f"category {code} stands here twice")
        if field is not None:
            found[code] = Category(
                code=code,
                field=field,
                zh=row.text("zh"),
                en=row.text("en"),
                lead_role=row.code("lead_role", ROLE_FORM),
                co_roles=row.codes("co_roles", ROLE_FORM),
                by_clerk=code in by_clerk,
                materials=checklist.get(code, ()),
                attributes=questions.get(code, {}),
                questions=words.get(code, {}),
            )
    for code in sorted((by_clerk | set(checklist) | set(questions)) - set(found)):
        if rows:
            rows[0].refuse(f"unknown category {code} in accepted_by_clerk, materials.yaml or attributes.yaml")
    return found


def limits(rows: Sequence[Row], matters: Sequence[Row]) -> tuple[LimitRow, ...]:
    """Rows of limits.yaml in order, then the handling limit of each category."""
    found: list[LimitRow] = []
    for row in rows:
        clock = code_of(row, "clock", ClockKind, row.text("clock"))
        field = code_of(row, "field", Field, row.text("field", "")) if "field" in row.values else None
        limit = _limit(row, "limit")
        category = row.code("category", CATEGORY_FORM, "") or None
        found_row = _limit_row(row, clock, limit, category)
        reason = row.code("reason", CODE_FORM, "")
        row.asked |= {"extension", "roll", "warnings"}
        row.done()
        if found_row is None:
            continue
        narrowed = _narrowed(found_row, field, reason)
        above = next((one for one in found if file_of(one.where) == row.file and _covers(one, narrowed)), None)
        if above is not None:
            row.refuse(f"never counts: {above.where} stands above it and fits the same matters")
        found.append(narrowed)
    for row in matters:
        limit = _limit(row, "handling_limit")
        handling = _limit_row(row, ClockKind.HANDLING, limit, row.code("code", CATEGORY_FORM))
        if handling is not None:
            found.append(handling)
    return tuple(found)


def late_reports(packs: Sequence[Row]) -> LateReports:
    """What the most local pack.yaml says of it."""
    found = [_late_reports(entry) for entry in packs if "late_reports" in entry.values]
    return found[0] if found else LateReports()


def reopening(packs: Sequence[Row]) -> Reopening:
    """What the most local pack.yaml says of it."""
    found = [_reopening(entry) for entry in packs if "reopening" in entry.values]
    return found[0] if found else Reopening()


def _reopening(head: Row) -> Reopening:
    row = _within_heading(head, "reopening")
    within, after_callback = _limit(row, "within"), _limit(row, "after_callback")
    found = Reopening(
        within=within or Reopening().within,
        after_callback=after_callback or Reopening().after_callback,
        **_law_of(row),
    )
    row.done()
    return found


def _within_heading(head: Row, name: str) -> Row:
    """A row that stands under a key of pack.yaml."""
    head.asked.add(name)
    given, line = head.values[name], head.lines.get(name, head.line)
    return Row(file=head.file, line=line, values=given if isinstance(given, dict) else {}, faults=head.faults)


def _law_of(row: Row) -> dict[str, Any]:
    """Who says so, and how sure that is."""
    confidence = code_of(row, "confidence", Confidence, row.text("confidence"))
    return {
        "source": row.text("source"),
        "article": row.text("article", ""),
        "statutory": row.flag("statutory"),
        "confidence": confidence or Confidence.U,
    }


def _late_reports(head: Row) -> LateReports:
    row = _within_heading(head, "late_reports")
    within = _limit(row, "within")
    if within is not None and within.unit is not Unit.WORKING_DAY:
        row.refuse("within must be in wd")
    found = LateReports(
        within=within or LateReports().within,
        **_law_of(row),
    )
    row.done()
    return found


def _limit_row(row: Row, clock: ClockKind | None, limit: Limit | None, category: str | None) -> LimitRow | None:
    confidence = code_of(row, "confidence", Confidence, row.text("confidence"))
    source, article, statutory = row.text("source"), row.text("article", ""), row.flag("statutory")
    longer = _limit(row, "extension") if row.values.get("extension") else None
    approver = row.code("approver", CODE_FORM, "") or EXTENSION_APPROVER
    roll = row.flag("roll") if row.values.get("roll", "") != "" else True
    warnings = row.texts("warnings") if row.values.get("warnings") not in (None, "") else DEFAULT_LEVELS
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
        where=row.where,
    )


def _covers(above: LimitRow, row: LimitRow) -> bool:
    """Whether the first row fits everything that the second one fits."""
    named = (
        Field(row.category.partition(".")[0]) if row.category and row.category.partition(".")[0] in set(Field) else None
    )
    fits = above.category in (None, row.category) and above.field in (None, row.field or named)
    return fits and above.clock is row.clock and above.reason in (None, row.reason)


def _narrowed(row: LimitRow, field: Field | None, reason: str) -> LimitRow:
    """To the matters of a field, and to what the clock starts for."""
    name = ".".join(filter(None, (row.id, field.value if field is not None else "", reason)))
    return replace(row, id=name, field=field, reason=reason or None)


def reasons(rows: Sequence[Row]) -> dict[str, Reason]:
    found: dict[str, Reason] = {}
    for row in rows:
        code, uses = row.code("code", CODE_FORM), frozenset(row.codes("for", CODE_FORM))
        stops = [code_of(row, "stops", ClockKind, kind) for kind in row.texts("stops")]
        if waits := sorted(kind for kind in stops if kind in WAITS):
            row.refuse(f"nothing stops the clock {waits[0]}: it watches how long the case waits")
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
            statutory=row.flag("statutory"),
            where=row.where,
        )
        row.done()
    return found


def approvers(rows: Sequence[Row]) -> dict[str, Approver]:
    """Names of who has to agree. Of two for one code the more local one stands; who it is may be said above it."""
    found: dict[str, Approver] = {}
    decides: dict[str, Decides] = {}
    for row in rows:
        named = Approver(code=row.code("code", CODE_FORM), zh=row.text("zh"), en=row.text("en"))
        office = code_of(row, "decides", Decides, row.text("decides")) if "decides" in row.values else None
        row.done()
        found.setdefault(named.code, named)
        if office is not None:
            decides.setdefault(named.code, office)
    return {code: replace(one, decides=decides.get(code, one.decides)) for code, one in found.items()}


def purposes(rows: Sequence[Row]) -> dict[str, Purpose]:
    """For what personal data is opened. Of two for one code the more local one stands."""
    found: dict[str, Purpose] = {}
    for row in rows:
        named = Purpose(code=row.code("code", CODE_FORM), zh=row.text("zh"), en=row.text("en"), check=row.flag("check"))
        row.done()
        found.setdefault(named.code, named)
    return found


def rules(rows: Sequence[Row], matters: Sequence[Row]) -> tuple[Rule, ...]:
    """Rules of rules.yaml in order, then for each category the one that its row implies."""
    found = []
    for row in rows:
        field = code_of(row, "field", Field, row.text("field", "")) if "field" in row.values else None
        asked = row.values.get("attributes") or {}
        row.asked |= {"attributes"}
        if not isinstance(asked, dict):
            row.refuse("attributes must be a mapping of names to values", "attributes")
        levels = {level: code_of(row, "levels", AreaLevel, level) for level in row.texts("levels")}
        condition = Condition(
            categories=frozenset(row.codes("categories", CATEGORY_FORM)),
            field=field,
            area=row.code("area", AREA_FORM, "") or None,
            levels=frozenset(level for level in levels.values() if level is not None),
            attributes=asked if isinstance(asked, dict) else {},
            since=row.day("since") if row.values.get("since") is not None else None,
            until=row.day("until") if row.values.get("until") is not None else None,
        )
        lead, co_handlers = row.code("lead", ROLE_FORM), row.codes("co_handlers", ROLE_FORM)
        found.append(_rule(row, row.code("id", NAME_FORM), condition, lead, co_handlers))
        row.asked |= {"since", "until"}
        row.done()
    for row in matters:
        code = row.code("code", CATEGORY_FORM)
        condition = Condition(categories=frozenset({code}))
        lead, co_handlers = row.code("lead_role", ROLE_FORM), row.codes("co_roles", ROLE_FORM)
        found.append(_rule(row, f"category.{code}", condition, lead, co_handlers))
    first: dict[str, Rule] = {}
    for row, rule in zip((*rows, *matters), found, strict=True):
        above = first.setdefault(rule.id, rule)
        if above is not rule and above.where != rule.where:
            row.refuse(f"rule {rule.id} stands already in {above.where}: a decision names its rule by this id", "id")
    return tuple(found)


def _rule(row: Row, name: str, when: Condition, lead: str, co_handlers: tuple[str, ...]) -> Rule:
    copies = row.codes("copies", ROLE_FORM)
    return Rule(id=name, when=when, lead=lead, co_handlers=co_handlers, copies=copies, where=row.where)


def _limit(row: Row, name: str) -> Limit | None:
    given = row.limit(name)
    if not given:
        return None
    try:
        return Limit.parse(given)
    except BadQuestion as error:
        row.refuse(f"{name} {error.detail}", name)
        return None
