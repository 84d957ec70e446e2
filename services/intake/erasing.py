"""Erases what is personal of a case that is over: its key is destroyed, and nothing readable is left behind."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.base import BY_OPERATOR
from contracts.events.cases import CaseErased
from contracts.refusals import Refused
from libraries.policies import Policy
from libraries.policies.reasons import refused_reason
from services.intake import store
from services.intake.attachments.rows import drop_all
from services.intake.domain.case import Case
from services.intake.domain.states import OVER
from services.intake.people import erase_match_keys
from services.intake.publishing import CaseLog
from services.intake.tables import cases

NOTHING: Final = b""
RESTORE: Final = "console:restore"


async def erase(
    case_id: UUID, conn: AsyncConnection, policy: Policy, *, reason: str, at: datetime, by: str
) -> Case | Refused:
    """Destroy key, applicant, summary, attachments and fingerprint, and say so. A second time changes nothing."""
    before = await store.lock_cases(conn, [case_id])
    case = before[case_id]
    if refused := _refusal(case, policy, reason):
        return refused
    if not case.erased:
        await _destroy(conn, case, policy, reason=reason, at=at, by=by)
    return case


async def erase_again(case_id: UUID, conn: AsyncConnection, policy: Policy, *, reason: str, at: datetime) -> bool:
    """After a restore, whatever the state in the backup: it was erased once, and had a reason then.

    Returns whether there was anything left to read.
    """
    case = (await store.lock_cases(conn, [case_id])).get(case_id)
    if case is None or case.erased:
        return False
    await _destroy(conn, case, policy, reason=reason, at=at, by=RESTORE)
    return True


async def _destroy(conn: AsyncConnection, case: Case, policy: Policy, *, reason: str, at: datetime, by: str) -> None:
    await conn.execute(
        update(cases)
        .where(cases.c.case_id == case.id)
        .values(
            wrapped_key=NOTHING,
            sealed_applicant=NOTHING,
            sealed_summary=NOTHING,
            fingerprint=NOTHING,
        )
    )
    await erase_match_keys(conn, [case.id])
    await drop_all(conn, case.id)
    event = CaseErased(case_id=case.id, state=case.state, reason=reason, erased_at=at, by=BY_OPERATOR)
    log = CaseLog(before={case.id: case})
    log.emit(event, at, by)
    await log.write(conn, policy)


def _refusal(case: Case, policy: Policy, reason: str) -> Refused | None:
    if refused := refused_reason(policy, reason, "erase"):
        return refused
    # Offices still work with the content of any other.
    return None if case.state in OVER else Refused(code="erasing_too_early", facts={"state": case.state})
