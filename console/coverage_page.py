"""The matrix of areas and matters as one page: holes first, then who has what in each county."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from contracts.codes import AreaLevel
from libraries.policies import Policy
from libraries.policies.coverage import WINDOWS, Cell, is_hole

NAMED: Final = 12
"""Places that one hole names."""
STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1b1b1b}h1{font-size:1.4rem}h2{font-size:1.15rem}
table{border-collapse:collapse;margin:.5rem 0 2rem}th,td{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;
vertical-align:top}thead th{position:sticky;top:0;background:#eef2f6}.hole{background:#ffd9d6}.more{background:#fff3cd}
input{font:inherit;padding:.3rem .5rem;width:22rem}small{color:#555}
"""
FILTER: Final = """
const box=document.querySelector('input');
box.addEventListener('input',()=>{const words=box.value.toLowerCase().split(/\\s+/).filter(Boolean);
document.querySelectorAll('tbody tr').forEach(row=>{const text=row.textContent.toLowerCase();
row.hidden=!words.every(word=>text.includes(word));});});
"""
TITLE: Final = "事项覆盖 Coverage"


def page(policy: Policy, cells: Iterable[Cell]) -> str:
    """HTML that needs nothing else: it can be sent to somebody who has no access here."""
    found = list(cells)
    holes = [cell for cell in found if is_hole(cell, policy)]
    above = sum(not cell.owned for cell in found) - len(holes)
    counts = f"{len(policy.areas)} 个区域 areas × {len(policy.categories)} 个事项 matters = {len(found)}"
    parts = [
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{TITLE}</title><style>{STYLE}</style>',
        f"<h1>{TITLE} {escape(policy.version)}</h1>",
        f"<p>{counts}，无承办单位 without an owner: <strong>{len(holes)}</strong></p>",
        f"<p>乡镇以上另有 above the townships: {above}</p>",
        '<p><label>筛选 Filter <input type="search" placeholder="事项、单位、区域 matter, office, area"></label></p>',
        *_holes(policy, holes),
        *_by_county(policy, found),
        f"<script>{FILTER}</script></html>",
    ]
    return "\n".join(parts)


def _holes(policy: Policy, holes: Iterable[Cell]) -> Iterator[str]:
    """Each matter once, with the places where nobody has it."""
    by_matter: defaultdict[str, list[str]] = defaultdict(list)
    for cell in holes:
        by_matter[cell.category].append(cell.area)
    yield "<h2>空缺 Holes</h2>"
    if not by_matter:
        yield "<p>没有 none</p>"
        return
    yield _head("事项 matter", "缺少的职责 missing role", "区域数 areas", "区域 where")
    for code, areas in sorted(by_matter.items(), key=lambda one: -len(one[1])):
        names = "、".join(escape(_name(policy, area)) for area in areas[:NAMED])
        more = " …" if len(areas) > NAMED else ""
        role = escape(policy.categories[code].lead_role)
        yield f'<tr class="hole">{_matter(policy, code)}<td>{role}</td><td>{len(areas)}</td><td>{names}{more}</td></tr>'
    yield "</tbody></table>"


def _by_county(policy: Policy, cells: Iterable[Cell]) -> Iterator[str]:
    """One row for each matter in each county: who leads it in how many of its areas."""
    county = {area: _county(policy, area) for area in policy.areas}
    leads: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    missing: Counter[tuple[str, str]] = Counter()
    for cell in cells:
        key = cell.category, county[cell.area]
        for lead in cell.leads:
            leads[key][_role(policy, lead)] += 1
        if is_hole(cell, policy):
            missing[key] += 1
    yield "<h2>承办 Who has what</h2>"
    yield _head("事项 matter", "县区 county", "主办 lead", "空缺 holes")
    for (code, area), counted in sorted(leads.items(), key=lambda one: (-missing[one[0]], one[0])):
        here = missing[code, area]
        who = "<br>".join(f"{escape(name)} <small>{number}</small>" for name, number in counted.most_common())
        kind = "hole" if here else "more" if len(counted) > 1 else ""
        place = escape(_name(policy, area))
        yield f'<tr class="{kind}">{_matter(policy, code)}<td>{place}</td><td>{who}</td><td>{here or ""}</td></tr>'
    yield "</tbody></table>"


def _head(*names: str) -> str:
    return f"<table><thead><tr>{''.join(f'<th>{name}</th>' for name in names)}</tr></thead><tbody>"


def _matter(policy: Policy, code: str) -> str:
    category = policy.categories[code]
    return f"<td>{escape(category.zh)} {escape(category.en)}<br><small>{escape(code)}</small></td>"


def _role(policy: Policy, office: str) -> str:
    """The office by name where it stands above the township; windows by their role, or there would be hundreds."""
    known = policy.offices[office]
    return known.role if policy.areas[known.area].level in WINDOWS else f"{known.zh} {known.en}"


def _county(policy: Policy, area: str) -> str:
    above = [one.code for one in policy.upwards(area)]
    return next((code for code in above if policy.areas[code].level is AreaLevel.COUNTY), above[0])


def _name(policy: Policy, area: str) -> str:
    return f"{policy.areas[area].name} ({area})"
