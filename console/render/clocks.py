"""The clocks of a case as the national pack declares them: a page for those who ask which limit runs when."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from console.render.tables import NOTE, table
from contracts.codes import WINDOWS, ClockKind
from libraries.deadlines.rendering import source_in
from libraries.policies import LimitRow, Policy, load_policy
from libraries.policies.clock_rules import ClockRule
from libraries.runtime.settings import REPOSITORY

NATIONAL: Final = REPOSITORY / "deploy" / "policies" / "national"
HEADINGS: Final = ("时限 clock", "起算 starts", "终止 ends", "期限 limit", "停止计时 stands still for", "依据 basis")
RULES: Final = """
Which limits a case has, what starts and what ends each. All of it is policy: `clocks.yaml` says what starts and ends
a clock, `limits.yaml` and `categories.csv` how long it is, `reasons.yaml` for what it stands still,
[`escalation.yaml`](escalation.md) who is told when it runs out. A pack may say it otherwise ([change the
policy](../how-to/change-the-policy.md)); the closed list of clocks itself is part of the contracts.

- What an event of the case starts runs at its window, from the moment of that event; the registration counts from
  when the matter was received. What an event of a referral starts runs at its office. A copy (抄送) has no clocks.
- What ends a clock in time is a fact about when the answer was received. Whatever still runs when its case or
  referral is over is cancelled.
- Of a kind the first row that fits the matter counts. A row with *instead of* runs in the place of that clock.
- *Right*: somebody may do something in this time, or must keep it. Nobody is late when it ends, and it is said as
  `clock.due`.
- *Silence accepts*: ends it unanswered, the case or the referral counts as accepted (视为受理, 视为接收).
- *Goes on*: whoever gets the case instead goes on with the clock, with every pause and extension. A clock that was
  met is over for good.
- *Longer*: it may be extended as its limit's row allows, by the approver whom that row names.
""".strip()


def page() -> str:
    policy = _national()
    rows = [_row(rule, policy) for rule in policy.clocks]
    return "\n".join(["# 时限一览 Clocks", "", NOTE, "", RULES, "", *table(HEADINGS, rows), ""])


@cache
def _national() -> Policy:
    return load_policy(NATIONAL)


def _row(rule: ClockRule, policy: Policy) -> tuple[str, ...]:
    return (
        f"**{rule.clock.zh}**<br>{rule.clock.en}<br>`{rule.clock.value}`",
        "<br>".join(_starts(rule)),
        "<br>".join(_ends(rule)),
        "<br>".join(dict.fromkeys(_limits(rule, policy))),
        _codes(reason.code for reason in policy.reasons.values() if rule.clock in reason.stops) or "–",
        _basis(rule),
    )


def _starts(rule: ClockRule) -> Iterator[str]:
    yield _codes(sorted(rule.starts))
    if not rule.at_the_window:
        yield "of " + ", ".join(sorted(role.value for role in rule.roles))
    if rule.only_if is not None:
        yield f"if `{rule.only_if}`"
    if rule.categories or rule.field:
        yield "for " + _codes([*sorted(rule.categories), *([rule.field] if rule.field else [])])
    if rule.instead_of is not None:
        yield f"instead of `{rule.instead_of}`"


def _ends(rule: ClockRule) -> Iterator[str]:
    if rule.meets:
        yield _codes(sorted(rule.meets))
    if rule.cancels:
        yield f"cancelled: {_codes(sorted(rule.cancels))}"
    marks = {
        "right": rule.clock in WINDOWS,
        "silence accepts": rule.silence_accepts,
        "goes on": rule.passes_on,
        "longer": rule.extends,
    }
    if said := [name for name, holds in marks.items() if holds]:
        yield f"*{', '.join(said)}*"


def _limits(rule: ClockRule, policy: Policy) -> Iterator[str]:
    """Of the nation's rows; those of single matters stand in categories.csv."""
    if rule.limit_of is not rule.clock:
        yield f"that of `{rule.limit_of}`"
        return
    if rule.clock is ClockKind.HANDLING:
        yield "by matter"
        return
    for row in policy.limits:
        if row.clock is rule.clock:
            yield f"{row.limit}{_of(row)}"


def _of(row: LimitRow) -> str:
    narrowed = row.field or row.category or row.reason
    return f" ({narrowed})" if narrowed else ""


def _basis(rule: ClockRule) -> str:
    law = " ".join(filter(None, (source_in(rule.source, "en"), rule.article)))
    return f"{law}<br>{'statutory' if rule.statutory else 'not statutory'}, {rule.confidence}"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
