"""Three cases told day by day, from what the topics said of them: no name, no number of a person."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from contracts.codes import ClockKind, ReferralRole
from contracts.events import CaseBound
from contracts.events import cases as c
from contracts.events import clocks as k
from contracts.events import referrals as r
from services.console.demo.ledger import Case
from services.deadlines import CIVIL_TIME
from services.policies import Policy

WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    at: datetime
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    title: str
    about: str
    lines: tuple[Line, ...]


def choose(cases: Iterable[Case], policy: Policy) -> list[Story]:
    """One that went well, one that was returned and sent on, one that somebody left lying."""
    wanted: list[tuple[str, Callable[[Case], bool]]] = [
        ("顺利办结 · all went well", _smooth),
        ("退件后改派 · returned and sent on", _sent_on),
        ("超期 · too late", _late),
    ]
    known = sorted(cases, key=lambda case: case.registered.number)
    stories = []
    for title, fits in wanted:
        found = [case for case in known if fits(case)]
        if found:
            stories.append(_tell(title, max(found, key=_richness), policy))
    return stories


def _smooth(case: Case) -> bool:
    leads = _with_role(case, r.ReferralDispatched, ReferralRole.LEAD)
    others = _with_role(case, r.ReferralCompleted, ReferralRole.CO)
    return _ended_well(case) and len(leads) == 1 and bool(others) and not _has(case, k.ClockBreached, r.ReferralOnHold)


def _sent_on(case: Case) -> bool:
    return _ended_well(case) and _has(case, r.ReferralReturned) and not _has(case, k.ClockBreached)


def _late(case: Case) -> bool:
    late = any(isinstance(e, k.ClockBreached) and e.kind is ClockKind.HANDLING for e in _events(case))
    return late and _has(case, r.ReferralCompleted, r.ReferralDeemedAccepted)


def _ended_well(case: Case) -> bool:
    return any(isinstance(event, c.CaseClosed) and event.satisfied for event in _events(case)) and case.round == 1


def _richness(case: Case) -> tuple[int, str]:
    """Different things that happened; the number breaks ties, so that equal runs tell equal stories."""
    return len({type(event) for event in _events(case)}), case.registered.number


def _events(case: Case) -> Iterator[CaseBound]:
    for envelope in case.told:
        if isinstance(envelope.data, CaseBound):
            yield envelope.data


def _has(case: Case, *kinds: type[CaseBound]) -> bool:
    return any(isinstance(event, kinds) for event in _events(case))


def _with_role(case: Case, kind: type[r.ReferralEvent], role: ReferralRole) -> list[r.ReferralEvent]:
    return [event for event in _events(case) if isinstance(event, kind) and event.role is role]


def _tell(title: str, case: Case, policy: Policy) -> Story:
    category = policy.categories[case.registered.category]
    places = [area.name for area in policy.upwards(case.registered.area)][-3::-1]
    lines = []
    for envelope in case.in_order():
        said = tell(envelope.data, policy) if isinstance(envelope.data, CaseBound) else None
        if said is not None:
            lines.append(Line(at=envelope.time, zh=said[0], en=said[1]))
    about = f"{case.registered.number} {category.zh} ({category.en}), {''.join(places)}"
    return Story(title=title, about=about, lines=tuple(lines))


def tell(event: CaseBound, policy: Policy) -> tuple[str, str] | None:
    """One event in Chinese and English; `None` for what only machines need."""
    return _of_case(event, policy) or _of_referral(event, policy) or _of_clock(event, policy)


def _of_case(event: CaseBound, policy: Policy) -> tuple[str, str] | None:
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
            return f"中止:{_reason(policy, reason)[0]}", f"suspended: {_reason(policy, reason)[1]}"
        case c.CaseResumed():
            return "恢复办理", "resumed"
        case c.CaseResolved():
            return "办结,待回访", "resolved, callback due"
        case c.CaseClosed(satisfied=satisfied):
            return ("回访满意,结案", "satisfied, closed") if satisfied else ("结案", "closed")
        case c.CaseReopened(round=number):
            return f"不满意,第 {number} 轮重办", f"not satisfied, round {number}"
        case c.CaseWithdrawn():
            return "申请人撤回", "withdrawn"
        case c.CaseTerminated(reason=reason):
            return f"终止:{_reason(policy, reason)[0]}", f"terminated: {_reason(policy, reason)[1]}"
        case _:
            return None


_REFERRAL: dict[type[r.ReferralEvent], tuple[str, str]] = {
    r.ReferralSigned: ("签收", "signed for"),
    r.ReferralAccepted: ("接收承办", "taken on"),
    r.ReferralDeemedAccepted: ("未签收,视为接收", "silent: deemed accepted"),
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


def _of_referral(event: CaseBound, policy: Policy) -> tuple[str, str] | None:
    if not isinstance(event, r.ReferralEvent):
        return None
    zh, en = _office(policy, event.office)
    if isinstance(event, r.ReferralDispatched):
        return f"派单({event.role.zh})→ {zh}", f"dispatched to {en} ({event.role.en.lower()})"
    done = _REFERRAL.get(type(event))
    if done is None:
        return None
    why = _reason(policy, getattr(event, "reason", ""))
    return f"{zh}:{done[0]}{'(' + why[0] + ')' if why[0] else ''}", f"{en}: {done[1]}{f' ({why[1]})' if why[1] else ''}"


def _of_clock(event: CaseBound, policy: Policy) -> tuple[str, str] | None:
    match event:
        case k.ClockStarted(clocks=clocks):
            work = [clock for clock in clocks if clock.kind in (ClockKind.HANDLING, ClockKind.REWORK) and clock.due_at]
            if not work or work[0].due_at is None:
                return None
            day, source = _day(work[0].due_at), work[0].basis.source
            return f"{work[0].kind.zh}至 {day}({source})", f"{work[0].kind.en.lower()} until {day}"
        case k.ClockExtended(by=by, clocks=clocks) if clocks[0].due_at is not None:
            day = _day(clocks[0].due_at)
            return f"延期 {by} 至 {day}", f"extended by {by} until {day}"
        case k.ClockDueSoon(kind=kind):
            return f"即将到期:{kind.zh}", f"due soon: {kind.en.lower()}"
        case k.ClockBreached(kind=kind, office=office):
            zh, en = _office(policy, office)
            return f"超期:{kind.zh},{zh}", f"overdue: {kind.en.lower()}, {en}"
        case _:
            return None


def _office(policy: Policy, code: str) -> tuple[str, str]:
    office = policy.offices.get(code)
    return (office.zh, office.en) if office is not None else (code, code)


def _reason(policy: Policy, code: str) -> tuple[str, str]:
    reason = policy.reasons.get(code)
    return (reason.zh, reason.en) if reason is not None else (code, code)


def _day(moment: datetime) -> str:
    local = moment.astimezone(CIVIL_TIME)
    return f"{local.month}月{local.day}日"


def drawn(story: Story) -> Iterator[str]:
    """Lines for a terminal; each day is named once."""
    yield f"{story.title}: {story.about}"
    before = ""
    for line in story.lines:
        local = line.at.astimezone(CIVIL_TIME)
        day = f"{_day(line.at)} 周{WEEKDAYS[local.weekday()]}"
        yield f"  {day if day != before else '':　<8}  {local:%H:%M}  {line.zh}  · {line.en}"
        before = day
