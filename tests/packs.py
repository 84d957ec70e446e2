"""A small city with the shipped packs above it, for tests that write packs by the hundred."""

import csv
import shutil
from pathlib import Path

import pytest

from libraries.policies import PolicyRefused, load_policy

PACKS = Path(__file__).parents[1] / "deploy" / "policies"
SHIPPED = tuple(sorted(pack.name for pack in PACKS.iterdir()))
PLACES = tuple(name for name in SHIPPED if (PACKS / name / "areas.csv").exists())
"""Those of a place; the others are there to inherit from."""
AREAS = """\
code,name,level,parent
13,河北省,province,
1307,市,city,13
130722,县,county,1307
130722100,镇,township,130722
"""


def small_city(folder: Path) -> Path:
    """National, provincial and city packs below the folder; the city's own is returned."""
    for name in ("national", "hebei"):
        shutil.copytree(PACKS / name, folder / name)
    city = folder / "city"
    city.mkdir()
    write(city, "pack.yaml", "name: city\nparent: hebei\nzh: 市\nen: city\neffective_from: 2026-01-01\n")
    write(city, "areas.csv", AREAS)
    with (PACKS / "national" / "categories.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    roles = {role for row in rows for role in (row["lead_role"], *row["co_roles"].split(",")) if role}
    levels = {role: "[township]" if role == "township" else "[city, county]" for role in sorted(roles)}
    offices = [f"- {{role: {role}, levels: {at}, zh: '{{area}}', en: '{{area}}'}}\n" for role, at in levels.items()]
    write(city, "offices.yaml", "".join(offices))
    return city


def write(pack: Path, name: str, content: str | bytes) -> Path:
    """The pack, with the file in it."""
    (pack / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return pack


def refusals(pack: Path) -> list[str]:
    """Every fault as people read it; whatever else happens is an error of the test."""
    with pytest.raises(PolicyRefused) as caught:
        load_policy(pack)
    return [str(fault) for fault in caught.value.faults]
