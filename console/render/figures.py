"""The page of the figures by which offices are judged, from their definitions."""

from collections.abc import Iterator
from typing import Final

from console.render.tables import NOTE, table
from contracts.codes import Exclusion
from services.notify.domain.figures import DEFINITIONS, Definition, Subject

HEAD: Final = f"""\
# Figures of the trade

{NOTE}

By these offices are judged, per office, field, area and category and for any period:
`GET /v1/performance` of notify ([how to read them](../how-to/read-performance.md)).

- A figure is its numerator divided by its denominator. Of a denominator of 0 the ratio is `null`: there is nothing to
  judge by, and that is neither 0 nor 100 %.
- Each referral counts once in each round, and so does each case. A case counts for the last lead of the round.
- What is excluded is in neither number. It is counted by the first reason that holds, in the order given here, and
  `GET /v1/performance/excluded` lists it.
- A referral whose work another office continues counts for that office. An area counts as it was at the dispatch.
- Dates are those that hold now: an extension or another calendar moves them. While time stands still by law nothing
  is late.
- A matter is a consultation (咨询) if the last part of its category code is `consultation`.
- All of it is projected from events. What was dispatched before migration 0013 of notify is not counted.
"""
SUBJECTS: Final = {Subject.REFERRAL: ("转办件", "Referrals"), Subject.CASE: ("事项", "Cases")}


def page() -> str:
    parts = [HEAD]
    for one in DEFINITIONS.values():
        parts += [f"## {one.figure.zh} {one.figure.en}", "", *_rows(one), ""]
    reasons = ((f"`{code}`", code.zh, code.en) for code in Exclusion)
    return "\n".join([*parts, "## Why something is excluded", "", *table(("code", "中文", "English"), reasons), ""])


def _rows(one: Definition) -> Iterator[str]:
    zh, en = SUBJECTS[one.subject]
    excluded = ", ".join(f"`{code}`" for code in one.exclusions)
    yield from table(
        (f"`{one.figure}`", "中文", "English"),
        (
            ("counts", zh, en),
            ("numerator", one.numerator_zh, one.numerator_en),
            ("denominator", one.denominator_zh, one.denominator_en),
            ("moment", one.moment.zh, one.moment.en),
            ("better", "越高越好" if one.more_is_better else "越低越好", "more" if one.more_is_better else "less"),
            ("unit", "次" if one.is_average else "比率", "times" if one.is_average else "share"),
            ("excluded", excluded, excluded),
        ),
    )
