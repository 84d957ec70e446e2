"""The notices of the State Council and its General Office by which the shipped years are arranged and rearranged.

Days come from the package `holidays`, which names no notice. What is not certain is left out here, and told as not
recorded.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Who said of the days of a year which work, and when, as far as that is recorded."""

    year: int
    source: str
    published_on: date | None = None
    """The day that the notice itself bears."""
    order: int = 1
    """1 arranges the year; those after it change what was said before."""

    @property
    def place(self) -> tuple[int, int]:
        """Of two notices that speak of one day, the one of the later place stands."""
        return self.year, self.order


class _Known(NamedTuple):
    number: str | None = None
    published_on: date | None = None


class NoticeChange(NamedTuple):
    """A notice that moved days of a year which had its own already."""

    notice: Notice
    days: tuple[date, ...]
    """All that it speaks of."""
    worked_before: tuple[date, ...] = ()
    """Those of them that the notice before had made working days."""


_KNOWN: Final = {
    2008: _Known("国办发明电〔2007〕52号"),
    2011: _Known("国办发明电〔2010〕40号"),
    2012: _Known("国办发明电〔2011〕45号", date(2011, 12, 6)),
    2013: _Known("国办发明电〔2012〕33号", date(2012, 12, 8)),
    2014: _Known("国办发明电〔2013〕28号", date(2013, 12, 11)),
    2015: _Known("国办发明电〔2014〕28号", date(2014, 12, 16)),
    2016: _Known("国办发明电〔2015〕18号", date(2015, 12, 10)),
    2017: _Known("国办发明电〔2016〕17号", date(2016, 12, 1)),
    2018: _Known("国办发明电〔2017〕12号", date(2017, 11, 30)),
    2019: _Known("国办发明电〔2018〕15号", date(2018, 12, 4)),
    2020: _Known("国办发明电〔2019〕16号", date(2019, 11, 21)),
    2021: _Known("国办发明电〔2020〕27号", date(2020, 11, 25)),
    2022: _Known("国办发明电〔2021〕11号", date(2021, 10, 25)),
    2023: _Known("国办发明电〔2022〕16号", date(2022, 12, 8)),
    2024: _Known("国办发明电〔2023〕7号", date(2023, 10, 25)),
    2025: _Known("国办发明电〔2024〕12号", date(2024, 11, 12)),
    2026: _Known("国办发明电〔2025〕7号", date(2025, 11, 4)),
}


CHANGES: Final = (
    NoticeChange(
        Notice(
            year=2015,
            order=2,
            source="国务院关于中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日调休放假的通知（国发明电〔2015〕1号）",
            published_on=date(2015, 5, 13),
        ),
        days=(date(2015, 9, 3), date(2015, 9, 4), date(2015, 9, 6)),
    ),
    NoticeChange(
        Notice(
            year=2019,
            order=2,
            source="国务院办公厅关于调整2019年劳动节假期安排的通知（国办发明电〔2019〕3号）",
            published_on=date(2019, 3, 22),
        ),
        days=(date(2019, 4, 28), date(2019, 5, 2), date(2019, 5, 3), date(2019, 5, 5)),
    ),
    NoticeChange(
        Notice(
            year=2020,
            order=2,
            source="国务院办公厅关于延长2020年春节假期的通知（国办发明电〔2020〕1号）",
            published_on=date(2020, 1, 26),
        ),
        days=(date(2020, 1, 31), date(2020, 2, 1), date(2020, 2, 2)),
        worked_before=(date(2020, 2, 1),),
    ),
)


def shipped_notice(year: int) -> Notice:
    """The one that arranges the year: its title, and its number and its day as far as they are recorded."""
    known = _KNOWN.get(year, _Known())
    number = f"（{known.number}）" if known.number else ""
    source = f"国务院办公厅关于{year}年部分节假日安排的通知{number}"
    return Notice(year=year, source=source, published_on=known.published_on)
