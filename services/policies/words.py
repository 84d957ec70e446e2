"""What happened to a case, in words: Chinese and English, offices and reasons by the policy's names, nobody's name."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from contracts.codes import LEAD_WORK, ClockKind
from contracts.events import CaseBound
from contracts.events import cases as c
from contracts.events import clocks as k
from contracts.events import referrals as r
from contracts.events.alerts import Supervision
from services.deadlines import CIVIL_TIME
from services.policies.model import Policy

Words = tuple[str, str]
"""Chinese and English."""

STARTS: Final = LEAD_WORK | {
    ClockKind.ACCEPTANCE,
    ClockKind.RETURN_DECISION,
    ClockKind.CALLBACK,
    ClockKind.REVIEW_REQUEST,
    ClockKind.RE_REVIEW_REQUEST,
}
"""Clocks of which it is told until when they run; the others are routing's own business."""


def tell(event: CaseBound, policy: Policy) -> Words | None:
    """One event in Chinese and English; `None` for what only machines need."""
    for tell_of in (_of_case, _of_referral, _of_routing, _of_clock, _of_alert):
        if (words := tell_of(event, policy)) is not None:
            return words
    return None


def _of_case(event: CaseBound, policy: Policy) -> Words | None:
    match event:
        case c.CaseRegistered(channel=channel):
            return f"登记({channel.zh})", f"registered ({channel.en.lower()})"
        case c.CaseSupplementRequested(missing=missing):
            return f"一次性告知补正 {len(missing)} 件材料", f"told once what is missing: {len(missing)}"
        case c.CaseSupplemented():
            return "补正齐全", "material handed in"
        case c.CaseAccepted(deemed=deemed):
            return ("视为受理", "accepted by silence") if deemed else ("受理", "accepted")
        case c.CaseSuspended(reason=reason):
            return _because("中止", "suspended", reason, policy)
        case c.CaseResumed():
            return "恢复办理", "resumed"
        case c.CaseResolved():
            return "办结,待回访", "resolved, callback due"
        case c.CaseNotAccepted(reason=reason, go_to=go_to):
            zh, en = _because("不予受理", "not accepted", reason, policy)
            return f"{zh},可向 {office_of(policy, go_to)[0]} 提出", f"{en}; go to {office_of(policy, go_to)[1]}"
        case c.CaseClosed(satisfied=satisfied):
            return ("回访满意,结案", "satisfied, closed") if satisfied else ("结案", "closed")
        case c.CaseReopened(round=number):
            return f"不满意,第 {number} 轮重办", f"not satisfied, round {number}"
        case c.CaseWithdrawn():
            return "申请人撤回", "withdrawn"
        case c.CaseTerminated(reason=reason):
            return _because("终止", "terminated", reason, policy)
        case c.CaseApplicantToBeTold(about="extension"):
            return "延期须告知申请人", "applicant to be told of the extension"
        case c.CaseApplicantTold(about="extension"):
            return "延期已告知申请人", "applicant told of the extension"
        case _:
            return None


_REFERRAL: Final[Mapping[type[r.ReferralEvent], Words]] = MappingProxyType(
    {
        r.ReferralSigned: ("签收", "signed for"),
        r.ReferralAccepted: ("接收承办", "taken on"),
        r.ReferralDeemedAccepted: ("逾期未答复,视为接收", "silent: deemed accepted"),
        r.ReferralReturnRequested: ("申请退件", "return asked for"),
        r.ReferralReturned: ("同意退件", "return approved"),
        r.ReferralReturnRefused: ("退件被驳回", "return refused"),
        r.ReferralOnHold: ("暂停", "put on hold"),
        r.ReferralResumed: ("恢复", "resumed"),
        r.ReferralProgressReported: ("阶段反馈", "progress reported"),
        r.ReferralCompleted: ("办结", "finished"),
        r.ReferralFailed: ("无法办理", "could not be done"),
        r.ReferralCancelled: ("撤销", "taken back"),
        r.ReferralReworkRequested: ("要求重办", "asked to do it again"),
    }
)


def _of_referral(event: CaseBound, policy: Policy) -> Words | None:
    if not isinstance(event, r.ReferralEvent):
        return None
    zh, en = office_of(policy, event.office)
    if isinstance(event, r.ReferralDispatched):
        return f"派单({event.role.zh})→ {zh}", f"dispatched to {en} ({event.role.en.lower()})"
    done = _REFERRAL.get(type(event))
    if done is None:
        return None
    why = reason_of(policy, getattr(event, "reason", ""))
    return f"{zh}:{done[0]}{'(' + why[0] + ')' if why[0] else ''}", f"{en}: {done[1]}{f' ({why[1]})' if why[1] else ''}"


def _of_routing(event: CaseBound, policy: Policy) -> Words | None:
    match event:
        case r.RoutingUnmatched(fallback=fallback):
            zh, en = office_of(policy, fallback)
            return f"无匹配规则,由 {zh} 兜底承办", f"no rule fits: {en} has it meanwhile"
        case r.RoutingArbitrationRequested(arbiter=arbiter):
            zh, en = office_of(policy, arbiter)
            return f"再次退件,由 {zh} 裁定", f"returned again: {en} arbitrates"
        case _:
            return None


def _of_clock(event: CaseBound, policy: Policy) -> Words | None:
    match event:
        case k.ClockStarted(clocks=clocks):
            return next((_until(clock, policy) for clock in clocks if clock.kind in STARTS and clock.due_at), None)
        case k.ClockPaused(since=since) if since is not None:
            zh, en = civil_day(since)
            return f"自 {zh} 起暂停计时(补报)", f"the clock stands still since {en}, reported late"
        case k.ClockResumed(clocks=clocks):
            return next((_until(clock, policy) for clock in clocks if clock.kind in STARTS and clock.due_at), None)
        case k.ClockExtended(by=by, clocks=clocks) if clocks[0].due_at is not None:
            zh, en = civil_day(clocks[0].due_at)
            return f"延期 {by} 至 {zh}", f"extended by {by} until {en}"
        case k.ClockRecalculated(correction=correction, clocks=clocks) if correction is not None:
            until = _until(clocks[0], policy) or ("仍暂停计时", "still standing still")
            return _because(f"更正暂停,{until[0]}", f"pause corrected, {until[1]}", correction.reason, policy)
        case k.ClockRecalculated(clocks=clocks) if clocks[0].due_at is not None:
            zh, en = civil_day(clocks[0].due_at)
            return f"{clocks[0].kind.zh}重新计算至 {zh}", f"{clocks[0].kind.en.lower()} counted anew: until {en}"
        case _:
            return None


def _until(clock: k.ClockFacts, policy: Policy) -> Words | None:
    if clock.due_at is None:
        return None
    (day_zh, day_en), (zh, en) = civil_day(clock.due_at), office_of(policy, clock.office)
    decides = clock.kind is ClockKind.RETURN_DECISION
    zh, en = (f"{zh} ", f" by {en}") if decides else ("", "")
    return f"{zh}{clock.kind.zh}至 {day_zh}({clock.basis.source})", f"{clock.kind.en.lower()}{en} until {day_en}"


def _of_alert(event: CaseBound, policy: Policy) -> Words | None:
    match event:
        case k.ClockDueSoon(kind=kind):
            return f"即将到期:{kind.zh}", f"due soon: {kind.en.lower()}"
        case k.ClockBreached(kind=kind, office=office):
            zh, en = office_of(policy, office)
            return f"超期:{kind.zh},{zh}", f"overdue: {kind.en.lower()}, {en}"
        case Supervision(level=level, office=office):
            zh, en = office_of(policy, office)
            return f"{level.zh}:{zh}", f"{level.en.lower()}: {en}"
        case _:
            return None


def office_of(policy: Policy, code: str) -> Words:
    """Its name; the code itself where the policy does not know it."""
    office = policy.offices.get(code)
    return (office.zh, office.en) if office is not None else (code, code)


def _because(zh: str, en: str, reason: str, policy: Policy) -> Words:
    why = reason_of(policy, reason)
    return f"{zh}:{why[0]}", f"{en}: {why[1]}"


def reason_of(policy: Policy, code: str) -> Words:
    reason = policy.reasons.get(code)
    return (reason.zh, reason.en) if reason is not None else (code, code)


def civil_day(moment: datetime) -> Words:
    """A day as people at the window say it."""
    local = moment.astimezone(CIVIL_TIME)
    return f"{local.month}月{local.day}日", f"{local:%d %B}".lstrip("0")
