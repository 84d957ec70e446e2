"""Notices of the State Council's General Office as they were printed, 2018 to 2020, as files to publish."""

from datetime import date, timedelta
from typing import Final

from libraries.deadlines import Notice, Override

FIRST_2018: Final = Notice(
    year=2018,
    source="国务院办公厅关于2018年部分节假日安排的通知（国办发明电〔2017〕12号）",
    published_on=date(2017, 11, 30),
)
FIRST_2019: Final = Notice(
    year=2019,
    source="国务院办公厅关于2019年部分节假日安排的通知（国办发明电〔2018〕15号）",
    published_on=date(2018, 12, 4),
)
MAY_2019: Final = Notice(
    year=2019,
    order=2,
    source="国务院办公厅关于调整2019年劳动节假期安排的通知（国办发明电〔2019〕3号）",
    published_on=date(2019, 3, 22),
)
FIRST_2020: Final = Notice(
    year=2020,
    source="国务院办公厅关于2020年部分节假日安排的通知（国办发明电〔2019〕16号）",
    published_on=date(2019, 11, 21),
)
SPRING_2020: Final = Notice(
    year=2020,
    order=2,
    source="国务院办公厅关于延长2020年春节假期的通知（国办发明电〔2020〕1号）",
    published_on=date(2020, 1, 26),
)
_SAID: Final = {
    FIRST_2018: (
        (
            "元旦 01-01 01-01, 春节 02-15 02-21, 清明节 04-05 04-07, 劳动节 04-29 05-01, 端午节 06-16 06-18,"
            " 中秋节 09-22 09-24, 国庆节 10-01 10-07"
        ),
        "02-11 02-24 04-08 04-28 09-29 09-30",
    ),
    FIRST_2019: (
        (
            "元旦 2018-12-30 01-01, 春节 02-04 02-10, 清明节 04-05 04-05, 劳动节 05-01 05-01, 端午节 06-07 06-07,"
            " 中秋节 09-13 09-13, 国庆节 10-01 10-07"
        ),
        "2018-12-29 02-02 02-03 09-29 10-12",
    ),
    MAY_2019: ("劳动节 05-01 05-04", "04-28 05-05"),
    FIRST_2020: (
        (
            "元旦 01-01 01-01, 春节 01-24 01-30, 清明节 04-04 04-06, 劳动节 05-01 05-05, 端午节 06-25 06-27,"
            " 国庆节 10-01 10-08"
        ),
        "01-19 02-01 04-26 05-09 06-28 09-27 10-10",
    ),
    SPRING_2020: ("春节 01-24 02-02", ""),
}
"""Spans of days off as the notice names them, and the weekends that are worked for them."""
ALL: Final = tuple(_SAID)
SECOND_SOURCE: Final = "国务院办公厅关于调整部分节假日安排的通知（示例）"


def days_of(notice: Notice) -> dict[date, Override]:
    """Every day that it speaks of."""

    def day(text: str) -> date:
        return date.fromisoformat(text if len(text) > len("01-01") else f"{notice.year}-{text}")

    off, worked = _SAID[notice]
    found: dict[date, Override] = {}
    for span in off.split(", "):
        name, first, last = span.split()
        for number in range((day(last) - day(first)).days + 1):
            found[day(first) + timedelta(days=number)] = Override(works=False, zh=name, en=name)
    found |= {day(each): Override(works=True, zh="调休上班", en="make-up working day") for each in worked.split()}
    return dict(sorted(found.items()))


def file_of(notice: Notice, *, without: tuple[date, ...] = ()) -> str:
    """The notice as a file to publish."""
    return _file(notice, {day: said for day, said in days_of(notice).items() if day not in without})


def _file(notice: Notice, days: dict[date, Override]) -> str:
    rows = "".join(
        f"  - {{date: {day}, works: {str(said.works).lower()}, zh: {said.zh}, en: {said.en}}}\n"
        for day, said in sorted(days.items())
    )
    order = f"notice: {notice.order}\n" if notice.order > 1 else ""
    return f"year: {notice.year}\n{order}source: {notice.source}\npublished_on: {notice.published_on}\ndays:\n{rows}"


def second_notice(year: int, *, worked: tuple[date, ...] = (), free: tuple[date, ...] = ()) -> str:
    """An invented one that moves a few days of a year which is published."""
    days = {day: Override(works=True, zh="调休上班", en="make-up working day") for day in worked}
    days |= {day: Override(works=False, zh="放假", en="day off") for day in free}
    notice = Notice(year=year, order=2, source=SECOND_SOURCE, published_on=date(year, 2, 20))
    return _file(notice, days)
