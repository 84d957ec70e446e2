"""Why a date is what it is, in words that an official can read out."""

from datetime import date, datetime, time

import msgspec
import pytest

from libraries.deadlines import (
    BY_ANALOGY,
    Basis,
    CountingRules,
    Explanation,
    Limit,
    Notice,
    Override,
    Pause,
    as_html,
    as_json,
    as_text,
    statutory_calendar,
)
from libraries.deadlines import explain as explained
from libraries.deadlines.rendering import limit_in_words, numbered
from tests.civil_time import CIVIL_TIME

CALENDAR = statutory_calendar(CIVIL_TIME)
NAMES = {"hearing": ("听证", "Hearing"), "petition-1307": ("市信访局", "Petition Bureau")}
LAW = Basis(source="信访工作条例", article="34", statutory=True, confidence="A", policy_version="city-0123456789ab")


TITLE = "国务院办公厅关于2026年部分节假日安排的通知（国办发明电〔2025〕7号）"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def explain(start: str, limit: str, **more: object) -> Explanation:
    return explained(at(start), Limit.parse(limit), calendar=CALENDAR, names=NAMES, **more)


def days(told: Explanation, lang: str = "en") -> list[str]:
    return [f"{day.date:%m-%d} {number or '-'} {getattr(day, lang)}" for day, number in numbered(told.days)]


HEARD = Pause(start=at("2026-03-03T09:00"), end=at("2026-03-05T09:00"), reason="hearing", by="petition-1307")


def test_working_days_over_a_festival() -> None:
    assert days(explain("2025-09-30T10:00", "1wd")) == [
        "09-30 - start day, not counted",
        "10-01 - National Day",
        "10-02 - National Day",
        "10-03 - National Day",
        "10-04 - weekend",
        "10-05 - weekend",
        "10-06 - Mid-Autumn Festival",
        "10-07 - Day off (substituted from 09/28/2025)",
        "10-08 - Day off (substituted from 10/11/2025)",
        "10-09 1 working day",
    ]


def test_a_make_up_day_counts_and_says_so() -> None:
    told = explain("2026-02-13T10:00", "1wd")
    assert days(told, "zh") == ["02-13 - 开始当日不计", "02-14 1 调休上班"]
    assert [day.reason for day in told.days] == ["start_day", "make_up"]


def test_a_pause_names_its_reason_and_its_office() -> None:
    told = explain("2026-03-02T10:00", "2wd", pauses=[HEARD])
    assert days(told) == [
        "03-02 - start day, not counted",
        "03-03 - clock paused: Hearing, by Petition Bureau",
        "03-04 - clock paused: Hearing, by Petition Bureau",
        "03-05 1 working day",
        "03-06 2 working day",
    ]
    assert days(told, "zh")[1] == "03-03 - 暂停计时：听证（市信访局）"


def test_a_pause_without_a_word_is_just_a_pause() -> None:
    pause = Pause(start=HEARD.start, end=HEARD.end)
    assert days(explain("2026-03-02T10:00", "2wd", pauses=[pause]))[1] == "03-03 - clock paused"
    unknown = Pause(start=HEARD.start, end=HEARD.end, reason="other", by="x-1")
    assert days(explain("2026-03-02T10:00", "2wd", pauses=[unknown]))[1] == "03-03 - clock paused: other, by x-1"


def test_an_extension_is_told_from_the_limit() -> None:
    told = explain("2026-03-04T10:00", "1wd", extensions=[Limit.parse("2d"), Limit.parse("1wd")])
    assert days(told) == [
        "03-04 - start day, not counted",
        "03-05 1 working day",
        "03-06 2 calendar day (extension)",
        "03-07 3 calendar day (extension)",
        "03-08 - weekend (extension)",
        "03-09 4 working day (extension)",
    ]
    assert [day.extension for day in told.days] == [False, False, True, True, True, True]
    assert days(told, "zh")[2:4] == ["03-06 2 自然日（延长期）", "03-07 3 自然日（延长期）"]


def test_hours_before_days_are_no_extension_of_them() -> None:
    told = explain("2026-03-02T10:00", "24h", extensions=[Limit.parse("1wd")])
    assert days(told) == [
        "03-02 - 14 h run",
        "03-03 - 10 h run",
        "03-04 1 working day (extension)",
    ]
    turned = explain("2026-03-02T10:00", "1wd", extensions=[Limit.parse("24h")])
    assert [day.extension for day in turned.days] == [False, False, False]


def test_a_last_day_that_gives_way_says_to_which() -> None:
    told = explain("2026-02-27T10:00", "2d")
    assert days(told) == [
        "02-27 - start day, not counted",
        "02-28 1 calendar day",
        "03-01 2 calendar day",
        "03-02 - rolled to this working day",
    ]
    assert told.days[-1].counts
    assert days(told, "zh")[-1] == "03-02 - 顺延至此工作日"


def test_days_rolled_over_and_paused_on_the_way() -> None:
    pause = Pause(start=at("2026-10-08T09:00"), end=at("2026-10-09T09:00"), reason="hearing")
    told = explain("2026-09-30T10:00", "6d", pauses=[pause])
    assert days(told)[6:] == [
        "10-06 6 calendar day",
        "10-07 - rolled over: Day off (substituted from 10/10/2026)",
        "10-08 - clock paused: Hearing",
        "10-09 - rolled to this working day",
    ]
    assert days(told, "zh")[7].startswith("10-07 - 顺延：")


def test_a_clock_that_stands_still_tells_what_ran() -> None:
    opened = Pause(start=at("2026-03-04T09:00"), end=None, reason="hearing")
    told = explain("2026-03-02T10:00", "5wd", pauses=[opened])
    assert days(told) == ["03-02 - start day, not counted", "03-03 1 working day", "03-04 - clock paused: Hearing"]
    assert "暂停计时中" in as_text(told, LAW)
    assert "The clock is paused" in as_text(told, LAW, "en")


def test_of_two_open_pauses_the_first_holds() -> None:
    opened = [Pause(start=at(f"2026-03-0{day}T09:00"), end=None) for day in (5, 4)]
    told = explain("2026-03-02T10:00", "5wd", pauses=[*opened, HEARD])
    assert [day.date.day for day in told.days] == [2, 3, 4]


def test_the_text_in_english() -> None:
    told = explain("2026-03-05T10:00", "2wd", extensions=[Limit.parse("1wd")])
    assert as_text(told, LAW, "en") == (
        "2 working days from 2026-03-05 10:00, extended by 1 working day\n"
        "Basis: 信访工作条例, article 34 (statutory; A: statutory text)\n"
        "Policy version: city-0123456789ab\n"
        "\n"
        "2026-03-05 Thu     -  start day, not counted\n"
        "2026-03-06 Fri     1  working day\n"
        "2026-03-07 Sat     -  weekend\n"
        "2026-03-08 Sun     -  weekend\n"
        "2026-03-09 Mon     2  working day\n"
        "2026-03-10 Tue     3  working day (extension)\n"
        "\n"
        "Due: 2026-03-10 23:59:59 +0800\n"
        f"2026: {TITLE}, published on 2025-11-04\n"
        f"Calendar {CALENDAR.version}, published to {CALENDAR.published_through}"
    )


def test_the_text_in_chinese() -> None:
    told = explain("2026-03-05T10:00", "1d", rules=CountingRules(close_of_business=time(17, 30)))
    assert as_text(told, BY_ANALOGY) == (
        "自 2026-03-05 10:00 起 1日\n"
        "依据：参照民法典 第200-203条（非法定；C 未经核实）\n"
        "\n"
        "2026-03-05 周四     -  开始当日不计\n"
        "2026-03-06 周五     1  自然日\n"
        "\n"
        "到期：2026-03-06 17:30:00 +0800\n"
        "截止于停止业务活动的时间 17:30\n"
        f"2026：{TITLE}，2025-11-04 公布\n"
        f"日历 {CALENDAR.version}，已公布至 {CALENDAR.published_through}"
    )


def test_a_provisional_date_says_so() -> None:
    told = explain(f"{CALENDAR.published_through.year}-12-20T10:00", "20wd")
    assert "暂定：跨入节假日安排仍可能调整的日期" in as_text(told, BY_ANALOGY)
    assert "Provisional: counted through days that a notice may still move" in as_text(told, BY_ANALOGY, "en")
    assert "close of business" not in as_text(told, BY_ANALOGY, "en")


def test_who_published_the_years_that_it_was_counted_through_is_told() -> None:
    year = CALENDAR.published_through.year + 1
    notice = Notice(year=year, source="国办发明电", published_on=date(year - 1, 11, 4))
    published = CALENDAR.with_year(notice, {date(year, 1, 1): Override(works=False, zh="元旦", en="New Year's Day")})
    start = at(f"{year - 1}-12-20T10:00")
    told = explained(start, Limit.parse("20wd"), calendar=published)
    assert f"{year}：国办发明电，{year - 1}-11-04 公布" in as_text(told, BY_ANALOGY).splitlines()
    assert f"{year}: 国办发明电, published on {year - 1}-11-04" in as_text(told, BY_ANALOGY, "en").splitlines()
    assert [(one["year"], one["published_on"]) for one in as_json(told, BY_ANALOGY)["calendar"]["notices"]] == [
        (year - 1, str(CALENDAR.notice(year - 1).published_on)),
        (year, f"{year - 1}-11-04"),
    ]
    before = explained(start, Limit.parse("20wd"), calendar=CALENDAR)
    assert before.provisional
    assert [one.year for one in before.notices] == [year - 1]


def test_a_notice_of_which_the_day_is_not_recorded_is_told_with_that() -> None:
    told = explain("2010-03-05T10:00", "1wd")
    title = "国务院办公厅关于2010年部分节假日安排的通知"
    assert f"2010：{title}，公布日期未录" in as_text(told, LAW).splitlines()
    assert f"2010: {title}, date not recorded" in as_text(told, LAW, "en").splitlines()
    assert f"<p>2010：{title}，公布日期未录</p>" in as_html(told, LAW)
    assert as_json(told, LAW)["calendar"]["notices"] == [{"year": 2010, "source": title, "published_on": None}]


def test_close_of_business_and_no_article_in_english() -> None:
    told = explain("2026-03-05T10:00", "1mo", rules=CountingRules(close_of_business=time(17, 30)))
    text = as_text(told, Basis(source="产品默认值 | product default", confidence="U"), "en")
    assert "Basis: product default (not statutory; U: product default)\n" in text
    assert "Ends at close of business, 17:30\n" in text
    assert "Policy version" not in text
    zh = as_text(told, Basis(source="默认", statutory=True, confidence="?", policy_version="v"))
    assert "依据：默认（法定；? ?）\n策略版本：v\n" in zh


@pytest.mark.parametrize(
    ("limit", "zh", "en"),
    [
        ("1h", "1小时", "1 hour"),
        ("48h", "48小时", "48 hours"),
        ("15d", "15日", "15 calendar days"),
        ("1wd", "1个工作日", "1 working day"),
        ("2mo", "2个月", "2 months"),
        ("1y", "1年", "1 year"),
    ],
)
def test_a_limit_in_words(limit: str, zh: str, en: str) -> None:
    parsed = Limit.parse(limit)
    assert (limit_in_words(parsed, "zh"), limit_in_words(parsed, "en")) == (zh, en)


def test_as_json_everything_is_there() -> None:
    told = explain("2026-03-02T01:00", "1wd", pauses=[HEARD], extensions=[Limit.parse("1d")])
    values = msgspec.json.decode(msgspec.json.encode(as_json(told, LAW)))
    assert values.pop("days")[1] == {
        "date": "2026-03-03",
        "counts": False,
        "reason": "paused",
        "extension": False,
        "ran_seconds": 0,
        "zh": "暂停计时：听证（市信访局）",
        "en": "clock paused: Hearing, by Petition Bureau",
        "notice": None,
    }
    assert values == {
        "start": "2026-03-02T01:00:00+08:00",
        "limit": "1wd",
        "extensions": ["1d"],
        "pauses": [
            {
                "start": "2026-03-03T09:00:00+08:00",
                "end": "2026-03-05T09:00:00+08:00",
                "reason": "hearing",
                "by": "petition-1307",
                "gave_back_days": 2,
                "gave_back_seconds": 0,
                "gave_nothing_back": None,
            }
        ],
        "due_at": "2026-03-06T23:59:59.999999+08:00",
        "provisional": False,
        "rules": {"roll_last_day": True, "close_of_business": None},
        "calendar": {
            "version": CALENDAR.version,
            "published_through": CALENDAR.published_through.isoformat(),
            "settled_through": CALENDAR.settled_through.isoformat(),
            "notices": [{"year": 2026, "source": TITLE, "published_on": "2025-11-04"}],
        },
        "basis": {
            "source": "信访工作条例",
            "article": "34",
            "statutory": True,
            "confidence": "A",
            "policy_version": "city-0123456789ab",
        },
    }


def test_as_json_of_a_clock_that_stands_still() -> None:
    opened = Pause(start=at("2026-03-04T09:00"), end=None)
    rules = CountingRules(close_of_business=time(17, 30), roll_last_day=False)
    values = as_json(explain("2026-03-02T01:00", "1y", pauses=[opened], rules=rules), BY_ANALOGY)
    assert (values["due_at"], values["pauses"][0]["end"]) == (None, None)
    assert values["rules"] == {"roll_last_day": False, "close_of_business": "17:30"}
    assert values["basis"]["policy_version"] == ""


def test_the_fragment_is_escaped() -> None:
    evil = Pause(start=HEARD.start, end=HEARD.end, reason="<script>", by='"&')
    told = explain("2026-03-02T10:00", "1wd", pauses=[evil])
    page = as_html(told, Basis(source="<b>law</b>"), "en")
    assert "<script>" not in page
    assert "<b>" not in page
    assert "clock paused: &lt;script&gt;, by &quot;&amp;" in page
    assert page.startswith('<section class="explanation" lang="en"><p>1 working day from 2026-03-02 10:00</p>')


def test_the_fragment_has_a_row_for_each_day() -> None:
    told = explain("2026-03-05T10:00", "1wd")
    page = as_html(told, LAW)
    assert page.count('<th scope="row">') == len(told.days) == 2
    assert page.startswith('<section class="explanation" lang="zh-CN">')
    assert (
        '<tbody><tr class="skipped start_day">'
        '<th scope="row"><time datetime="2026-03-05">2026-03-05</time> 周四</th><td></td><td>开始当日不计</td></tr>'
        '<tr class="counts counted">'
        '<th scope="row"><time datetime="2026-03-06">2026-03-06</time> 周五</th><td>1</td><td>工作日</td></tr>'
        "</tbody></table>"
    ) in page
    assert page.endswith(f"，已公布至 {CALENDAR.published_through}</p></section>")
    assert f"{date(2026, 3, 6)} 23:59:59" in page


def test_every_line_of_the_text_stands_alone() -> None:
    opened = Pause(start=at("2026-03-04T09:00"), end=None)
    told = explain("2026-03-02T10:00", "5wd", pauses=[opened], extensions=[Limit.parse("2d"), Limit.parse("1wd")])
    zh, en = as_text(told, LAW).splitlines(), as_text(told, LAW, "en").splitlines()
    assert zh[0] == "自 2026-03-02 10:00 起 5个工作日，延长 2日，延长 1个工作日"
    assert en[0] == "5 working days from 2026-03-02 10:00, extended by 2 calendar days, extended by 1 working day"
    assert "暂停计时中，恢复后才有到期日" in zh
    assert "The clock is paused; the date follows when it resumes" in en
    far = explain(f"{CALENDAR.published_through.year}-12-20T10:00", "20wd")
    assert "暂定：跨入节假日安排仍可能调整的日期" in as_text(far, LAW).splitlines()
    assert "Provisional: counted through days that a notice may still move" in as_text(far, LAW, "en").splitlines()


def test_the_fragment_has_a_paragraph_for_each_line() -> None:
    page = as_html(explain("2026-03-05T10:00", "1wd"), LAW)
    assert (
        "<p>自 2026-03-05 10:00 起 1个工作日</p><p>依据：信访工作条例 第34条（法定；A 法规原文）</p><p>策略版本："
        in page
    )
    assert "</table><p>到期：2026-03-06 23:59:59 +0800</p><p>2026：国务院办公厅关于2026年部分节假日安排的通知" in page
