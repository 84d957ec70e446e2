"""Who would get which matter in which area: the matrix of a policy, and its holes."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from contracts.codes import AreaLevel
from libraries.policies.decision import Matter, decide, variants
from libraries.policies.model import Policy
from libraries.policies.tree import whole

WINDOWS: Final = frozenset({AreaLevel.TOWNSHIP, AreaLevel.VILLAGE})
"""Where matters arise: each of these areas has a window of its own or in its township."""


class Alike(NamedTuple):
    nearest: str
    """The area itself or above it that has an office or stands in a rule."""
    level: AreaLevel


class Cell(NamedTuple):
    """One matter in one area, whatever is answered to what the rules ask."""

    area: str
    category: str
    leads: tuple[str, ...]
    """Offices, one for each answer that makes a difference."""
    rules: tuple[str, ...]
    """By which they are chosen; where one is missing, a fallback has the matter."""

    @property
    def owned(self) -> bool:
        return "" not in self.rules


def matrix(policy: Policy, at: datetime) -> Iterator[Cell]:
    """Every area with every category, category by category."""
    alike = _alike(policy)
    for code, category in policy.categories.items():
        asked = Matter(category=code, field=category.field, area="", attributes={}, accepted_at=at)
        answers = list(variants(asked, policy))
        chosen: dict[Alike, Cell] = {}
        for area, key in alike.items():
            if key not in chosen:
                choices = [decide(replace(matter, area=area), policy) for matter in answers]
                leads = tuple(dict.fromkeys(choice.lead for choice in choices))
                chosen[key] = Cell(area, code, leads, tuple(dict.fromkeys(choice.rule or "" for choice in choices)))
            yield chosen[key]._replace(area=area)


def _alike(policy: Policy) -> dict[str, Alike]:
    """Areas of one key are told apart by no rule and by no office: the decision for one is that for all."""
    told_apart = {office.area for office in (*policy.offices.values(), *policy.former.values())}
    told_apart |= {whole(rule.when.area) for rule in policy.rules if rule.when.area is not None}
    found = {}
    for code, area in policy.areas.items():
        nearest = next((above.code for above in policy.upwards(code) if above.code in told_apart), "")
        found[code] = Alike(nearest, area.level)
    return found


def is_hole(cell: Cell, policy: Policy) -> bool:
    """Whether nobody has a matter where it arises.

    Above townships it may well have a fallback alone: it was registered there for the want of a better place.
    """
    return not cell.owned and policy.areas[cell.area].level in WINDOWS


def gaps(policy: Policy, at: datetime) -> dict[str, list[str]]:
    """By category, the areas in which it is a hole."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for cell in matrix(policy, at):
        if is_hole(cell, policy):
            found[cell.category].append(cell.area)
    return dict(found)
