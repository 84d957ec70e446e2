"""SQL of the offices' relations to cases; they are written where routing's word is heard, in the same transaction."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Relation
from contracts.events import CaseBound
from libraries.runtime.database.bulk import among, insert_rows
from services.intake.domain.relations import OfficeRelation, Relations, told
from services.intake.tables import office_relations

COLUMNS: Final = (
    "case_id",
    "referral_id",
    "office",
    "relation",
    "since",
    "ended_at",
    "waits_for",
    "waits_since",
)
_OVER_EARLIER: Final = """
    ON CONFLICT (case_id, referral_id, office, relation) DO UPDATE SET
        since = excluded.since, ended_at = excluded.ended_at,
        waits_for = excluded.waits_for, waits_since = excluded.waits_since
"""


async def list_relations(conn: AsyncConnection, case_ids: Iterable[UUID]) -> dict[UUID, Relations]:
    """Those that hold and those that have ended, in the order in which they began."""
    statement = select(office_relations).where(among(office_relations.c.case_id, set(case_ids)))
    found: dict[UUID, list[OfficeRelation]] = defaultdict(list)
    columns = office_relations.c
    for row in (await conn.execute(statement.order_by(columns.since, columns.referral_id))).mappings():
        values = {name: row[name] for name in COLUMNS}
        found[row["case_id"]].append(OfficeRelation(**values | {"relation": Relation(row["relation"])}))
    return {case_id: tuple(relations) for case_id, relations in found.items()}


@dataclass(frozen=True, slots=True)
class Standing:
    """The relations of the cases of one batch, as each event leaves them. The cases are locked by the caller."""

    now: dict[UUID, Relations]
    changed: dict[UUID, Relations] = field(default_factory=dict)

    @classmethod
    async def of(cls, conn: AsyncConnection, case_ids: Iterable[UUID]) -> "Standing":
        return cls(await list_relations(conn, case_ids))

    def apply(self, event: CaseBound) -> None:
        before = self.now.get(event.case_id, ())
        after = told(before, event)
        if after != before:
            self.now[event.case_id] = self.changed[event.case_id] = after

    async def write(self, conn: AsyncConnection) -> None:
        rows = [
            [getattr(one, name) for name in COLUMNS]
            for case_id in sorted(self.changed)
            for one in self.changed[case_id]
        ]
        await insert_rows(conn, office_relations, COLUMNS, rows, then=_OVER_EARLIER)
