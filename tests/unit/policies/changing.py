"""A small place whose counties and townships were merged, split, renamed, moved and given other codes."""

import shutil
from datetime import date
from pathlib import Path

from libraries.policies import Policy, load_policy

PACKS = Path(__file__).parents[3] / "deploy" / "policies"
DAY = date(2026, 4, 1)
"""On which everything changes."""
BEFORE = date(2026, 3, 31)
HEADING = "code,name,level,parent,valid_from,valid_until,successor,open_work_to\n"
AREAS = """\
13,省,province,,,,,
1307,市,city,13,,,,
130705,甲区,county,1307,,,,
130721,甲县,county,1307,,2026-03-31,130705,
130729,乙县,county,1307,,2026-03-31,130708,
130708,乙区,county,1307,2026-04-01,,,
130722,丙县,county,1307,,,,
130705001,甲一街道,township,130705,,,,
130705101,甲二镇,township,130705,2026-04-01,,,
130721100,甲二镇,township,130721,,2026-03-31,130705101,
130721101,甲三镇,township,130721,,2026-03-31,130705001,
130729100,乙一镇,township,130729,,2026-03-31,,
130708100,乙一镇,township,130708,2026-04-01,,,
130722100,丙一镇,township,130722,,2026-03-31,"130722101,130722102",130722102
130722101,丙二镇,township,130722,2026-04-01,,,
130722102,丙三镇,township,130722,2026-04-01,,,
130722200,丙四乡,township,130722,,2026-03-31,,
130722200,丙四乡,township,130705,2026/4/1,,,
130722201,丙五乡,township,130722,,2026-03-31,,
130722201,丙五镇,township,130722,2026-04-01,,,
"""
OFFICES = (PACKS / "zhangjiakou" / "offices.yaml").read_text("utf-8")
"""An office of each role in every county and in the city, and a window in every township."""


def write_pack(folder: Path, areas: str = HEADING + AREAS, offices: str = OFFICES) -> Path:
    """The pack of the place, and the nation's beside it."""
    pack = folder / "place"
    pack.mkdir(exist_ok=True)
    shutil.copytree(PACKS / "national", folder / "national", dirs_exist_ok=True)
    (pack / "pack.yaml").write_text("name: place\nparent: national\neffective_from: 2026-01-01\n")
    (pack / "areas.csv").write_text(areas)
    (pack / "offices.yaml").write_text(offices)
    return pack


def policy_on(folder: Path, day: date, areas: str = HEADING + AREAS) -> Policy:
    return load_policy(write_pack(folder, areas), day)
