"""Areas and the offices that stand in them."""

from collections.abc import Sequence

from contracts.codes import AreaLevel
from services.policies.model import AREA_DIGITS, Area, Office
from services.policies.reading import Entry

CHANNELS = frozenset({"http", "kafka"})


def areas(rows: Sequence[Entry]) -> dict[str, Area]:
    known: dict[str, Area] = {}
    for row in rows:
        code, name, level, parent = (row.text(key, "") for key in ("code", "name", "level", "parent"))
        full = code.ljust(AREA_DIGITS, "0")
        if not (code.isascii() and code.isdigit() and len(code) in (2, 4, 6, 9, 12)):
            row.refuse("code must have 2, 4, 6, 9 or 12 digits")
        elif full in known:
            row.refuse(f"area {code} stands here twice")
        elif level not in set(AreaLevel):
            row.refuse(f"unknown level {level}")
        else:
            above = parent.ljust(AREA_DIGITS, "0") if parent else None
            # A parent stands before its children, so a circle cannot be written down.
            if above is not None and above not in known:
                row.refuse(f"parent {parent} is not listed above")
            else:
                known[full] = Area(code=full, name=name, level=AreaLevel(level), parent=above)
    return known


def offices(rows: Sequence[Entry], known: dict[str, Area]) -> dict[str, Office]:
    """One office per role and area; a more local row comes first and stands."""
    found: dict[str, Office] = {}
    for row in rows:
        role, zh, en = row.text("role"), row.text("zh"), row.text("en")
        levels, channels = row.texts("levels"), frozenset(row.texts("channels"))
        only = {code.ljust(AREA_DIGITS, "0") for code in row.texts("areas")}
        closes = row.hour("close_of_business")
        row.done()
        for level in set(levels) - set(AreaLevel):
            row.refuse(f"unknown level {level}")
        for channel in channels - CHANNELS:
            row.refuse(f"unknown channel {channel}")
        for code in only - set(known):
            row.refuse(f"unknown area {code}")
        for area in known.values():
            if area.level in levels and (not only or area.code in only):
                code = f"{role}-{area.code}"
                found.setdefault(
                    code,
                    Office(
                        code=code,
                        role=role,
                        area=area.code,
                        zh=zh.replace("{area}", area.name),
                        en=en.replace("{area}", area.name),
                        channels=channels | {"http"},
                        close_of_business=closes,
                    ),
                )
    return found
