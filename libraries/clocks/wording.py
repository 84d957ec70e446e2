"""What happened to a case, in words: Chinese and English, offices and reasons by the policy's names, nobody's name."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from contracts.clocks import ClockChange, ClockExtended, ClockFacts, ClockPaused, ClockResumed, ClockStarted
from contracts.codes import DECISIONS, LEAD_WORK, WIDE, ClockKind
from contracts.events import CaseBound
from contracts.events import cases as c
from contracts.events import clocks as k
from contracts.events import referrals as r
from contracts.events.alerts import Supervision
from contracts.events.base import Actor, ChangesClocks, moment_of
from libraries.clocks.check_wording import of_check, of_consents
from libraries.clocks.civil_days import civil_day, day_en, day_zh
from libraries.clocks.matter_wording import area_changed, matter_of, reclassified
from libraries.clocks.merge_wording import of_merging
from libraries.clocks.review_wording import of_reviews
from libraries.clocks.taking_over_wording import of_taking_over
from libraries.deadlines import Limit
from libraries.deadlines.rendering import limit_in_words, source_in
from libraries.policies.model import Policy

Words = tuple[str, str]
"""Chinese and English."""

STARTS: Final = LEAD_WORK | {
    ClockKind.ACCEPTANCE,
    ClockKind.SUPPLEMENT,
    ClockKind.HOLD_REVIEW,
    ClockKind.CHECK,
    *DECISIONS,
    ClockKind.CALLBACK,
    ClockKind.REVIEW_REQUEST,
    ClockKind.RE_REVIEW_REQUEST,
}
"""Clocks of which it is told until when they run; the others are routing's own business."""
_WORDS_OWED: Final = MappingProxyType(
    {"extension": ("延期", "extension"), "suspension": ("中止", "suspension"), "merge": ("并案", "merge")}
)
_WHY: Final = MappingProxyType(
    {
        "calendar_changed": ("日历变更", "another calendar"),
        "office_succeeded": ("机构或区划变更，由承接单位继续计时", "another office has it now, and its time goes on"),
    }
)
"""Why a clock was counted again although nothing happened to its case."""


def describe(event: CaseBound, policy: Policy) -> Words | None:
    """One event in Chinese and English, with what it did to clocks; `None` for what only machines need."""
    found = (tell_of(event, policy) for tell_of in (_of_case, _of_referral, _of_routing, _of_recount, _of_alert))
    parts = [next((words for words in found if words is not None), None), _of_clocks(event, policy)]
    told = [words for words in parts if words is not None]
    return ("；".join(zh for zh, _ in told), "; ".join(en for _, en in told)) if told else None


def _of_case(event: CaseBound, policy: Policy) -> Words | None:
    match event:
        case c.CaseRegistered(channel=channel):
            return f"登记（{channel.zh}）", f"registered ({channel.en.lower()})"
        case c.CaseSupplementRequested(missing=missing, overridden=True):
            zh, en = actor_of(policy, event.by) or ("", "a superior")
            return (
                f"{zh}准许再次告知补正 {len(missing)} 件材料",
                f"told again what is missing, allowed by {en}: {len(missing)}",
            )
        case c.CaseSupplementRequested(missing=missing):
            zh, en = materials_of(policy, missing)
            return f"一次性告知补正 {len(missing)} 件材料：{zh}", f"told once what is missing: {en}"
        case c.CaseSupplemented(materials=materials, missing=missing):
            return _supplemented(materials_of(policy, materials), materials_of(policy, missing), whole=not missing)
        case c.CaseAccepted(deemed=deemed, missing=missing):
            zh, en = ("视为受理", "accepted by silence") if deemed else ("受理", "accepted")
            less = materials_of(policy, missing)
            return (f"{zh}（容缺：{less[0]}）", f"{en} without {less[1]}") if missing else (zh, en)
        case c.CaseSuspended(reason=reason):
            return _because("中止", "suspended", reason, policy)
        case c.CaseResumed():
            return "恢复办理", "resumed"
        case c.CaseResolved(result=None):
            return "办结，待回访", "resolved, callback due"
        case c.CaseProgressed(cause="referral.dispatched"):
            return "已派单至承办单位，进入办理环节", "sent to an office, work begins"
        case c.CaseNotAccepted(reason=reason, go_to=go_to):
            zh, en = _because("不予受理", "not accepted", reason, policy)
            return f"{zh}，可向 {office_of(policy, go_to)[0]} 提出", f"{en}; go to {office_of(policy, go_to)[1]}"
        case c.CaseClosed(satisfied=satisfied):
            return ("回访满意，结案", "satisfied, closed") if satisfied else ("结案", "closed")
        case c.CaseApplicantNotReached():
            return "回访未接通", "called back, nobody was reached"
        case c.CaseReopened(round=number):
            return f"不满意，第 {number} 轮重办", f"not satisfied, round {number}"
        case c.CaseWithdrawn(reason=reason):
            return _because("撤回", "withdrawn", reason, policy)
        case c.CaseAttachmentAdded(kind=kind):
            return f"收到附件：{kind.zh}", f"attached: {kind.en}"
        case c.CaseMaterialsTakenOver(materials=codes) | c.CaseTakeOverWithdrawn(materials=codes):
            return of_taking_over(event, materials_of(policy, codes))
        case c.CaseErased(reason=reason):
            return _because("个人信息已删除", "personal data erased", reason, policy)
        case c.CaseAreaChanged():
            return area_changed(event, office_of(policy, event.first_contact_office), policy)
        case c.CaseReclassified(reason=reason):
            return reclassified(event, actor_of(policy, event.by), reason_of(policy, reason), policy)
        case c.CaseTerminated(reason=reason):
            return _because("终止", "terminated", reason, policy)
        case c.CaseApplicantToBeTold(about=about):
            zh, en = _WORDS_OWED.get(about, (about, about))
            return f"{zh}须告知申请人", f"applicant to be told of the {en}"
        case c.CaseApplicantTold(about=about):
            zh, en = _WORDS_OWED.get(about, (about, about))
            return f"{zh}已告知申请人", f"applicant told of the {en}"
        case _:
            return of_merging(event) or of_consents(event, policy) or of_reviews(event, policy)


def _supplemented(given: Words, missing: Words, *, whole: bool) -> Words:
    zh, en = f"收到材料：{given[0]}", f"handed in: {given[1]}"
    if whole:
        return f"{zh}，补正齐全", f"{en}; nothing is missing"
    return f"{zh}，尚缺：{missing[0]}", f"{en}; still missing: {missing[1]}"


_REFERRAL: Final[Mapping[type[r.ReferralEvent], Words]] = MappingProxyType(
    {
        r.ReferralSigned: ("签收", "signed for"),
        r.ReferralAccepted: ("接收承办", "taken on"),
        r.ReferralDeemedAccepted: ("逾期未答复，视为接收", "silent: deemed accepted"),
        r.ReferralReturnRequested: ("申请退件", "return asked for"),
        r.ReferralReturned: ("同意退件", "return approved"),
        r.ReferralReturnRefused: ("退件被驳回", "return refused"),
        r.ReferralOnHold: ("暂停", "put on hold"),
        r.ReferralResumed: ("恢复", "resumed"),
        r.ReferralProgressReported: ("阶段反馈", "progress reported"),
        r.ReferralCompleted: ("办结", "finished"),
        r.ReferralFailed: ("无法办理", "could not be done"),
        r.ReferralUrged: ("被催办", "was urged"),
        r.ReferralReclassified: ("改类后继续承办", "goes on with it as another matter"),
        r.ReferralCancelled: ("撤销", "taken back"),
        r.ReferralReworkRequested: ("要求重办", "asked to do it again"),
    }
)


_BY_ANOTHER: Final[Mapping[type[r.ReferralEvent], Words]] = MappingProxyType(
    {
        r.ReferralReturned: ("同意退件", "approved the return"),
        r.ReferralReturnRefused: ("驳回退件", "refused the return"),
        r.ReferralCancelled: ("撤销转办", "took it back"),
        r.ReferralReworkRequested: ("要求重办", "asked to do it again"),
    }
)
"""What is done to an office's leg by somebody else: who decides is named first, and the office that it is about."""
_ARBITRATED: Final[Mapping[type[r.ReferralEvent], Words]] = MappingProxyType(
    {
        r.ReferralReturned: ("裁定改由其他单位承办", "settled that another office has it"),
        r.ReferralReturnRefused: ("裁定仍由其承办", "settled that it stays"),
    }
)


def _of_referral(event: CaseBound, policy: Policy) -> Words | None:
    if not isinstance(event, r.ReferralEvent):
        return None
    zh, en = office_of(policy, event.office)
    if isinstance(event, r.ReferralDispatched):
        sent = event.sent_as
        if event.purpose is not None:
            return of_check(event.purpose, (zh, en), policy)
        return f"{sent.zh}（{event.role.zh}）→ {zh}", f"{sent.en.lower()} to {en} ({event.role.en.lower()})"
    if isinstance(event, r.ReferralOfficeSucceeded):
        was_zh, was_en = office_of(policy, event.predecessor)
        told = f"{en} goes on with the work of {was_en}, as offices or areas have changed"
        return f"机构或区划变更，{was_zh} 的事项由 {zh} 继续办理", told
    if isinstance(event, r.ReferralExtensionRequested | r.ReferralExtensionRefused):
        return _of_extension(event, policy)
    why = reason_of(policy, getattr(event, "reason", ""))
    why_zh, why_en = f"（{why[0]}）" if why[0] else "", f" ({why[1]})" if why[1] else ""
    who = actor_of(policy, event.by)
    if isinstance(event, r.ReferralReassigned):
        (by_zh, by_en), (to_zh, to_en) = who or ("", "it was"), office_of(policy, event.to)
        done_zh, done_en = ("移送", "transferred it") if event.transferred else ("改派", "reassigned")
        return f"{by_zh}{done_zh}：{zh} → {to_zh}{why_zh}", f"{by_en} {done_en}: {en} → {to_en}{why_en}"
    if isinstance(event, r.ReferralLeadActed):
        to_zh, to_en = office_of(policy, event.to)
        return f"{zh}{event.action.zh}：{to_zh}{why_zh}", f"{en}, {event.action.en.lower()}: {to_en}{why_en}"
    if isinstance(event, r.ReferralClassified):
        (by_zh, by_en), (is_zh, is_en) = who or ("", en), matter_of(policy, event.category)
        return f"{by_zh}归类：{is_zh}{why_zh}", f"{by_en} classified it: {is_en}{why_en}"
    kind = type(event)
    settled = _ARBITRATED.get(kind) if getattr(event, "arbitrated", False) else None
    acted = settled or _BY_ANOTHER.get(kind)
    if acted is not None and who is not None and event.by is not None and event.by.office not in ("", event.office):
        return f"{who[0]}{acted[0]}：{zh}{why_zh}", f"{who[1]} {acted[1]}: {en}{why_en}"
    done = _REFERRAL.get(kind)
    return (f"{zh}：{done[0]}{why_zh}", f"{en}: {done[1]}{why_en}") if done is not None else None


def _of_extension(event: r.ReferralExtensionRequested | r.ReferralExtensionRefused, policy: Policy) -> Words:
    """That more time is asked for, how much and why; or that there will be none."""
    (zh, en), (why_zh, why_en) = office_of(policy, event.office), reason_of(policy, event.reason)
    if isinstance(event, r.ReferralExtensionRequested):
        by = Limit.parse(event.asked)
        asked = f"asked for an extension of {limit_in_words(by, 'en')} ({why_en})"
        return f"{zh}：申请延期 {limit_in_words(by, 'zh')}（{why_zh}）", f"{en}: {asked}"
    if event.silent:
        return f"{zh}：延期逾期未决定，视为不同意", f"{en}: nobody decided on the extension: refused by silence"
    who_zh, who_en = actor_of(policy, event.by) or ("", "it was")
    return f"{who_zh}不同意延期：{zh}（{why_zh}）", f"{who_en} refused the extension: {en} ({why_en})"


def _of_routing(event: CaseBound, policy: Policy) -> Words | None:
    match event:
        case r.RoutingUnmatched(fallback=fallback):
            zh, en = office_of(policy, fallback)
            return f"无匹配规则，由 {zh} 兜底承办", f"no rule fits: {en} has it meanwhile"
        case r.RoutingArbitrationRequested(arbiter=arbiter):
            zh, en = office_of(policy, arbiter)
            return f"再次退件，由 {zh} 裁定", f"returned again: {en} arbitrates"
        case r.RoutingReclassified(reason=reason):
            return reclassified(event, actor_of(policy, event.by), reason_of(policy, reason), policy)
        case _:
            return None


def _of_recount(event: CaseBound, policy: Policy) -> Words | None:
    if not isinstance(event, k.ClockRecalculated):
        return None
    zh, en = _moved(event, policy)
    if (correction := event.correction) is None:
        why = _why(event)
        return f"{zh}（{why[0]}）", f"{en} ({why[1]})"
    why = _agreed(correction.approver, correction.reason, policy)
    by_zh, by_en = actor_of(policy, event.by) or ("", "")
    by_en = f" by {by_en}" if by_en else ""
    return f"{by_zh}更正暂停，{zh}（{why[0]}）", f"pause corrected{by_en}, {en} ({why[1]})"


def _of_clocks(event: CaseBound, policy: Policy) -> Words | None:
    """Until when somebody has time now, or since when a clock stands still; the first of them that people ask for."""
    if not isinstance(event, ChangesClocks):
        return None
    seen = moment_of(event)
    found = (_of_clock(change, seen, policy) for change in event.clocks)
    return next((words for words in found if words is not None), None)


def _of_clock(change: ClockChange, seen: datetime, policy: Policy) -> Words | None:
    match change:
        case ClockStarted() | ClockResumed():
            return _until(change, seen, policy) if change.kind in STARTS else None
        case ClockPaused(since=since) if since < seen:
            zh, en = civil_day(since, seen, policy.calendar.zone)
            return f"自 {zh} 起暂停计时（补报）", f"the clock stands still since {en}, reported late"
        case ClockExtended():
            return _extended(change, seen, policy)
        case _:
            return None


def _until(clock: ClockFacts, seen: datetime, policy: Policy) -> Words | None:
    if clock.due_at is None:
        return None
    (day_zh, day_en), (zh, en) = _end(clock.due_at, clock, seen, policy), office_of(policy, clock.office)
    decides = clock.kind in DECISIONS
    zh, en = (f"{zh} ", f" by {en}") if decides else ("", "")
    law_zh, law_en = source_in(clock.basis.source, "zh"), source_in(clock.basis.source, "en")
    return f"{zh}{clock.kind.zh}至 {day_zh}（{law_zh}）", f"{clock.kind.en.lower()}{en} until {day_en} ({law_en})"


def _end(due_at: datetime, clock: ClockFacts, seen: datetime, policy: Policy) -> Words:
    """The day, and whether a notice of holidays may still move it."""
    zh, en = civil_day(due_at, seen, policy.calendar.zone)
    return (f"{zh}（暂定）", f"{en} (provisional)") if clock.provisional else (zh, en)


def _extended(clock: ClockExtended, seen: datetime, policy: Policy) -> Words:
    """By how much, until when, who agreed and why."""
    by = Limit.parse(clock.added)
    zh, en = f"延期 {limit_in_words(by, 'zh')}", f"extended by {limit_in_words(by, 'en')}"
    if clock.due_at is not None:
        day_zh, day_en = _end(clock.due_at, clock, seen, policy)
        zh, en = f"{zh}，至 {day_zh}", f"{en} until {day_en}"
    why = _agreed(clock.approver, clock.reason, policy)
    return f"{zh}（{why[0]}）", f"{en} ({why[1]})"


def _agreed(approver: str, reason: str, policy: Policy) -> Words:
    by, why = approver_of(policy, approver), reason_of(policy, reason)
    return f"{by[0]}批准，{why[0]}", f"agreed by {by[1]}: {why[1]}"


def _moved(event: k.ClockRecalculated, policy: Policy) -> Words:
    """From which date to which, of each clock of which people are told."""
    both = list(zip(event.previous_due_at, event.clocks, strict=True))
    told = [(before, clock) for before, clock in both if clock.kind in STARTS] or both
    moves = [_move(before, clock, event.recalculated_at, policy) for before, clock in told]
    return "；".join(zh for zh, _ in moves), "; ".join(en for _, en in moves)


def _move(before: datetime | None, clock: ClockFacts, seen: datetime, policy: Policy) -> Words:
    kind, now = clock.kind, clock.due_at
    if now is None:
        return "仍暂停计时", "still standing still"
    zh, en = _end(now, clock, seen, policy)
    if before is None:
        return f"{kind.zh}至 {zh}", f"{kind.en.lower()} until {en}"
    if before == now:
        return f"{kind.zh}仍至 {zh}", f"{kind.en.lower()} still until {en}"
    was_zh, was_en = civil_day(before, seen, policy.calendar.zone)
    return f"{kind.zh}由 {was_zh} 改至 {zh}", f"{kind.en.lower()} moved from {was_en} to {en}"


def _why(event: k.ClockRecalculated) -> Words:
    """The notices that were published meanwhile; else the version of the calendar that counts now."""
    published = [_published(notice) for notice in event.notices]
    if published:
        return "；".join(zh for zh, _ in published), "; ".join(en for _, en in published)
    zh, en = _WHY.get(event.reason, (event.reason, event.reason))
    return (f"{zh}：{event.calendar}", f"{en}: {event.calendar}") if event.calendar else (zh, en)


def _published(notice: k.CalendarNotice) -> Words:
    zh, en = f"{notice.year} 年日历：{notice.source}", f"calendar of {notice.year}: {notice.source}"
    if (day := notice.published_on) is None:
        return zh, en
    return f"{zh}，{day.year}年{day_zh(day)}公布", f"{en}, published on {day_en(day)} {day.year}"


def _of_alert(event: CaseBound, policy: Policy) -> Words | None:
    match event:
        case k.ClockDueSoon(kind=kind):
            return f"即将到期：{kind.zh}", f"due soon: {kind.en.lower()}"
        case k.ClockBreached(kind=kind, office=office, doubts=doubts):
            zh, en = office_of(policy, office)
            yet_zh, yet_en = ("（待核实）", " (to be confirmed)") if doubts else ("", "")
            return f"超期：{kind.zh}，{zh}{yet_zh}", f"overdue: {kind.en.lower()}, {en}{yet_en}"
        case k.ClockCleared(kind=kind, office=office):
            zh, en = office_of(policy, office)
            return f"更正，未超期：{kind.zh}，{zh}", f"corrected, not overdue: {kind.en.lower()}, {en}"
        case Supervision(level=level, office=office):
            zh, en = office_of(policy, office)
            return f"{level.zh}：{zh}", f"{level.en.lower()}: {en}"
        case _:
            return None


def office_of(policy: Policy, code: str) -> Words:
    """Its name; the code itself where the policy does not know it."""
    office = policy.office(code)
    return (office.zh, office.en) if office is not None else (code, code)


def office_if_any(policy: Policy, code: str | None) -> tuple[str | None, str | None]:
    """Its name; nothing where there is no office."""
    return office_of(policy, code) if code else (None, None)


def address_of(policy: Policy, code: str) -> str:
    """From the county down, as an address is written; the code itself where the policy does not know it."""
    below = [area.name for area in policy.upwards(code) if area.level not in WIDE]
    return "".join(reversed(below)) or code


def actor_of(policy: Policy, by: Actor | None) -> Words | None:
    """The office and the role in which somebody acted; by the rules where nobody did."""
    if by is None:
        return None
    if by.role is None:
        return by.door.zh, by.door.en.lower()
    if not by.office:
        return by.role.zh, by.role.en.lower()
    zh, en = office_of(policy, by.office)
    return f"{zh}（{by.role.zh}）", f"{en} ({by.role.en.lower()})"


def _because(zh: str, en: str, reason: str, policy: Policy) -> Words:
    why = reason_of(policy, reason)
    return f"{zh}：{why[0]}", f"{en}: {why[1]}"


def reason_of(policy: Policy, code: str) -> Words:
    reason = policy.reasons.get(code)
    return (reason.zh, reason.en) if reason is not None else (code, code)


def materials_of(policy: Policy, codes: Iterable[str]) -> Words:
    """By the policy's names, in the order given."""
    known = {one.code: (one.zh, one.en) for category in policy.categories.values() for one in category.materials}
    named = [known.get(code, (code, code)) for code in codes]
    return "、".join(zh for zh, _ in named), ", ".join(en for _, en in named)


def approver_of(policy: Policy, code: str) -> Words:
    approver = policy.approvers.get(code)
    return (approver.zh, approver.en) if approver is not None else (code, code)
