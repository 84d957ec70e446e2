"""The notices of the General Office of the State Council by which the shipped years are arranged.

Days come from the package `holidays`, which names no notice. What is not certain is left out here, and told as not
recorded.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Who published the days of a year, and when, as far as that is recorded."""

    year: int
    source: str
    published_on: date | None = None


class _Known(NamedTuple):
    number: str | None = None
    published_on: date | None = None
    """The day that the notice itself bears."""
    changed_by: str | None = None
    """A later one that moved days of the year."""


_KNOWN: Final = {
    2008: _Known("国办发明电〔2007〕52号"),
    2011: _Known("国办发明电〔2010〕40号"),
    2012: _Known("国办发明电〔2011〕45号", date(2011, 12, 6)),
    2013: _Known("国办发明电〔2012〕33号", date(2012, 12, 8)),
    2014: _Known("国办发明电〔2013〕28号", date(2013, 12, 11)),
    2015: _Known("国办发明电〔2014〕28号", date(2014, 12, 16), "国发明电〔2015〕1号"),
    2016: _Known("国办发明电〔2015〕18号", date(2015, 12, 10)),
    2017: _Known("国办发明电〔2016〕17号", date(2016, 12, 1)),
    2018: _Known("国办发明电〔2017〕12号", date(2017, 11, 30)),
    2019: _Known("国办发明电〔2018〕15号", date(2018, 12, 4), "国办发明电〔2019〕3号"),
    2020: _Known("国办发明电〔2019〕16号", date(2019, 11, 21), "国办发明电〔2020〕1号"),
    2021: _Known("国办发明电〔2020〕27号", date(2020, 11, 25)),
    2022: _Known("国办发明电〔2021〕11号", date(2021, 10, 25)),
    2023: _Known("国办发明电〔2022〕16号", date(2022, 12, 8)),
    2024: _Known("国办发明电〔2023〕7号", date(2023, 10, 25)),
    2025: _Known("国办发明电〔2024〕12号", date(2024, 11, 12)),
    2026: _Known("国办发明电〔2025〕7号", date(2025, 11, 4)),
}


def shipped_notice(year: int) -> Notice:
    """With its title, and with its number and its day as far as they are recorded."""
    known = _KNOWN.get(year, _Known())
    number = f"({known.number})" if known.number else ""
    changed = f",经{known.changed_by}调整" if known.changed_by else ""
    source = f"国务院办公厅关于{year}年部分节假日安排的通知{number}{changed}"
    return Notice(year=year, source=source, published_on=known.published_on)
