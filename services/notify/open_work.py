"""What is open at areas and offices: a policy that knows nothing of them is refused while something is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.runtime.database.engine import transaction

_OPEN_AT: Final = text(
    """
    SELECT office AS code, count(*) AS number FROM timers WHERE ended_at IS NULL AND office = ANY(:codes) GROUP BY 1
    UNION ALL
    SELECT area, count(*) FROM timers WHERE ended_at IS NULL AND area = ANY(:codes) GROUP BY 1
    UNION ALL
    SELECT concat_ws('/', office, area), count(*) FROM timers
    WHERE ended_at IS NULL AND office = ANY(:offices) AND concat_ws('/', office, area) = ANY(:codes) GROUP BY 1
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    engine: AsyncEngine

    async def by_code(self, codes: Sequence[str]) -> dict[str, int]:
        """How many open clocks each of these areas and offices has, and each office in one area: `office/area`."""
        offices = [office for office, within, _ in (code.partition("/") for code in codes) if within]
        async with transaction(self.engine) as conn:
            found = await conn.execute(_OPEN_AT, {"codes": list(codes), "offices": offices})
            return {row.code: row.number for row in found}
