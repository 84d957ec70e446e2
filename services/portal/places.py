"""Which area or office somebody means: those near the own post to choose from, any other by name or code."""

from collections.abc import Iterator
from typing import Final

from contracts.codes import WIDE
from libraries.clocks.wording import address_of
from libraries.policies import Area, Office, Policy
from services.portal.domain.pinyin import sounds_like

MOST_FOUND: Final = 20
FEWEST_LETTERS: Final = 2


def areas_near(policy: Policy, area: str) -> list[tuple[str, str]]:
    """Code and name of a post's own area and those directly below it."""
    own = policy.area(area)
    if own is None:
        return []
    below = sorted((one for one in policy.areas.values() if one.parent == own.code), key=lambda one: one.code)
    return [(own.code, address_of(policy, own.code)), *((one.code, one.name) for one in below)]


def find_areas(policy: Policy, typed: str) -> list[tuple[str, str]]:
    """Code and address of the areas that a code or a part of an address fits; more than can be shown count as none."""
    text = "".join(typed.split())
    if text.isascii() and text.isdigit():
        found = policy.area(text)
        return [(found.code, address_of(policy, found.code))] if found is not None else []
    if len(text) < FEWEST_LETTERS:
        return []
    fitting = [(area.code, address_of(policy, area.code)) for area in _named(policy, text)]
    return fitting if len(fitting) <= MOST_FOUND else []


def _named(policy: Policy, text: str) -> Iterator[Area]:
    """By its own name or the sound of it, or by an address that ends with the text."""
    for area in policy.areas.values():
        if area.level not in WIDE and (
            text in area.name or sounds_like(text, area.name) or _ends_with(policy, area, text)
        ):
            yield area


def _ends_with(policy: Policy, area: Area, text: str) -> bool:
    return text.endswith(area.name) and address_of(policy, area.code).endswith(text)


def offices_near(policy: Policy, area: str) -> list[Office]:
    """Those of the area and of every area above it, where an applicant can be sent: nearest first."""
    order = [above.code for above in policy.upwards(area)]
    near = [office for office in policy.offices.values() if office.area in order]
    return sorted(near, key=lambda office: (order.index(office.area), office.code))
