"""Acts at the window, one or many in a transaction: each on a case of its own, with its own outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.datastructures import State
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.documents import DocumentKind
from contracts.refusals import Refused
from contracts.tracing import Trace
from libraries.clocks.wording import materials_of, office_of, reason_of
from libraries.policies import Policy
from libraries.policies.reviews import AskedBy
from libraries.runtime.audit.doers import Doer
from libraries.runtime.database.held import Held
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Principal, Role
from libraries.runtime.web.preconditions import etag, is_stale, last_seen, seen_versions, stale
from libraries.runtime.web.problems import problem
from libraries.runtime.web.sharing import BUSY, Busy
from services.intake import store
from services.intake.acts import Action, Decline, RequestSupplement, rule_of
from services.intake.domain.case import Case
from services.intake.domain.possible import with_possible
from services.intake.domain.relations import Relations
from services.intake.issuing import issue_one
from services.intake.lookup import acts_as, relations_of
from services.intake.publishing import CaseLog
from services.intake.relations import list_relations

Call = Request[Principal, Any, State]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants to do with a case, which the key names by id or number."""

    request: Call
    key: str
    wanted: Action
    trace: Trace | None
    doer: Doer


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What became of it: the case as it is now, or why nothing was done."""

    outcome: Case | Refused
    policy: Policy
    offices: Relations = ()
    version: int | None = None
    """Of the case, where it was done or somebody had seen another."""


async def act_all(
    conn: AsyncConnection, asked: Sequence[Asked], *, policy: Policy, sealer: Sealer, at: datetime, held: Held
) -> list[Acted | Rejected | Busy]:
    """An outcome for each, in order; the second act on a case is `BUSY`, as the first is not committed yet."""
    ids = await store.find_ids(conn, {one.key for one in asked})
    cases = await store.lock_cases(conn, ids.values(), held)
    offices = await list_relations(conn, cases)
    conditional = [ids[one.key] for one in asked if one.key in ids and seen_versions(one.request) is not None]
    versions = await store.get_versions(conn, conditional)
    log = CaseLog(before=cases)
    done: set[UUID] = set()
    outcomes: list[Acted | Rejected | Busy] = []
    for one in asked:
        case = cases.get(ids[one.key]) if one.key in ids else None
        had = offices.get(case.id, ()) if case is not None else ()
        if case is None:
            outcomes.append(BUSY if one.key in ids else Rejected("not_found"))
        elif case.id in done:
            outcomes.append(BUSY)
        elif not relations_of(one.request.user, case, had):
            outcomes.append(Rejected("not_found"))
        elif is_stale(one.request, str(version := versions.get(case.id, 0))):
            refused = await _stale(conn, one.request, case.id, version)
            outcomes.append(Acted(outcome=refused, policy=policy, version=version))
        else:
            outcome = _do(one, case, log, policy, at)
            outcomes.append(Acted(outcome=outcome, policy=policy, offices=had))
            if not isinstance(outcome, Refused):
                done.add(case.id)
    await log.write(conn, policy)
    for one, acted in zip(asked, outcomes, strict=True):
        if isinstance(acted, Acted) and isinstance(acted.outcome, Case):
            await _hand_out(conn, acted.outcome, one.wanted, policy, sealer, at)
    now = await store.get_versions(conn, done)
    return [_with_version(one, now) for one in outcomes]


def _do(one: Asked, case: Case, log: CaseLog, policy: Policy, at: datetime) -> Case | Refused:
    if getattr(one.wanted, "override", False) and one.request.user.role is not Role.COORDINATOR:
        return with_possible(Refused(code="needs_coordinator"), case, policy, at)
    asked_by = AskedBy.APPLICANT if one.request.user.role is Role.APPLICANT else AskedBy.WINDOW
    change = rule_of(one.wanted, at, policy, asked_by)(case)
    if isinstance(change, Refused):
        return change
    initiator = acts_as(one.request.user, case, policy)
    log.add(change.done_by(initiator.actor), initiator.subject, one.trace, one.doer)
    return change.case


def _with_version(one: Acted | Rejected | Busy, versions: Mapping[UUID, int]) -> Acted | Rejected | Busy:
    if not isinstance(one, Acted) or isinstance(one.outcome, Refused):
        return one
    return replace(one, version=versions.get(one.outcome.id, 0))


async def _hand_out(
    conn: AsyncConnection, case: Case, done: Action, policy: Policy, sealer: Sealer, at: datetime
) -> None:
    """The paper on which the applicant is told, in the same transaction as the act."""
    match done:
        case RequestSupplement():
            missing = materials_of(policy, case.missing)
            await issue_one(conn, case, DocumentKind.NOTICE, {"missing": missing}, sealer, policy, at)
        case Decline(reason=reason, go_to=go_to):
            more = {"reason": reason_of(policy, reason), "go_to": office_of(policy, go_to)}
            await issue_one(conn, case, DocumentKind.DECLINE, more, sealer, policy, at)
        case _:
            pass


async def refuse_stale(request: Call, conn: AsyncConnection, case_id: UUID) -> Response[Any] | None:
    """The refusal, if the caller has seen another version; what it has seen stays locked, if not."""
    if seen_versions(request) is None:
        return None
    await store.lock_cases(conn, [case_id])
    version = (await store.get_versions(conn, [case_id])).get(case_id, 0)
    if not is_stale(request, str(version)):
        return None
    return problem(request, await _stale(conn, request, case_id, version), etag(str(version)))


async def _stale(conn: AsyncConnection, request: Call, case_id: UUID, version: int) -> Refused:
    seen = last_seen(request)
    known = seen is not None and seen < version
    return stale(await store.list_types_since(conn, case_id, seen) if known and seen is not None else [])
