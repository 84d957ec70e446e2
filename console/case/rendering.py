"""A case on a terminal, in one language: what it is, its dates with their law, its timeline, and who had the time."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final

from rich.cells import cell_len

from console.case.fetching import CaseOverview
from console.date_format import lines_by_day, padded
from contracts.clocks import LimitBasis
from contracts.codes import ClockStatus
from libraries.clocks.views import ClockView
from libraries.deadlines.rendering import source_in
from services.intake.time_report import HolderView, PieceView, ReferralTimeView, SpentView, TimeView
from services.intake.timeline import Entry
from services.intake.views import AnswerBy, CaseView

GAP: Final = "  "
MOMENT: Final = timedelta(microseconds=1)
LATE: Final = {
    ClockStatus.MET: ("超期完成", "met late"),
    ClockStatus.CANCELLED: ("超期后取消", "cancelled when overdue"),
}


def render_case(overview: CaseOverview, language: str, zone: tzinfo) -> Iterator[str]:
    case, zh = overview.case, language == "zh"
    yield f"{case.number}  {case.state.label(language)}"
    matter = f"{case.category_zh if zh else case.category_en} ({case.category})"
    yield f"  {matter} · {case.area_zh} · {f'第 {case.round} 轮' if zh else f'round {case.round}'}"
    window = case.first_contact_office_zh if zh else case.first_contact_office_en
    yield f"  {'首问窗口' if zh else 'first contact'}: {window}"
    yield f"  {'下一步' if zh else 'next'}: {_next(case, zone, zh=zh)}"
    yield ""
    yield "时限" if zh else "Clocks"
    yield from _aligned([_clock(clock, language, zone) for clock in overview.clocks])
    yield ""
    yield "经过" if zh else "Story"
    said = [(entry.at, text) for entry in overview.timeline if (text := _said(entry, zh=zh))]
    yield from lines_by_day(said, zone, language)


def _said(entry: Entry, *, zh: bool) -> str:
    """The sentence, with who did it where that does not stand in it: of an act by its office, post and role."""
    text, who = (entry.zh, entry.who_zh) if zh else (entry.en, entry.who_en)
    if not text or not who or entry.actor is None or not entry.actor.office:
        return text or ""
    office = who.partition("（" if zh else " (")[0]
    post = f" {entry.actor.post}" if entry.actor.post else ""
    return text if office in text else f"{text}  [{who}{post}]"


def _next(case: CaseView, zone: tzinfo, *, zh: bool) -> str:
    answer = case.answer_by
    if answer is None:
        return "无待办" if zh else "nobody has to answer"
    office, clock = (answer.office_zh, answer.clock_zh) if zh else (answer.office_en, answer.clock.en.lower())
    why = f"{clock} {answer.limit}{GAP}{_law(answer.basis, zh=zh)}"
    return f"{office}{GAP}{_until(answer, zone, zh=zh)}{GAP}({why})"


def _until(what: AnswerBy | ClockView, zone: tzinfo, *, zh: bool) -> str:
    if what.due_at is None:
        return "暂停计时" if zh else "paused"
    day = _date(what.due_at, zone, zh=zh)
    if what.provisional:
        day += "（暂定）" if zh else " (provisional)"
    return f"至 {day}" if zh else f"until {day}"


def _date(moment: datetime, zone: tzinfo, *, zh: bool) -> str:
    """A limit in days ends with its day, one in hours at its minute."""
    local = moment.astimezone(zone)
    whole_day = (local + MOMENT).time() == datetime.min.time()
    if whole_day:
        return f"{local:%Y-%m-%d}" + (" 24:00" if zh else " end of day")
    return f"{local:%Y-%m-%d %H:%M}"


def _law(basis: LimitBasis, *, zh: bool) -> str:
    article = (f" 第{basis.article}条" if zh else f" art. {basis.article}") if basis.article else ""
    ours = "" if basis.statutory else (",非法定" if zh else ", not statutory")
    return f"{source_in(basis.source, 'zh' if zh else 'en')}{article}{ours}"


def _clock(clock: ClockView, language: str, zone: tzinfo) -> list[str]:
    zh = language == "zh"
    return [
        clock.kind.label(language),
        clock.office_zh if zh else clock.office_en,
        "+".join((clock.limit, *clock.extensions)),
        _until(clock, zone, zh=zh),
        _status(clock, language),
        _law(clock.basis, zh=zh),
    ]


def _status(clock: ClockView, language: str) -> str:
    if not clock.late:
        return clock.status.label(language)
    zh, en = LATE.get(clock.status, (ClockStatus.BREACHED.zh, ClockStatus.BREACHED.en))
    return zh if language == "zh" else en


def render_time(view: TimeView, language: str, zone: tzinfo) -> Iterator[str]:
    zh = language == "zh"
    yield f"{view.number}  {view.state.label(language)}"
    until = _minute(view.end, zone) + ("" if view.over else "（至今）" if zh else " (now)")
    yield f"  {_minute(view.start, zone)} → {until}"
    whole, spare = view.whole, ("（暂定）" if zh else " (provisional)") if view.provisional else ""
    yield (
        f"  全程 {whole.calendar_days:.2f} 天，其中工作日 {whole.working_days:.2f} 天{spare}"
        if zh
        else f"  {whole.calendar_days:.2f} days, {whole.working_days:.2f} of them working days{spare}"
    )
    yield ""
    yield from _account(view.pieces, view.holders, language, zone)
    yield ""
    yield from _referrals(view.referrals, zh=zh)
    for beside in view.co_handlers:
        yield ""
        yield "协办（与主办并行，不计入全程）" if zh else "Co-handler (beside the lead, no part of the whole)"
        yield from _account(beside.pieces, beside.holders, language, zone)


def _account(pieces: Sequence[PieceView], holders: Sequence[HolderView], language: str, zone: tzinfo) -> Iterator[str]:
    zh = language == "zh"
    heads = ["从", "到", "谁", "环节", "性质", "天", "工作日", "事由"]
    if not zh:
        heads = ["from", "to", "who", "step", "kind", "days", "working", "why"]
    yield from _aligned([heads, *(_piece(piece, language, zone) for piece in pieces)], numbers={5, 6})
    yield ""
    heads = ["谁", "用时（工作日）", "依法暂停", "等待", "用时（天）"]
    if not zh:
        heads = ["who", "used (working days)", "paused by law", "waiting", "used (days)"]
    yield from _aligned([heads, *(_holder(holder, zh=zh) for holder in holders)], numbers={1, 2, 3, 4})


def _referrals(referrals: Sequence[ReferralTimeView], *, zh: bool) -> Iterator[str]:
    """Each sending of the case, in order; an office that had it twice has two."""
    heads = ["承办段", "用时（工作日）", "依法暂停", "等待", "合计（工作日）", "合计（天）"]
    if not zh:
        heads = ["referral", "used (working days)", "paused by law", "waiting", "all (working days)", "all (days)"]
    rows = [[one.office_zh if zh else one.office_en, *_of_referral(one)] for one in referrals]
    yield from _aligned([heads, *rows], numbers={1, 2, 3, 4, 5})


def _of_referral(one: ReferralTimeView) -> list[str]:
    return [*_working(one.used, one.paused, one.waiting, one.whole), f"{one.whole.calendar_days:.2f}"]


def _working(*spent: SpentView) -> list[str]:
    return [f"{one.working_days:.2f}" for one in spent]


def _piece(piece: PieceView, language: str, zone: tzinfo) -> list[str]:
    zh = language == "zh"
    return [
        _minute(piece.start, zone),
        _minute(piece.end, zone),
        piece.holder_zh if zh else piece.holder_en,
        piece.step.label(language),
        piece.kind.label(language),
        f"{piece.spent.calendar_days:.2f}",
        f"{piece.spent.working_days:.2f}",
        piece.reason_zh if zh else piece.reason_en,
    ]


def _holder(one: HolderView, *, zh: bool) -> list[str]:
    name = one.holder_zh if zh else one.holder_en
    return [name, *_working(one.used, one.paused, one.waiting), f"{one.used.calendar_days:.2f}"]


def _minute(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _aligned(rows: Sequence[list[str]], *, numbers: frozenset[int] | set[int] = frozenset()) -> Iterator[str]:
    """Columns as wide as what stands in them; numbers stand at the right."""
    widths = [max(cell_len(row[at]) for row in rows) for at in range(len(rows[0]))] if rows else []
    for row in rows:
        cells = [
            " " * (width - cell_len(text)) + text if at in numbers else padded(text, width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield ("  " + GAP.join(cells)).rstrip()
