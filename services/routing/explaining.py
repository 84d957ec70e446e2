"""A referral explained over HTTP: why this office, by which rule; and each of its clocks, day by day."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NotRequired, TypedDict
from uuid import UUID

from contracts.access import Part, Relation, readable
from contracts.events.base import Actor
from libraries.clocks.clock import LegalClock
from libraries.clocks.documents import Sheet, minute, sheet_html, sheet_text
from libraries.clocks.explaining import calendar_view, explained
from libraries.clocks.matter_wording import matter_of
from libraries.clocks.views import CalendarView, ClockExplained
from libraries.clocks.wording import Words, actor_of, approver_of, office_of, reason_of
from libraries.policies import Policy
from libraries.runtime.failures import Rejected
from libraries.runtime.web.pages import Page
from libraries.runtime.web.representations import Representation
from services.routing.access import Seen
from services.routing.domain.checks import WINDOW
from services.routing.domain.dispatching import RULES
from services.routing.domain.lead_acts import LEAD
from services.routing.domain.referral import Referral
from services.routing.domain.reviewing import REVIEW
from services.routing.rows import Act
from services.routing.translate import ReferralView, to_view

ACTS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "approve-return": ("同意退件", "approved the return"),
        "refuse-return": ("驳回退件", "refused the return"),
        "grant-extension": ("同意延期", "granted the extension"),
        "refuse-extension": ("不同意延期", "refused the extension"),
        "arbitrate": ("裁定承办单位", "settled whose it is"),
        "reassign": ("改派", "sent it elsewhere"),
        "recall": ("撤销转办", "took it back"),
        "reclassify": ("改类", "reclassified it"),
        "correct-pause": ("更正暂停", "put a pause right"),
    }
)
"""By the last part of the path; of a decision on a return by what was decided."""


class DecisionExplained(TypedDict):
    """By which rule of which policy it was sent where, and what was looked at on the way."""

    decision_id: UUID
    case_id: UUID
    policy_version: str
    rule: str | None
    lead: str
    co_handlers: NotRequired[list[str]]
    copies: NotRequired[list[str]]
    checks: NotRequired[list[str]]
    trace: NotRequired[list[dict[str, str]]]
    decided_at: datetime
    decided_by: str
    category: str | None
    """Of the matter as it was then; unknown of old decisions."""
    area: str | None


class CorrectionExplained(TypedDict):
    """A pause that was put right: what it was, what it is, why, and who agreed."""

    id: int
    case_id: UUID
    referral_id: UUID
    clock_id: UUID
    version: int
    pause: int
    was_start: datetime
    was_end: datetime | None
    start: datetime
    end: datetime | None
    reason: str
    approver: str
    corrected_at: datetime
    corrected_by: str


class ActExplained(TypedDict):
    at: datetime
    act: str
    reason: str
    by: Actor


class ReferralExplained(TypedDict):
    referral: ReferralView
    decision: DecisionExplained
    earlier_decisions: list[DecisionExplained]
    """By which the case went to others before, or was another matter; for whoever may know of those."""
    corrections: list[CorrectionExplained]
    acts: list[ActExplained]
    clocks: list[ClockExplained]
    calendar: CalendarView


def told(
    seen: Seen,
    decisions: Sequence[Mapping[str, Any]],
    corrections: Sequence[Mapping[str, Any]],
    acts: Sequence[Act],
    policy: Policy,
    *,
    now: datetime,
    clock_id: UUID | None,
) -> Representation:
    """Of one clock, or of all; as much as the caller may read."""
    referral, routing = seen.referral, seen.routing
    decision = next(one for one in decisions if one["decision_id"] == referral.decision_id)
    earlier = _earlier(decisions, decision, seen.relations)
    clocks = [clock for clock in referral.clocks if clock_id is None or clock.id == clock_id]
    if clock_id is not None and not clocks:
        raise Rejected("not_found")
    put_right = [one for one in corrections if clock_id is None or one["clock_id"] == clock_id]
    sheet = Sheet(
        number=routing.request.number,
        facts=(*_facts(referral, decision, policy), *_before(earlier, policy), *(_acted(act, policy) for act in acts)),
        clocks=clocks,
        now=now,
        remarks=tuple(_remark(one, referral.clocks, policy) for one in put_right),
    )
    return Representation(
        values={
            "referral": to_view(referral, routing, policy),
            "decision": _decided(decision, seen.relations),
            "earlier_decisions": [_decided(one, seen.relations) for one in earlier],
            "corrections": put_right,
            "acts": [{"at": act.at, "act": act.act, "reason": act.reason, "by": act.by} for act in acts],
            "clocks": [explained(clock, policy) for clock in clocks],
            "calendar": calendar_view(policy.calendar_of(referral.office)),
        },
        text=lambda lang: sheet_text(sheet, policy, lang),
        page=lambda lang: Page(title=sheet.title(lang), main=sheet_html(sheet, policy, lang)),
    )


def _earlier(
    decisions: Sequence[Mapping[str, Any]], decision: Mapping[str, Any], relations: Collection[Relation]
) -> list[Mapping[str, Any]]:
    if Part.REFERRALS not in readable(relations):
        return []
    place = [one["decision_id"] for one in decisions].index(decision["decision_id"])
    return [one for one in decisions[:place] if one["rule"] not in {LEAD, WINDOW}]


def _before(earlier: Sequence[Mapping[str, Any]], policy: Policy) -> Iterator[Words]:
    """What was decided before, and about which matter."""
    for one in earlier:
        (zh, en), (lead_zh, lead_en) = matter_of(policy, one["category"] or ""), office_of(policy, one["lead"])
        at = minute(one["decided_at"], policy)
        yield f"此前派单：{at}，{zh}，{lead_zh}", f"Sent before: {at}, {en}, to {lead_en}"


def _decided(decision: Mapping[str, Any], relations: Collection[Relation]) -> dict[str, Any]:
    """Without other offices, and without what the rules asked of the request, for whom they are not."""
    may, others = readable(relations), ("co_handlers", "copies", "checks")
    hidden = {
        *(others if Part.REFERRALS not in may else ()),
        *(("trace",) if not may.keys() >= {Part.REFERRALS, Part.ATTRIBUTES} else ()),
    }
    return {name: value for name, value in decision.items() if name not in hidden}


def _facts(referral: Referral, decision: Mapping[str, Any], policy: Policy) -> Iterator[Words]:
    zh, en = office_of(policy, referral.office)
    role, state = referral.role, referral.state
    yield f"承办单位：{zh}（{role.zh}，{state.zh}）", f"Office: {en} ({role.en.lower()}, {state.en.lower()})"
    at, version = minute(decision["decided_at"], policy), decision["policy_version"]
    if decision["decided_by"] == REVIEW:
        yield (
            f"派单：{at}，由作出原意见单位的上一级复查、复核（策略 {version}）",
            f"Sent for review to an office above the one that gave the result, {at} (policy {version})",
        )
    elif decision["decided_by"] != RULES:
        by_zh, by_en = office_of(policy, decision["decided_by"])
        yield f"派单：{at}，由 {by_zh} 决定（策略 {version}）", f"Sent here by {by_en}, {at} (policy {version})"
    elif decision["rule"] is not None:
        rule = decision["rule"]
        yield f"派单：{at}，规则 {rule}（策略 {version}）", f"Dispatched by rule {rule}, {at} (policy {version})"
    else:
        yield (
            f"派单：{at}，无匹配规则（策略 {version}）",
            f"Dispatched without a rule that fits, {at} (policy {version})",
        )


def _acted(act: Act, policy: Policy) -> Words:
    """What a superior decided on it; the subject of the token is for the records alone."""
    (zh, en), (who_zh, who_en) = ACTS[act.act], actor_of(policy, act.by) or ("", "")
    why_zh, why_en = reason_of(policy, act.reason)
    why_zh, why_en = f"（{why_zh}）" if why_zh else "", f" ({why_en})" if why_en else ""
    return f"{minute(act.at, policy)} {who_zh}{zh}{why_zh}", f"{minute(act.at, policy)}: {who_en} {en}{why_en}"


def _remark(one: Mapping[str, Any], clocks: Sequence[LegalClock], policy: Policy) -> Words:
    kind = next((clock.kind for clock in clocks if clock.id == one["clock_id"]), None)
    (name_zh, name_en) = (kind.zh, kind.en) if kind is not None else ("", "")
    was, now = (_span(one[start], one[end], policy) for start, end in (("was_start", "was_end"), ("start", "end")))
    zh, en = reason_of(policy, one["reason"])
    by_zh, by_en = approver_of(policy, one["approver"])
    who_zh, who_en = office_of(policy, one["corrected_by"])
    at, number = minute(one["corrected_at"], policy), one["pause"] + 1
    zh = f"{at} 更正{name_zh}第 {number} 次暂停：原 {was[0]}，改为 {now[0]}；{zh}；批准：{by_zh}；操作：{who_zh}"
    en = f"{at}: {name_en}, pause {number} put right: was {was[1]}, is {now[1]}; {en}"
    return zh, f"{en}; approved by {by_en}, entered by {who_en}"


def _span(start: Any, end: Any, policy: Policy) -> Words:
    if end == start:
        return "无暂停", "none"
    if end is None:
        return f"{minute(start, policy)} 起未结束", f"from {minute(start, policy)}, open"
    return f"{minute(start, policy)} 至 {minute(end, policy)}", f"{minute(start, policy)} to {minute(end, policy)}"
