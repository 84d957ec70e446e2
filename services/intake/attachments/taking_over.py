"""Files of earlier cases serve for another one of the applicant (免于重复提交), over HTTP: all that are named or none.

Everything that it takes is looked at again when the copies lie in the store.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Meta
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Part
from contracts.codes import Consent, Role
from contracts.events.cases import CaseAttachmentAdded
from contracts.refusals import Fault, Refused
from libraries.clocks.wording import office_if_any
from libraries.ids import new_id
from libraries.policies import Policy
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.access import demand
from libraries.runtime.web.auth import Principal, requires
from libraries.runtime.web.openapi import Described
from libraries.runtime.web.preconditions import etag
from libraries.runtime.web.problems import problem
from services.intake import reads, store
from services.intake.acting import refuse_stale
from services.intake.actions import CALLERS, HANDS_IN
from services.intake.attachments import rows
from services.intake.attachments.copying import Copied, Copier, save_copy
from services.intake.attachments.on_file import demand_to_hand_in, shelf_of
from services.intake.attachments.rows import Attachment
from services.intake.domain import on_file as rules
from services.intake.domain.attachments import MOST
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.on_file import TakeOver
from services.intake.domain.states import OVER
from services.intake.lookup import Found, acts_as, find
from services.intake.publishing import record
from services.intake.tables import take_overs

Call = Request[Principal, Any, State]
MOST_AT_ONCE: Final = 10
SEES_TAKE_OVERS = requires(*CALLERS, Role.ASSISTANT, Role.APPLICANT)
TAKES_BACK = requires(*CALLERS, Role.APPLICANT)


class TakeOverFiles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which files of `on-file`, and how the applicant agreed that they serve here."""

    attachments: Annotated[tuple[UUID, ...], Meta(min_length=1, max_length=MOST_AT_ONCE)]
    consent: Consent


class WithdrawTakeOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing needs to be said: no reason is asked for."""


class TakeOverView(msgspec.Struct, frozen=True, kw_only=True):
    """A consent to files of earlier cases serving here, who put it on record, and whether it stands."""

    take_over_id: UUID
    consent: Consent
    consent_zh: str
    consent_en: str
    taken_over_at: datetime
    office: str | None
    office_zh: str | None
    office_en: str | None
    attachments: tuple[UUID, ...]
    """Of this case; empty once it was withdrawn."""
    withdrawn_at: datetime | None


NOTHING_SAID: Final = WithdrawTakeOver()


@post(
    "/v1/cases/{key:str}/take-overs",
    guards=[HANDS_IN],
    tags=["attachments"],
    opt=Described(answers={201: TakeOverView}, gone=True).opt(),
)
async def take_over(request: Call, state: State, key: FromPath[str], data: JSONBody[TakeOverFiles]) -> Response[Any]:
    """Take files over that `on-file` lists, with the applicant's consent: their materials are handed in by this.

    All of them or none. A case that lacks nothing any more goes on as if they had been brought.
    """
    await state.policy.fresh()
    take_over_id, user = new_id(), request.user
    async with transaction(state.engine) as conn:
        found = await find(conn, user, key)
        demand_to_hand_in(found)
        if stale := await refuse_stale(request, conn, found.case.id):
            return stale
        before = await store.lock_cases(conn, [found.case.id])
        sources = await _chosen(conn, before[found.case.id], data.attachments, state)
        if await rows.count(conn, found.case.id) + len(sources) > MOST:
            raise Rejected("too_many_attachments", most=MOST)
        copier = Copier(
            keeper=state.attachments,
            engine=state.engine,
            keys=await store.get_wrapped_keys(conn, {found.case.id, *(one.case_id for one in sources)}),
            into=found.case.id,
        )
        wanted = [await copier.begin(conn, one, take_over_id, user, state.clock.now()) for one in sources]
    try:
        done = await copier.copied(wanted)
        return await _kept(request, state, found, done, take_over_id, data.consent)
    except Rejected:
        await copier.drop(wanted)
        raise


async def _chosen(conn: AsyncConnection, case: Case, wanted: Sequence[UUID], state: State) -> list[Attachment]:
    """Raises `Rejected` with everything that is wrong."""
    if case.erased:
        raise Rejected("erased")
    if case.state in OVER:
        raise Rejected("attachment_too_late", state=case.state)
    at = state.clock.now()
    shelf = await shelf_of(conn, case, state.policy.at(at), at)
    found = rules.chosen(shelf.judged, wanted)
    faults = [one for one in found if isinstance(one, Fault)]
    if faults:
        refused = Refused.of(*faults)
        raise Rejected(refused.code, *refused.faults, **refused.facts)
    return [shelf.files[one.id] for one in found if not isinstance(one, Fault)]


async def _kept(
    request: Call, state: State, found: Found, done: Sequence[Copied], take_over_id: UUID, consent: Consent
) -> Response[Any]:
    """Rows, timeline and events together, if nothing has changed since: neither case, nor any of the files."""
    at = state.clock.now()
    policy = state.policy.at(at)
    async with transaction(state.engine) as conn:
        before = await store.lock_cases(conn, [found.case.id, *(one.source.case_id for one in done)])
        case = before[found.case.id]
        await _chosen(conn, case, [one.source.id for one in done], state)
        by = acts_as(request.user, case, policy)
        change = Change(case=case, at=at, by=by.actor)
        for one in done:
            change = change.emit_event(_added(await save_copy(conn, one, at), case, at))
            read = {"at": at, "user": request.user, "calendar": policy.calendar}
            await reads.save_attachment_read(conn, one.source.case_id, one.source.id, **read)
        files = {one.copy.id: one.copy.material for one in done}
        added = [code for code in dict.fromkeys(files.values()) if code not in case.materials]
        change = rules.take_over(change, policy, take_over_id=take_over_id, files=files, consent=consent)
        values = {"take_over_id": take_over_id, "case_id": case.id, "consent": consent.value, "added": added}
        who = {"subject": by.subject, "role": by.actor.role or "", "office": by.actor.office or None}
        await conn.execute(insert(take_overs).values(**values, taken_over_at=at, **who))
        await record(conn, {case.id: case}, [change], policy, subject=by.subject)
        return await _told(conn, case.id, take_over_id, policy, status=201)


def _added(kept: Attachment, case: Case, at: datetime) -> CaseAttachmentAdded:
    return CaseAttachmentAdded(
        case_id=case.id,
        state=case.state,
        attachment_id=kept.id,
        kind=kept.kind,
        size=kept.size,
        sha256=kept.sha256.hex(),
        added_at=at,
        material=kept.material,
    )


@get("/v1/cases/{key:str}/take-overs", guards=[SEES_TAKE_OVERS], tags=["attachments"])
async def list_take_overs(request: Call, state: State, key: FromPath[str]) -> list[TakeOverView]:
    """What was taken over from earlier cases, and how the applicant agreed; withdrawn ones too, in order."""
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        demand(found.relations, Part.MATERIALS)
        taken, kept = await _rows(conn, found.case.id), await rows.list_kept(conn, found.case.id)
    return [_view(row, kept, state.policy.policy) for row in taken]


@post(
    "/v1/cases/{key:str}/take-overs/{take_over_id:uuid}/withdraw",
    guards=[TAKES_BACK],
    status_code=200,
    tags=["attachments"],
    opt=Described(answers={200: TakeOverView}).opt(),
)
async def withdraw_take_over(
    request: Call,
    state: State,
    key: FromPath[str],
    take_over_id: FromPath[UUID],
    data: JSONBody[WithdrawTakeOver] = NOTHING_SAID,
) -> Response[Any]:
    """The applicant takes the consent back: the copies are gone from the case, and their materials are missing again.

    What was done on the ground of them stays. The files of the earlier cases are not touched.
    """
    del data
    at = state.clock.now()
    policy = state.policy.at(at)
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        demand(found.relations, Part.MATERIALS)
        before = await store.lock_cases(conn, [found.case.id])
        case = before[found.case.id]
        row = next((one for one in await _rows(conn, case.id) if one.take_over_id == take_over_id), None)
        if row is None:
            raise Rejected("not_found")
        kept = await rows.list_kept(conn, case.id)
        outcome = rules.withdraw(
            case,
            at,
            TakeOver(id=take_over_id, added=tuple(row.added), withdrawn_at=row.withdrawn_at),
            files=[one.id for one in kept if one.take_over == take_over_id],
            others={one.material for one in kept if one.take_over != take_over_id},
        )
        if isinstance(outcome, Refused):
            return problem(request, outcome)
        by = acts_as(request.user, case, policy)
        gone = update(take_overs).where(take_overs.c.take_over_id == take_over_id)
        who = {"withdrawn_by": by.subject, "withdrawn_role": by.actor.role or ""}
        await conn.execute(gone.values(withdrawn_at=at, **who))
        await rows.drop_taken_over(conn, take_over_id)
        await record(conn, before, [outcome.done_by(by.actor)], policy, subject=by.subject)
        return await _told(conn, case.id, take_over_id, policy, status=200)


async def _told(
    conn: AsyncConnection, case_id: UUID, take_over_id: UUID, policy: Policy, *, status: int
) -> Response[TakeOverView]:
    row = next(one for one in await _rows(conn, case_id) if one.take_over_id == take_over_id)
    view = _view(row, await rows.list_kept(conn, case_id), policy)
    return Response(view, status_code=status, headers=etag(str(await store.get_version(conn, case_id))))


async def _rows(conn: AsyncConnection, case_id: UUID) -> Sequence[Row[Any]]:
    t = take_overs.c
    return (await conn.execute(select(take_overs).where(t.case_id == case_id).order_by(t.take_over_id))).all()


def _view(row: Row[Any], kept: Sequence[Attachment], policy: Policy) -> TakeOverView:
    consent, office = Consent(row.consent), office_if_any(policy, row.office)
    return TakeOverView(
        take_over_id=row.take_over_id,
        consent=consent,
        consent_zh=consent.zh,
        consent_en=consent.en,
        taken_over_at=row.taken_over_at,
        office=row.office,
        office_zh=office[0],
        office_en=office[1],
        attachments=tuple(one.id for one in kept if one.take_over == row.take_over_id),
        withdrawn_at=row.withdrawn_at,
    )


TAKING_OVER: list[HTTPRouteHandler] = [take_over, list_take_overs, withdraw_take_over]
