"""Issues documents: written with the act that causes them, in its transaction, and sealed with the case's key.

Kept is what stands on the paper. A later template or another name of an office changes nothing that was handed out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.documents import DocumentKind
from libraries.clocks.wording import Words
from libraries.compact import compact, whole
from libraries.deadlines import Calendar
from libraries.policies import Policy
from libraries.runtime.database.bulk import among, insert_rows
from libraries.runtime.encryption import Sealer
from services.intake import store
from services.intake.domain.case import Case
from services.intake.domain.documents import NOBODY, Papers, document_number, law_of, limit_of, made, moment, until_of
from services.intake.domain.wanted_documents import Wanted
from services.intake.tables import documents
from services.intake.views import AnswerBy, to_view

COLUMNS: Final = ("case_id", "serial", "kind", "office", "issued_at", "policy_version", "sealed")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One document to be handed out."""

    case: Case
    kind: DocumentKind
    wrapped_key: bytes
    more: Mapping[str, Words] = field(default_factory=dict)
    """What only the act knows."""
    office: str | None = None
    """To which it is addressed, of a letter to an office."""


async def issue_one(
    conn: AsyncConnection,
    case: Case,
    kind: DocumentKind,
    more: Mapping[str, Words],
    sealer: Sealer,
    policy: Policy,
    at: datetime,
) -> None:
    """One more for a case that is locked; none for one that was erased."""
    wrapped = (await store.get_sealed(conn, case.id)).wrapped_key
    if not wrapped:
        return
    issues = [Issue(case=case, kind=kind, wrapped_key=wrapped, more=more)]
    await issue(conn, issues, await _serials(conn, [case.id]), sealer=sealer, policy=policy, at=at)


async def issue_wanted(
    conn: AsyncConnection, wanted: Sequence[Wanted], *, sealer: Sealer, policy: Policy, at: datetime
) -> None:
    """What events of a batch have caused, for cases that are locked; none for those that were erased."""
    if not wanted:
        return
    ids = {one.case.id for one in wanted}
    keys = await store.get_wrapped_keys(conn, ids)
    issues = [
        Issue(case=one.case, kind=one.kind, wrapped_key=keys[one.case.id], more=one.more, office=one.office)
        for one in wanted
        if keys[one.case.id]
    ]
    await issue(conn, issues, await _serials(conn, ids), sealer=sealer, policy=policy, at=at)


async def issue(
    conn: AsyncConnection,
    issues: Sequence[Issue],
    serials: Mapping[UUID, int],
    *,
    sealer: Sealer,
    policy: Policy,
    at: datetime,
) -> None:
    """In order; `serials` are the last of before. A kind without a template is not issued."""
    last = dict(serials)
    rows = []
    for one in issues:
        template = policy.documents.get(one.kind)
        if template is None:
            continue
        serial = last[one.case.id] = last.get(one.case.id, 0) + 1
        papers = made(template, {**facts_of(one.case, serial, policy, at), **one.more})
        sealed = sealer.seal(one.wrapped_key, compact(_encode(papers)), context(one.case.id, serial))
        rows.append([one.case.id, serial, one.kind.value, one.office, at, policy.version, sealed])
    await insert_rows(conn, documents, COLUMNS, rows)


def opened(sealer: Sealer, wrapped: bytes, sealed: bytes, case_id: UUID, serial: int) -> Papers:
    return msgspec.json.decode(whole(sealer.open(wrapped, sealed, context(case_id, serial))), type=Papers)


def context(case_id: UUID, serial: int) -> str:
    return f"{case_id}/document-{serial}"


def facts_of(case: Case, serial: int, policy: Policy, at: datetime) -> dict[str, Words]:
    """What the record says at this moment, in both languages."""
    view, document = to_view(case, policy, ()), document_number(case.number, serial)
    return {
        "document": (document, document),
        "number": (case.number, case.number),
        "issued": moment(at, policy.calendar),
        "matter": (view.category_zh, view.category_en),
        "address": (view.area_zh, view.area_zh),
        "received": moment(case.received_at, policy.calendar),
        "window": (view.first_contact_office_zh, view.first_contact_office_en),
        **_answer(view.answer_by, policy.calendar),
    }


def _answer(answer: AnswerBy | None, calendar: Calendar) -> dict[str, Words]:
    if answer is None:
        return dict.fromkeys(("office", "step", "until", "limit", "law"), NOBODY)
    return {
        "office": (answer.office_zh, answer.office_en),
        "step": (answer.clock.zh, answer.clock.en),
        "until": until_of(answer.due_at, calendar, provisional=answer.provisional),
        "limit": limit_of(answer.limit),
        "law": law_of(answer.basis),
    }


async def _serials(conn: AsyncConnection, case_ids: Collection[UUID]) -> dict[UUID, int]:
    wanted = select(documents.c.case_id, func.max(documents.c.serial)).group_by(documents.c.case_id)
    found = await conn.execute(wanted.where(among(documents.c.case_id, list(case_ids))))
    return {row[0]: row[1] for row in found}
