"""Clocks explained on one sheet, for a terminal, a letter or a page: whose they are, each day by day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from contracts.codes import ClockStatus
from libraries.clocks.approvals import granted
from libraries.clocks.clock import LegalClock
from libraries.clocks.explaining import bounded, explained_html, explained_text, recounted
from libraries.clocks.wording import Words, office_of
from libraries.deadlines import Limit
from libraries.deadlines.rendering import Language, limit_in_words
from libraries.policies.model import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is told of the clocks of one case, or of one referral."""

    number: str
    facts: Sequence[Words]
    """What stands above the clocks: whose matter it is, and who decided."""
    clocks: Sequence[LegalClock]
    now: datetime
    remarks: Sequence[Words] = ()
    """What stands below them."""

    def title(self, lang: Language) -> str:
        return f"期限说明 {self.number}" if lang == "zh" else f"Time limits explained: {self.number}"


def sheet_text(sheet: Sheet, policy: Policy, lang: Language = "zh") -> str:
    lines = [sheet.title(lang), *_of(sheet.facts, lang)]
    for clock in _in_order(sheet.clocks):
        lines += ["", f"## {_name(clock, policy, lang)}", *_of(_facts(clock, sheet.now, policy), lang)]
        lines.append(explained_text(clock, policy, lang))
    if not sheet.clocks:
        lines += ["", _none(lang)]
    if sheet.remarks:
        lines += ["", *_of(sheet.remarks, lang)]
    return "\n".join(lines)


def sheet_html(sheet: Sheet, policy: Policy, lang: Language = "zh") -> str:
    """What stands in the `main` of a page; whatever stands in a policy, a name or a reason is escaped."""
    clocks = _in_order(sheet.clocks)
    parts = [f"<h1>{escape(sheet.title(lang))}</h1>", *_paragraphs(sheet.facts, lang)]
    if len(clocks) > 1:
        links = "".join(
            f'<li><a href="#clock-{clock.id}">{escape(_name(clock, policy, lang))}</a></li>' for clock in clocks
        )
        parts.append(f'<nav aria-label="{"时限" if lang == "zh" else "Clocks"}"><ul>{links}</ul></nav>')
    for clock in clocks:
        name = escape(_name(clock, policy, lang))
        parts += [
            f'<article id="clock-{clock.id}" aria-labelledby="name-{clock.id}"><h2 id="name-{clock.id}">{name}</h2>',
            *_paragraphs(_facts(clock, sheet.now, policy), lang),
            explained_html(clock, policy, lang),
            "</article>",
        ]
    if not clocks:
        parts.append(f"<p>{escape(_none(lang))}</p>")
    if sheet.remarks:
        parts += [f"<h2>{'更正' if lang == 'zh' else 'Put right'}</h2>", *_paragraphs(sheet.remarks, lang)]
    return "\n".join(parts)


def minute(moment: datetime, policy: Policy) -> str:
    """By the clocks of the place."""
    return f"{policy.calendar.local(moment):%Y-%m-%d %H:%M}"


def _in_order(clocks: Sequence[LegalClock]) -> list[LegalClock]:
    return sorted(clocks, key=lambda clock: (clock.started_at, clock.kind.value))


def _name(clock: LegalClock, policy: Policy, lang: Language) -> str:
    zh, en = office_of(policy, clock.office)
    if clock.round > 1:
        zh, en = f"{zh}，第 {clock.round} 轮", f"{en}, round {clock.round}"
    return f"{clock.kind.zh}（{zh}）" if lang == "zh" else f"{clock.kind.en}: {en}"


def _facts(clock: LegalClock, now: datetime, policy: Policy) -> Iterator[Words]:
    zh, en = _standing(clock, now, policy)
    at = minute(clock.stopped_at, policy) if clock.stopped_at is not None else ""
    yield "，".join(filter(None, (f"状态：{zh}", at))), ", ".join(filter(None, (f"Status: {en}", at)))
    yield from _grants(clock, policy)
    if (within := bounded(clock, policy)) and (end := clock.due(policy.calendar_of(clock.office)).due_at) is not None:
        why = within["within_the_lead"]
        yield f"至 {minute(end, policy)}：{why['zh']}", f"Until {minute(end, policy)}: {why['en']}"
    if (due_at := recounted(clock, policy)) is not None:
        then = minute(due_at, policy)
        yield (
            f"当时告知的到期时间：{then}（此后日历或规则有变，以下按现行的计算）",
            f"Due as told then: {then} (calendar or rules have changed since; what follows goes by today's)",
        )


def _grants(clock: LegalClock, policy: Policy) -> Iterator[Words]:
    for one in granted(clock.extensions, clock.grants, policy):
        by = Limit.parse(one["limit"])
        if one["approver"]:
            yield (
                f"延长 {limit_in_words(by, 'zh')}：{one['approver_zh']}批准，{one['reason_zh']}",
                f"Extended by {limit_in_words(by, 'en')}: agreed by {one['approver_en']}, {one['reason_en']}",
            )


def _standing(clock: LegalClock, now: datetime, policy: Policy) -> Words:
    """An answer after the end is late, and so is none by then."""
    end = recounted(clock, policy) or clock.due(policy.calendar_of(clock.office)).due_at
    late = end is not None and end < (clock.stopped_at or now)
    if late and clock.status is ClockStatus.RUNNING:
        return ClockStatus.BREACHED.zh, ClockStatus.BREACHED.en.lower()
    if late and clock.status is ClockStatus.MET:
        return "超期完成", "met late"
    return clock.status.zh, clock.status.en.lower()


def _none(lang: Language) -> str:
    return "没有时限" if lang == "zh" else "No clocks"


def _of(words: Sequence[Words] | Iterator[Words], lang: Language) -> list[str]:
    return [zh if lang == "zh" else en for zh, en in words]


def _paragraphs(words: Sequence[Words] | Iterator[Words], lang: Language) -> list[str]:
    return [f"<p>{escape(line)}</p>" for line in _of(words, lang)]
