"""An explanation for people and machines: as JSON values, as text and as a fragment of HTML, in Chinese or English."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from html import escape
from typing import Any, Literal

from libraries.deadlines.explanation import DayCounted, Explanation, time_in_words
from libraries.deadlines.limit_timeline import GivenBack, WhyNothing
from libraries.deadlines.limits import Limit, Unit

Language = Literal["zh", "en"]

UNITS = {
    Unit.HOUR: ("小时", "hour"),
    Unit.DAY: ("日", "calendar day"),
    Unit.WORKING_DAY: ("个工作日", "working day"),
    Unit.MONTH: ("个月", "month"),
    Unit.YEAR: ("年", "year"),
}
WEEKDAYS = (("一", "Mon"), ("二", "Tue"), ("三", "Wed"), ("四", "Thu"), ("五", "Fri"), ("六", "Sat"), ("日", "Sun"))
TITLES = {"zh": ("日期", "计数", "说明"), "en": ("Day", "Count", "Why")}
CONFIDENCE = {
    "A": ("法规原文", "statutory text"),
    "B": ("官方地方性或二手材料", "official local or secondary page"),
    "C": ("未经核实", "not verified"),
    "U": ("无依据的默认值", "product default"),
}

NOTHING = {
    WhyNothing.LASTS: ("尚未恢复", "not over yet"),
    WhyNothing.BEGAN_LATE: ("期限届满后开始，不补回", "began after the limit had ended, gives nothing back"),
    WhyNothing.WITHIN_A_DAY: ("当日 24 时前恢复，该日照计", "over before 24:00 of its day, which counts"),
    WhyNothing.NOTHING_RAN: ("其间无应补回的时间", "nothing to give back in it"),
}
"""Why a pause gave nothing back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The law, or the want of one, behind a limit."""

    source: str
    article: str = ""
    statutory: bool = False
    confidence: str = "U"
    policy_version: str = ""


BY_ANALOGY = Basis(source="参照民法典 | 民法典 (by analogy)", article="200-203", confidence="C")
"""A bare limit has no row of a policy behind it; the way of counting has this source."""


def source_in(source: str, lang: Language) -> str:
    """A source is one text for both languages, mostly the name of a law, or `Chinese | English`."""
    zh, _, en = source.partition(" | ")
    return en or zh if lang == "en" else zh


def as_json(told: Explanation, basis: Basis) -> dict[str, Any]:
    """Everything there is to know, as values that any JSON encoder takes."""
    return {
        "start": told.start.astimezone(told.zone).isoformat(),
        "limit": str(told.limit),
        "extensions": [str(extension) for extension in told.extensions],
        "pauses": [_pause_values(given, told.zone) for given in told.pauses],
        "due_at": told.due_at.astimezone(told.zone).isoformat() if told.due_at else None,
        "provisional": told.provisional,
        "rules": {
            "roll_last_day": told.rules.roll_last_day,
            "close_of_business": told.rules.close_of_business.isoformat("minutes")
            if told.rules.close_of_business
            else None,
        },
        "calendar": {
            "version": told.calendar_version,
            "published_through": told.published_through.isoformat(),
            "settled_through": told.settled_through.isoformat(),
            "notices": [
                {
                    "year": notice.year,
                    "source": notice.source,
                    "published_on": notice.published_on.isoformat() if notice.published_on else None,
                }
                for notice in told.notices
            ],
        },
        "basis": {
            "source": basis.source,
            "article": basis.article,
            "statutory": basis.statutory,
            "confidence": basis.confidence,
            "policy_version": basis.policy_version,
        },
        "days": [
            {
                "date": day.date.isoformat(),
                "counts": day.counts,
                "reason": day.reason,
                "extension": day.extension,
                "ran_seconds": _seconds(day.ran),
                "notice": day.notice.source if day.notice is not None else None,
                "zh": day.zh,
                "en": day.en,
            }
            for day in told.days
        ],
    }


def _pause_values(given: GivenBack, zone: tzinfo) -> dict[str, Any]:
    pause = given.pause
    return {
        "start": pause.start.astimezone(zone).isoformat(),
        "end": pause.end.astimezone(zone).isoformat() if pause.end else None,
        "reason": pause.reason,
        "by": pause.by,
        "gave_back_days": given.days,
        "gave_back_seconds": _seconds(given.time),
        "gave_nothing_back": given.nothing.value if given.nothing else None,
    }


def _seconds(span: timedelta) -> int | float:
    """Exact, and a whole number where it is one."""
    seconds = span.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def as_text(told: Explanation, basis: Basis, lang: Language = "zh") -> str:
    """For a terminal or a letter."""
    lines = [*_head(told, basis, lang), ""]
    for day, number in numbered(told.days):
        shown = number or ("" if day.ran else "-")
        lines.append(f"{day.date} {_weekday(day, lang)}  {shown:>4}  {_of(day, lang)}")
    return "\n".join([*lines, "", *_foot(told, lang)])


def as_html(told: Explanation, basis: Basis, lang: Language = "zh") -> str:
    """A fragment for a page; whatever stands in a policy or a name is escaped."""
    head = "".join(f"<p>{escape(line)}</p>" for line in _head(told, basis, lang))
    rows = "".join(
        f'<tr class="{"counts" if day.counts else "skipped"} {escape(day.reason)}">'
        f'<th scope="row"><time datetime="{day.date}">{day.date}</time> {_weekday(day, lang)}</th>'
        f"<td>{number or ''}</td><td>{escape(_of(day, lang))}</td></tr>"
        for day, number in numbered(told.days)
    )
    foot = "".join(f"<p>{escape(line)}</p>" for line in _foot(told, lang))
    language = "zh-CN" if lang == "zh" else "en"
    titles = "".join(f'<th scope="col">{title}</th>' for title in TITLES[lang])
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<section class="explanation" lang="{language}">{head}{table}{foot}</section>'


def numbered(days: tuple[DayCounted, ...]) -> Iterator[tuple[DayCounted, int]]:
    """Each day with how many have counted by then; 0 where it is no day that counts, as when hours run on it."""
    number = 0
    for day in days:
        counted = day.counts and day.reason not in ("rolled", "hours")
        number += counted
        yield day, number if counted else 0


def limit_in_words(limit: Limit, lang: Language) -> str:
    zh, en = UNITS[limit.unit]
    if lang == "zh":
        return f"{limit.number}{zh}"
    return f"{limit.number} {en}{'' if limit.number == 1 else 's'}"


def _head(told: Explanation, basis: Basis, lang: Language) -> Iterator[str]:
    start = _moment(told.start, told.zone)
    limit = limit_in_words(told.limit, lang)
    added = [limit_in_words(extension, lang) for extension in told.extensions]
    level = CONFIDENCE.get(basis.confidence, (basis.confidence, basis.confidence))
    source = source_in(basis.source, lang)
    if lang == "zh":
        yield f"自 {start} 起 {limit}" + "".join(f"，延长 {more}" for more in added)
        article = f" 第{basis.article}条" if basis.article else ""
        yield f"依据：{source}{article}（{'法定' if basis.statutory else '非法定'}；{basis.confidence} {level[0]}）"
    else:
        yield f"{limit} from {start}" + "".join(f", extended by {more}" for more in added)
        article = f", article {basis.article}" if basis.article else ""
        kind = "statutory" if basis.statutory else "not statutory"
        yield f"Basis: {source}{article} ({kind}; {basis.confidence}: {level[1]})"
    if basis.policy_version:
        yield f"{'策略版本：' if lang == 'zh' else 'Policy version: '}{basis.policy_version}"
    for given in sorted(told.pauses, key=lambda one: one.pause.start):
        yield _pause(given, told, lang)


def _pause(given: GivenBack, told: Explanation, lang: Language) -> str:
    """From when to when, what for, by whom, and what it gave back."""
    pause, at = given.pause, 0 if lang == "zh" else 1
    begin = _moment(pause.start, told.zone)
    end = _moment(pause.end, told.zone) if pause.end is not None else None
    reason, by = (told.names.get(code, (code, code))[at] for code in (pause.reason, pause.by))
    if lang == "zh":
        span = f"暂停：{begin} 至 {end}" if end is not None else f"暂停：{begin} 起"
        return f"{span}{f'，{reason}' if reason else ''}{f'（{by}）' if by else ''}；{_given(given)[at]}"
    span = f"Paused: {begin} to {end}" if end is not None else f"Paused: since {begin}"
    return f"{span}{f', {reason}' if reason else ''}{f', by {by}' if by else ''}; {_given(given)[at]}"


def _given(given: GivenBack) -> tuple[str, str]:
    if given.nothing is not None:
        return NOTHING[given.nothing]
    if given.days:
        return f"补回 {given.days} 日", f"gave back {given.days} day{'' if given.days == 1 else 's'}"
    zh, en = time_in_words(given.time)
    return f"补回 {zh}", f"gave back {en}"


def _moment(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"


def _foot(told: Explanation, lang: Language) -> Iterator[str]:
    if told.due_at is None:
        yield (
            "暂停计时中，恢复后才有到期日" if lang == "zh" else "The clock is paused; the date follows when it resumes"
        )
    else:
        local = f"{told.due_at.astimezone(told.zone):%Y-%m-%d %H:%M:%S %z}"
        yield f"到期：{local}" if lang == "zh" else f"Due: {local}"
    if told.rules.close_of_business is not None:
        hour = told.rules.close_of_business.isoformat("minutes")
        yield f"截止于停止业务活动的时间 {hour}" if lang == "zh" else f"Ends at close of business, {hour}"
    if told.provisional:
        zh = "暂定：跨入节假日安排仍可能调整的日期"
        yield zh if lang == "zh" else "Provisional: counted through days that a notice may still move"
    for notice in told.notices:
        on = notice.published_on
        if lang == "zh":
            yield f"{notice.year}：{notice.source}，{f'{on} 公布' if on else '公布日期未录'}"
        else:
            yield f"{notice.year}: {notice.source}, {f'published on {on}' if on else 'date not recorded'}"
    through = told.published_through
    zh, en = (
        f"日历 {told.calendar_version}，已公布至 {through}",
        f"Calendar {told.calendar_version}, published to {through}",
    )
    yield zh if lang == "zh" else en


def _weekday(day: DayCounted, lang: Language) -> str:
    zh, en = WEEKDAYS[day.date.weekday()]
    return f"周{zh}" if lang == "zh" else en


def _of(day: DayCounted, lang: Language) -> str:
    return day.zh if lang == "zh" else day.en
