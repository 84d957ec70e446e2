"""Whose result may be reviewed (复查、复核), as what, until when, at whose wish, and who judges it then.

A matter for which no row stands has no review. What becomes of a review may have a row too; where it has none, it is
over (三级终结).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts.codes import ClockKind, Confidence
from libraries.policies.cells import CATEGORY_FORM, ROLE_FORM
from libraries.policies.rows import Row, code_of

FILE: Final = "reviews.yaml"
RIGHTS: Final = frozenset({ClockKind.REVIEW_REQUEST, ClockKind.RE_REVIEW_REQUEST})
"""Clocks that say until when somebody may ask."""
SAME: Final = "same"
"""Stands for the role of the office whose result it is."""


class AskedBy(StrEnum):
    """Who may say that the applicant does not accept a result."""

    WINDOW = "window"
    APPLICANT = "applicant"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRule:
    """One row; `where` is file and line."""

    category: str
    """Of the matter whose result is reviewed."""
    becomes: str
    """Of the round in which that is done; its clocks are those of this matter."""
    right: ClockKind
    """Until when it may be asked for."""
    asked_by: tuple[AskedBy, ...]
    reviewers: tuple[str, ...]
    """Roles in order; of each the office of the same place, then those above. `same` is the role that judged."""
    source: str
    article: str
    statutory: bool
    confidence: Confidence
    where: str


def review_rules(rows: Sequence[Row]) -> dict[str, ReviewRule]:
    """By the matter whose result is reviewed. Of two for one matter the more local one stands."""
    found: dict[str, ReviewRule] = {}
    for row in rows:
        rule = _rule(row)
        row.done()
        if rule is not None:
            found.setdefault(rule.category, rule)
    return found


def _rule(row: Row) -> ReviewRule | None:
    category, becomes = row.code("of", CATEGORY_FORM), row.code("becomes", CATEGORY_FORM)
    right = code_of(row, "right", ClockKind, row.text("right"))
    asked_by = [code_of(row, "asked_by", AskedBy, one) for one in row.texts("asked_by")]
    reviewers = row.codes("reviewers", ROLE_FORM)
    confidence = code_of(row, "confidence", Confidence, row.text("confidence"))
    source, article, statutory = row.text("source"), row.text("article", ""), row.flag("statutory")
    for name, given in (("asked_by", asked_by), ("reviewers", reviewers)):
        if not given:
            row.refuse(f"{name} is missing", name)
    if right is None or confidence is None:
        return None
    if right not in RIGHTS:
        row.refuse(f"{right.value} is no time in which a review may be asked for", "right")
    return ReviewRule(
        category=category,
        becomes=becomes,
        right=right,
        asked_by=tuple(one for one in asked_by if one is not None),
        reviewers=reviewers,
        source=source,
        article=article,
        statutory=statutory,
        confidence=confidence,
        where=row.where,
    )
