"""The texts of offices about a case whose personal data was erased."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from libraries.runtime.audit.writing import note_change

_CASES: Final = bindparam("case_ids", type_=ARRAY(Uuid))
# An empty key stands for one that was destroyed: it is never replaced, so a late answer leaves no text either.
_KEYS: Final = text("UPDATE routed_cases SET wrapped_key = '' WHERE case_id = ANY(:case_ids)").bindparams(_CASES)
_TEXTS: Final = text("UPDATE answers_of_offices SET sealed_text = NULL WHERE case_id = ANY(:case_ids)").bindparams(
    _CASES
)
# What an office wrote about a referral of the case and what could not be handled: the ordering key names the referral.
_PARKED: Final = text(
    """
    UPDATE parked_records AS p
    SET wrapped_key = NULL, content = NULL,
        settled_at = coalesce(p.settled_at, now()), settled_by = coalesce(p.settled_by, 'erasure'),
        settled_because = coalesce(p.settled_because, 'the case was erased'),
        state = CASE p.state WHEN 'parked' THEN 'dropped' ELSE p.state END
    FROM referrals AS r
    WHERE r.case_id = ANY(:case_ids) AND (p.case_id = r.case_id OR p.lane LIKE '%/' || r.referral_id::text)
      AND p.reader = 'routing.feedback'
    """
).bindparams(_CASES)


async def erase_texts(conn: AsyncConnection, case_ids: Collection[UUID]) -> None:
    """Destroy the keys, the sealed texts, and what is parked of them. What happened stays on record."""
    if case_ids:
        for case_id in sorted(case_ids):
            await note_change(conn, "texts.erased", case_id=case_id)
        for statement in (_KEYS, _TEXTS, _PARKED):
            await conn.execute(statement, {"case_ids": sorted(case_ids)})
