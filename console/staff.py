"""Accounts out of a spreadsheet of staff: a row is one post of one account, and every fault is said with its line."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from console.token import check_place, check_post
from contracts.codes import Role
from contracts.personal import is_personal
from libraries.clocks.wording import address_of
from libraries.policies import Policy
from libraries.runtime.web.auth import Principal
from libraries.spreadsheet import LARGEST, NoTable, Row, read_table
from services.portal.domain.accounts import LOGIN_FORM, PORTAL_ROLES, is_login

COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "login": ("用户名", "账号", "登录名"),
    "role": ("角色",),
    "office": ("单位", "单位代码"),
    "area": ("辖区", "地区", "区划代码"),
    "post": ("岗位", "岗位代号"),
}
"""By column what else its heading may be."""
NEEDED: Final = ("login", "role")
AREA_DIGITS: Final = 12
ROLES: Final = {role.label("zh"): role for role in PORTAL_ROLES}


class NewPost(msgspec.Struct, frozen=True, kw_only=True):
    """One account with one post; the same name on several lines holds several posts."""

    login: str
    role: Role
    office: str | None
    area: str
    post: str


def read_staff(file: Path) -> Sequence[Row]:
    """Rows by column; a usage error says what is wrong with the file as a whole."""
    if file.stat().st_size > LARGEST:
        raise click.UsageError(f"{file} is larger than {LARGEST} bytes; divide it")
    try:
        headings, rows = read_table(file.read_bytes())
    except NoTable as error:
        raise click.UsageError(f"{file}: {error}") from None
    columns = {heading: _column(heading) for heading in headings}
    known = [column for column in columns.values() if column]
    faults = [f"{one} is missing" for one in NEEDED if one not in known]
    faults += [f"{one} stands there twice" for one in COLUMNS if known.count(one) > 1]
    faults += [f"column {number} is unknown" for number, one in enumerate(columns.values(), start=1) if not one]
    if faults:
        allowed = ", ".join(f"{column} ({names[0]})" for column, names in COLUMNS.items())
        raise click.UsageError(f"{file}: the columns are {allowed}: {'; '.join(faults)}")
    return [Row(row.line, {columns[heading]: cell for heading, cell in row.cells.items()}) for row in rows]


def _column(heading: str) -> str:
    plain = heading.strip().lower()
    return next((column for column, others in COLUMNS.items() if plain == column or plain in others), "")


def new_posts(rows: Iterable[Row], policy: Policy) -> tuple[list[NewPost], list[str]]:
    """What is wanted, and every fault of every row; where there is one, nothing may be done."""
    wanted: dict[NewPost, int] = {}
    faults = []
    for row in rows:
        found, wrong = new_post(row.cells, policy)
        if found is not None and found in wanted:
            wrong = [f"says the same as line {wanted[found]}"]
        faults += [f"line {row.line}: {one}" for one in wrong]
        if found is not None and not wrong:
            wanted[found] = row.line
    return list(wanted), faults


def new_post(cells: Mapping[str, str], policy: Policy) -> tuple[NewPost | None, list[str]]:
    """The post that a row means, or all that is wrong with it. Offices and areas have their code or their name."""
    login, role, office, area, post = (cells.get(name, "") for name in COLUMNS)
    faults = list(_wrong_name_or_role(login, role))
    chosen = ROLES.get(role, role)
    offices, areas = _offices(policy, office), _areas(policy, area)
    faults += _not_one("office", office, offices) + _not_one("area", area, areas)
    own = offices[0] if len(offices) == 1 else None
    faults += _said(lambda: check_post(post, own or office or None))
    if faults:
        return None, faults
    place = areas[0] if areas else own.rpartition("-")[2] if own else None
    principal = Principal(subject=login, role=Role(chosen), office=own, area=place)
    faults = _said(lambda: check_place(principal, policy))
    if principal.area is None and not faults:
        faults = ["a post names an office or an area"]
    if faults or principal.area is None:
        return None, faults
    return NewPost(login=login, role=principal.role, office=own, area=principal.area, post=post), []


def _wrong_name_or_role(login: str, role: str) -> Iterator[str]:
    if not is_login(login) or is_personal(login):
        yield f"a name has 2 to 40 small letters, digits, dots or hyphens: {LOGIN_FORM}"
    if ROLES.get(role, role) not in PORTAL_ROLES:
        known = ", ".join(f"{one} ({one.label('zh')})" for one in PORTAL_ROLES)
        yield f"the role is one of {known}"


def _offices(policy: Policy, named: str) -> list[str]:
    if not named or named in policy.offices:
        return [named] if named else []
    return sorted(code for code, office in policy.offices.items() if named in {office.zh, office.en})


def _areas(policy: Policy, named: str) -> list[str]:
    """By code, the shorter forms of one too; by name, or by the whole address where a name is not enough."""
    if not named:
        return []
    if named.isascii() and named.isdigit():
        code = named.ljust(AREA_DIGITS, "0")
        return [code] if policy.area(code) is not None else []
    ending = [one.code for one in policy.areas.values() if named.endswith(one.name)]
    return sorted(
        code for code in ending if named == policy.areas[code].name or address_of(policy, code).endswith(named)
    )


def _not_one(what: str, named: str, found: Sequence[str]) -> list[str]:
    if not named or len(found) == 1:
        return []
    if not found:
        return [f"there is no such {what} in the policy: write its code or its name"]
    return [f"{len(found)} of them have this name: write the code of the {what}, for example {found[0]}"]


def _said(check: Callable[[], None]) -> list[str]:
    try:
        check()
    except click.UsageError as error:
        return [error.message]
    return []
