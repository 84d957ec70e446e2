"""That a case is another matter, or lies elsewhere, in words: what it was, what it is, both dates with their law."""

from contracts.clocks import LimitBasis
from contracts.events.cases import CaseAreaChanged, CaseReclassified
from contracts.events.referrals import RoutingReclassified
from libraries.clocks.civil_days import civil_day
from libraries.deadlines import Limit
from libraries.deadlines.rendering import limit_in_words, source_in
from libraries.policies.model import Policy

Words = tuple[str, str]


def matter_of(policy: Policy, category: str) -> Words:
    """Its name; the code itself where the policy does not know it."""
    known = policy.categories.get(category)
    return (known.zh, known.en) if known is not None else (category, category)


def place_of(policy: Policy, code: str) -> str:
    area = policy.area(code)
    return area.name if area is not None else code


def area_changed(event: CaseAreaChanged, window: Words, policy: Policy) -> Words:
    """Areas or offices are others than they were; nobody has decided anything about the case."""
    zh, en = window
    if event.area == event.area_before:
        return f"受理窗口变更，由 {zh} 继续负责", f"the window changed: {en} goes on with it"
    name = place_of(policy, event.area)
    return f"行政区划变更，转入 {name}，由 {zh} 继续负责", f"areas changed: it lies in {name} now, {en} goes on with it"


def reclassified(event: RoutingReclassified | CaseReclassified, who: Words | None, why: Words, policy: Policy) -> Words:
    """Whose act it was, what changed and why; of a case that offices have, what that does to its date."""
    (by_zh, by_en), moved = who or ("", "it was"), list(_moved(event, policy))
    zh, en = "；".join(one for one, _ in moved), "; ".join(one for _, one in moved)
    zh, en = f"{by_zh}改类：{zh}（{why[0]}）", f"{by_en} reclassified: {en} ({why[1]})"
    if isinstance(event, CaseReclassified) or event.due_at is None or event.due_before is None:
        return zh, en
    seen, zone = event.reclassified_at, policy.calendar.zone
    was = _date(civil_day(event.due_before, seen, zone), event.limit_before, event.basis_before)
    now = _date(civil_day(event.due_at, seen, zone), event.limit, event.basis)
    if event.due_at == event.due_before:
        return f"{zh}；期限不变，至 {now[0]}", f"{en}; still until {now[1]}"
    return (
        f"{zh}；起算时间不变，期限由 {was[0]} 改至 {now[0]}",
        f"{en}; counted from the same start, due {now[1]} and no longer {was[1]}",
    )


def _moved(event: RoutingReclassified | CaseReclassified, policy: Policy) -> list[Words]:
    found = []
    if event.category != event.category_before:
        (zh, en), (was_zh, was_en) = matter_of(policy, event.category), matter_of(policy, event.category_before)
        found.append((f"{was_zh} → {zh}", f"{was_en} → {en}"))
    if event.area != event.area_before:
        both = f"{place_of(policy, event.area_before)} → {place_of(policy, event.area)}"
        found.append((both, both))
    return found


def _date(day: Words, limit: str, basis: LimitBasis | None) -> Words:
    (zh, en), parts = day, [Limit.parse(part) for part in limit.split("+") if part]
    long_zh = "加".join(limit_in_words(part, "zh") for part in parts)
    long_en = " and ".join(limit_in_words(part, "en") for part in parts)
    if basis is None:
        return f"{zh}（{long_zh}）", f"{en} ({long_en})"
    return f"{zh}（{long_zh}，{source_in(basis.source, 'zh')}）", f"{en} ({long_en}, {source_in(basis.source, 'en')})"
