"""Where open work stands that no area and no office of today answers for."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from libraries.policies import Policy
from libraries.policies.coverage import gaps
from libraries.policies.moving import left
from services.intake.domain.states import OVER

_OPEN: Final = text(
    """
    SELECT 'area' AS what, area AS code, count(*) AS number FROM intake.cases AS c
    WHERE state <> ALL(:over) OR EXISTS (SELECT FROM intake.clocks AS k WHERE k.case_id = c.case_id) GROUP BY 2
    UNION ALL
    SELECT 'office', office, count(*) FROM routing.referrals WHERE ended_at IS NULL GROUP BY 2
    UNION ALL
    SELECT 'office in the area', concat_ws('/', r.office, c.area), count(*)
    FROM routing.referrals AS r JOIN routing.routed_cases AS c USING (case_id)
    JOIN routing.decisions AS d USING (decision_id)
    WHERE r.ended_at IS NULL AND d.decided_by = 'rules' GROUP BY 2
    UNION ALL
    SELECT 'clocks of the office', office, count(*) FROM notify.timers WHERE ended_at IS NULL GROUP BY 2
    UNION ALL
    SELECT 'clocks in the area', area, count(*) FROM notify.timers WHERE ended_at IS NULL GROUP BY 2
    """
)
Open = Mapping[tuple[str, str], int]
"""How much is open, by what is meant and its code."""


async def read_open(conn: AsyncConnection) -> dict[tuple[str, str], int]:
    rows = await conn.execute(_OPEN, {"over": sorted(OVER)})
    return {(row.what, row.code): row.number for row in rows}


def gone(there: Open, policy: Policy) -> Iterator[tuple[str, str]]:
    """What is wrong with each place that is no more, and what to do."""
    for (what, code), number in sorted(there.items()):
        at, _, area = code.partition("/")
        if area:
            yield from _left_behind(f"{what} {code}: {number} open", at, area, policy)
            continue
        office = "-" in code
        if code in (policy.offices if office else policy.areas):
            continue
        now = policy.office_code_now(code) if office else policy.area_code_now(code)
        if now != code and (policy.knows_office(code) if office else policy.knows_area(code)):
            yield f"{what} {code}: {number} open, which {now} has to have", "start the services: they hand it on"
        else:
            file = "offices.yaml" if office else "areas.csv"
            yield f"{what} {code}: {number} open, and nobody has it", f"give {file} a row for it, with a successor"


def _left_behind(told: str, office: str, area: str, policy: Policy) -> Iterator[tuple[str, str]]:
    """Where the area has moved away from the office."""
    left_by = left(policy, area).get(office)
    if left_by is not None and left_by.heir is not None:
        yield f"{told}, which {left_by.heir} has to have", "start the services: they hand it on"
    elif left_by is not None:
        yield f"{told}, and nobody has it since the area moved", "give offices.yaml a row for its role up the tree"


def without_owner(policy: Policy, at: datetime) -> Iterator[str]:
    """Matters that no office would get in some township or village."""
    for category, areas in gaps(policy, at).items():
        yield f"{category} has no office in {len(areas)} areas"
