"""What a policy would leave without an owner: places that the one before it knows, and it does not."""

from collections.abc import Mapping

from libraries.policies.model import Policy
from libraries.policies.moving import ownerless, ownerless_later
from libraries.policies.rows import Fault


def lost(running: Policy, found: Policy) -> list[str]:
    """Areas and offices that would be nowhere, and offices that nobody would follow in an area that moves away.

    Of the last kind as `office/area`.
    """
    alone = (ownerless(found) | ownerless_later(found)) - ownerless(running) - ownerless_later(running)
    return [*running.lost_in(found), *sorted(alone)]


def left_alone(running: Policy, found: Policy, work: Mapping[str, int]) -> list[Fault]:
    """Where something is open that the policy would leave without an owner; `work` counts it by code."""
    return [_fault(found.pack, code, work[code]) for code in lost(running, found) if work.get(code)]


def _fault(pack: str, code: str, number: int) -> Fault:
    """An area's code has digits alone, an office's names its role."""
    office, _, area = code.partition("/")
    if area:
        role = office.rpartition("-")[0]
        reason = f"area {area} moves away from {office}, which has {number} open there, and no {role} lies up its tree"
        return Fault(file=f"{pack}/areas.csv", line=1, reason=f"{reason}: give offices.yaml a row for one")
    what, file = ("office", "offices.yaml") if "-" in code else ("area", "areas.csv")
    reason = f"{what} {code} has {number} open and no row any more: keep its row, with valid_until and a successor"
    return Fault(file=f"{pack}/{file}", line=1, reason=reason)
