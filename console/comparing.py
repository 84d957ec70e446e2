"""What changes if one pack takes the place of another: rows that differ, and matters that would get another lead."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from contracts.codes import AreaLevel
from libraries.deadlines.rendering import source_in
from libraries.policies import Category, LimitRow, Office, Policy, Reason, Rule
from libraries.policies.clock_rules import ClockRule
from libraries.policies.decision import Matter, decide, variants
from libraries.policies.spans import LateReports, Reopening

PARTS: Final = (
    "areas",
    "offices",
    "categories",
    "rules",
    "limits",
    "clocks",
    "reasons",
    "calendars",
    "late_reports",
    "reopening",
    "time_zone",
    "language",
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row that differs; of a new one there is no `was`, of one that is gone no `now`."""

    part: str
    id: str
    was: str | None
    now: str | None


class OtherLead(msgspec.Struct, frozen=True, kw_only=True):
    area: str
    category: str
    attributes: Mapping[str, str | int | bool]
    """The answers for which it is another."""
    was: str
    now: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    was: str
    now: str
    """Versions."""
    rows: tuple[Row, ...]
    reordered_rules: bool
    pairs: int
    """Of township and category that both packs know and route."""
    other_leads: tuple[OtherLead, ...]

    @property
    def none(self) -> bool:
        return not (self.rows or self.reordered_rules or self.other_leads)


def compare(was: Policy, now: Policy, at: datetime) -> Difference:
    """Rows by their ids; leads by the rules, of matters accepted then, for every answer that a rule asks for."""
    both = list(_pairs(was, now))
    return Difference(
        was=was.version,
        now=now.version,
        rows=tuple(row for part in PARTS for row in _rows(part, _described(was, part), _described(now, part))),
        reordered_rules=_common_order(was, now) != _common_order(now, was),
        pairs=len(both),
        other_leads=tuple(_other_leads(was, now, both, at)),
    )


def _rows(part: str, was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Row]:
    for name in [*was, *(name for name in now if name not in was)]:
        if was.get(name) != now.get(name):
            yield Row(part=part, id=name, was=was.get(name), now=now.get(name))


def _described(policy: Policy, part: str) -> dict[str, str]:
    """Each row of a part as one line, by its id."""
    if part == "calendars":
        own = {office: calendar.version for office, calendar in policy.calendars.items()}
        return {"everywhere": policy.calendar.version, **own}
    if part == "late_reports":
        return {"within": _within(policy.late_reports)}
    if part == "time_zone":
        return {"everywhere": str(policy.calendar.zone)}
    if part == "language":
        return {"everywhere": policy.language}
    if part == "reopening":
        return {"until": _until(policy.reopening)}
    rows: Any = getattr(policy, part)
    found: dict[str, str] = {}
    for row in rows.values() if isinstance(rows, Mapping) else rows:
        # The first row of an id is the one that counts: a local pack stands before its parent.
        found.setdefault(row.id if hasattr(row, "id") else row.code, _LINES[part](row))
    return found


def _office(office: Office) -> str:
    return f"{office.zh} / {office.en}; {', '.join(sorted(office.channels))}"


def _category(category: Category) -> str:
    materials = ", ".join(material.code for material in category.materials)
    by = "a clerk accepts" if category.by_clerk else "accepted when complete"
    return f"{category.zh} / {category.en}; {by}; material: {materials or 'none'}"


def _rule(rule: Rule) -> str:
    when = rule.when
    asked = [
        *sorted(when.categories),
        *([f"field {when.field}"] if when.field else []),
        *([f"area {when.area}"] if when.area else []),
        *(f"level {level}" for level in sorted(when.levels)),
        *([f"from {when.since}"] if when.since else []),
        *([f"until {when.until}"] if when.until else []),
        *(f"{name} = {value}" for name, value in sorted(when.attributes.items())),
    ]
    others = f"; with {_listed(rule.co_handlers)}" if rule.co_handlers else ""
    copies = f"; copies to {_listed(rule.copies)}" if rule.copies else ""
    return f"{_listed(asked) or 'always'}: {rule.lead}{others}{copies}"


def _limit(row: LimitRow) -> str:
    longer = f" + {row.extension.limit} by {row.extension.approver}" if row.extension else ""
    law = " ".join(filter(None, (source_in(row.source, "en"), row.article)))
    rolls = "" if row.rules.roll_last_day else "; ends on any day"
    return f"{row.limit}{longer}; {law}; {'statutory' if row.statutory else 'not statutory'}; {row.confidence}{rolls}"


def _clock(rule: ClockRule) -> str:
    runs = [
        f"starts {_listed(sorted(rule.starts)) or 'never'}",
        *([f"of {_listed(sorted(rule.roles))}"] if not rule.at_the_window else []),
        *([f"if {rule.only_if}"] if rule.only_if else []),
        *([f"meets {_listed(sorted(rule.meets))}"] if rule.meets else []),
        *([f"cancels {_listed(sorted(rule.cancels))}"] if rule.cancels else []),
        *([f"instead of {rule.instead_of}"] if rule.instead_of else []),
        *([f"limit of {rule.limit_of}"] if rule.limit_of is not rule.clock else []),
        *(["silence accepts"] if rule.silence_accepts else []),
        *(["extends"] if rule.extends else []),
        *(["passes on"] if rule.passes_on else []),
    ]
    law = " ".join(filter(None, (source_in(rule.source, "en"), rule.article)))
    return f"{'; '.join(runs)}; {law}; {'statutory' if rule.statutory else 'not statutory'}; {rule.confidence}"


def _within(late: LateReports) -> str:
    law = " ".join(filter(None, (source_in(late.source, "en"), late.article)))
    return f"{late.within}; {law}; {'statutory' if late.statutory else 'not statutory'}; {late.confidence}"


def _until(again: Reopening) -> str:
    law = " ".join(filter(None, (source_in(again.source, "en"), again.article)))
    known = f"{'statutory' if again.statutory else 'not statutory'}; {again.confidence}"
    return f"{again.within}, or {again.after_callback} after a first call-back; {law}; {known}"


def _reason(reason: Reason) -> str:
    law = " ".join(filter(None, (source_in(reason.source, "en"), reason.article)))
    stops = f"; stops {_listed(sorted(reason.stops))}" if reason.stops else ""
    return f"{reason.zh} / {reason.en}; for {_listed(sorted(reason.uses))}{stops}" + (f"; {law}" if law else "")


_LINES: Final[Mapping[str, Callable[[Any], str]]] = {
    "areas": lambda area: f"{area.name}, {area.level}",
    "offices": _office,
    "categories": _category,
    "rules": _rule,
    "limits": _limit,
    "clocks": _clock,
    "reasons": _reason,
}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _common_order(one: Policy, other: Policy) -> list[str]:
    known = {rule.id for rule in other.rules}
    return [rule.id for rule in one.rules if rule.id in known]


def _pairs(was: Policy, now: Policy) -> Iterator[tuple[str, Category]]:
    if not was.offices or not now.offices:
        return
    for area in now.areas.values():
        if area.level is AreaLevel.TOWNSHIP and area.code in was.areas:
            for code, category in now.categories.items():
                if code in was.categories:
                    yield area.code, category


def _other_leads(was: Policy, now: Policy, pairs: Iterable[tuple[str, Category]], at: datetime) -> Iterator[OtherLead]:
    for area, category in pairs:
        asked = Matter(category=category.code, field=category.field, area=area, attributes={}, accepted_at=at)
        for matter in variants(asked, was, now):
            before, after = (_lead(policy, matter) for policy in (was, now))
            if before != after:
                yield OtherLead(area=area, category=category.code, attributes=matter.attributes, was=before, now=after)


def _lead(policy: Policy, matter: Matter) -> str:
    field = policy.categories[matter.category].field
    return decide(dataclasses.replace(matter, field=field), policy).lead


def text(difference: Difference) -> str:
    lines = [f"{difference.was} -> {difference.now}"]
    for part in PARTS:
        lines += [_line(row) for row in difference.rows if row.part == part]
    if difference.reordered_rules:
        lines.append("the rules stand in another order")
    changed = Counter(category for _, category in {(lead.area, lead.category) for lead in difference.other_leads})
    lines.append(f"{difference.pairs} pairs of township and matter, {changed.total()} get another lead")
    for category, number in changed.items():
        first = next(lead for lead in difference.other_leads if lead.category == category)
        given = "".join(f", {name} = {value}" for name, value in first.attributes.items())
        lines.append(f"  {category}: {number} townships, for example {first.area}{given}: {first.was} -> {first.now}")
    return "\n".join(lines)


def _line(row: Row) -> str:
    name = f"{row.part} {row.id}"
    if row.was is None:
        return f"+ {name}: {row.now}"
    return f"- {name}: {row.was}" if row.now is None else f"~ {name}: {row.was} -> {row.now}"
