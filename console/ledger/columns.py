"""What the columns of a ledger are called, and what their cells mean: names or codes, days as people write them."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import partial
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

import msgspec

from console.ledger.reading import Cell
from contracts.codes import Code, Consent, SubmissionChannel
from contracts.refusals import Fault
from libraries.policies import Policy, cells

NUMBER: Final = "submission_id"
NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        NUMBER: ("number", "编号", "登记编号", "受理编号", "收件编号"),
        "category": ("事项", "事项名称", "事项编码"),
        "area": ("区划", "所属区划", "区划代码", "地区"),
        "received_at": ("收件日期", "收件时间", "登记日期", "登记时间"),
        "applicant.name": ("name", "姓名", "申请人", "申请人姓名"),
        "applicant.phone": ("phone", "电话", "联系电话", "手机", "手机号码"),
        "applicant.email": ("email", "电子邮箱"),
        "applicant.id_number": ("id_number", "身份证号", "身份证号码", "公民身份号码"),
        "applicant.household": ("household", "户号", "户编号"),
        "summary": ("诉求内容", "内容", "事由", "摘要"),
        "materials": ("已交材料", "材料"),
        "channel": ("渠道", "来件渠道"),
        "first_contact_post": ("首问岗位", "岗位"),
        "consent": ("同意方式",),
    }
)
"""By field of a submission; each may be called by that, too."""
ATTRIBUTES: Final = "attributes."
NEEDED: Final = (NUMBER, "category", "area", "received_at", "applicant.name")
FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {name: field for field, names in NAMES.items() for name in (field, *names)}
)
LARGEST_EXACT: Final = 10**15
"""From here on a spreadsheet keeps 15 digits of a number and makes zeros of the rest."""
BETWEEN: Final = re.compile(r"[\s,，、;；/]+")
TIME: Final = re.compile(r"(?:T|\s)*([01]?[0-9]|2[0-3])[:：时]([0-5][0-9])(?:[:：分][0-5][0-9]秒?)?分?")
SAFE: Final = "!\"#$&'()*+,-./0123456789:;<=>?@[\\]^_`{|}~"


@dataclass(frozen=True, slots=True)
class Names:
    """What may stand in a cell instead of a code of the policy."""

    categories: Mapping[str, str]
    areas: Mapping[str, tuple[str, ...]]
    materials: Mapping[str, str]
    zone: tzinfo

    @classmethod
    def of(cls, policy: Policy) -> "Names":
        areas: defaultdict[str, list[str]] = defaultdict(list)
        for area in policy.areas.values():
            parent = policy.areas.get(area.parent or "")
            for name in {area.name, f"{parent.name if parent is not None else ''}{area.name}"}:
                areas[_plain(name)].append(area.code)
        materials = {_plain(one.zh): one.code for each in policy.categories.values() for one in each.materials}
        return cls(
            categories={_plain(one.zh): one.code for one in policy.categories.values()},
            areas={name: tuple(codes) for name, codes in areas.items()},
            materials=materials,
            zone=policy.calendar.zone,
        )


def field_of(heading: str) -> str | None:
    """The field that a column gives; `None` if it is none of ours."""
    name = _plain(heading)
    return name if name.startswith(ATTRIBUTES) and len(name) > len(ATTRIBUTES) else FIELDS.get(name)


def value_of(field: str, cell: Cell, names: Names) -> Any:
    """What the cell says, as a submission says it; or the `Fault`."""
    if field == "received_at":
        return _moment(cell, names.zone)
    text = _text(cell)
    if isinstance(text, Fault):
        return text
    return _READ.get(field, _as_it_is)(text, names)


def attribute_of(cell: Cell, allowed: Iterable[str | int | bool]) -> str | int | bool | Fault:
    """The one of the allowed values that it means; as it is, where it means none of them."""
    text = _text(cell)
    if isinstance(text, Fault):
        return text
    flag = cells.flag(text)
    meant = {msgspec.json.encode(one).decode().strip('"').lower(): one for one in allowed}
    return meant.get(text.lower(), meant.get(str(flag).lower(), text))


def _text(cell: Cell) -> str | Fault:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        if abs(cell) >= LARGEST_EXACT:
            return Fault("", "cell_lost_digits")
        return str(int(cell)) if cell == int(cell) else str(cell)
    return cell.strip() if isinstance(cell, str) else Fault("", "cell_type")


def _moment(cell: Cell, zone: tzinfo) -> str | Fault:
    """By the clocks of the place. A day without a time begins it: nobody is given hours that the law does not give."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=zone).isoformat()
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day, tzinfo=zone).isoformat()
    if not isinstance(cell, str):
        return Fault("", "cell_date")
    text = unicodedata.normalize("NFKC", cell).strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}T[0-9:.]+(Z|[+-]\d{2}:?\d{2})", text):
        return text
    begins = cells.DAYS.match(text)
    day = cells.day(begins.group()) if begins is not None else None
    rest = text[begins.end() :].strip() if begins is not None else ""
    time = TIME.fullmatch(rest) if rest else None
    if day is None or (rest and time is None):
        return Fault("", "cell_date")
    hour, minute = (int(time[1]), int(time[2])) if time is not None else (0, 0)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).isoformat()


def _number(text: str, names: Names) -> str:
    """A ledger's own number as an id of a foreign system: what is no printable ASCII becomes `%` and its bytes."""
    del names
    return quote(unicodedata.normalize("NFKC", text), safe=SAFE)


def _category(text: str, names: Names) -> str | Fault:
    return names.categories.get(_plain(text)) or _code(text)


def _area(text: str, names: Names) -> str | Fault:
    if text.isascii() and text.isdigit():
        return text
    codes = names.areas.get(_plain(text), ())
    if len(codes) == 1:
        return codes[0]
    return Fault("", "cell_ambiguous_area", {"codes": codes}) if codes else Fault("", "cell_unknown_name")


def _materials(text: str, names: Names) -> list[str] | Fault:
    found = [names.materials.get(_plain(one)) or _code(one) for one in BETWEEN.split(text) if one]
    wrong = next((one for one in found if isinstance(one, Fault)), None)
    return wrong or [one for one in found if isinstance(one, str)]


def _code(text: str) -> str | Fault:
    """No name of the policy: then it is a code, and intake says whether it has that."""
    return text if text.isascii() else Fault("", "cell_unknown_name")


def _one_of(text: str, names: Names, *, codes: type[Code]) -> str | Fault:
    del names
    return next((one.value for one in codes if _plain(one.zh) == _plain(text)), None) or _code(text)


def _as_it_is(text: str, names: Names) -> str:
    del names
    return text


_READ: Final[Mapping[str, Callable[[str, Names], Any]]] = MappingProxyType(
    {
        NUMBER: _number,
        "category": _category,
        "area": _area,
        "materials": _materials,
        "channel": partial(_one_of, codes=SubmissionChannel),
        "consent": partial(_one_of, codes=Consent),
    }
)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()
