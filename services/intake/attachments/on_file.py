"""What is on file of an applicant for the materials of a matter, over HTTP: that it is there, since and until when.

What it shows is opened by nobody here. A caller learns of a file of another window that it exists, and no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import ATTACHES, Access, Part, access
from contracts.attachments import AttachmentKind
from contracts.codes import MaterialStatus
from contracts.refusals import sentence
from libraries.clocks.civil_days import day_en, day_zh
from libraries.deadlines import Calendar
from libraries.deadlines.rendering import limit_in_words
from libraries.policies import Policy
from libraries.policies.model import Material
from libraries.runtime.audit.writing import note_read
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.access import demand
from libraries.runtime.web.auth import Principal
from services.intake import store
from services.intake.actions import HANDS_IN
from services.intake.attachments import rows
from services.intake.attachments.rows import Attachment
from services.intake.domain.case import Case
from services.intake.domain.on_file import FileOfPerson, OnFile, last_day, materials_of, on_file
from services.intake.domain.states import OVER
from services.intake.lookup import Found, find, relations_of
from services.intake.people import cases_of_person
from services.intake.relations import list_relations

Call = Request[Principal, Any, State]
NOTED: Final = "on_file"


class FileOnFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the applicant handed in with another case, without its name."""

    attachment_id: UUID
    kind: AttachmentKind
    kind_zh: str
    kind_en: str
    size: int
    handed_in_at: datetime
    valid_until: datetime | None
    """The end of its last day; `null` where the policy does not let it serve again."""
    usable: bool
    """Whether it can be taken over."""
    code: str | None
    """Why not, as it would be refused."""
    why_zh: str
    why_en: str
    number: str | None
    """Of its case; `null` for whoever may not know of that one."""


class MaterialOnFile(msgspec.Struct, frozen=True, kw_only=True):
    """One material that the case needs."""

    code: str
    zh: str
    en: str
    status: MaterialStatus
    status_zh: str
    status_en: str
    reuse: str | None
    """How long after it was handed in it serves again, for example `6mo`."""
    files: tuple[FileOnFile, ...]
    """The latest first."""


class CaseOnFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a case needs, what of it is here already, and what its applicant has handed in before."""

    materials: tuple[MaterialOnFile, ...]
    may_take_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """All that is on file of the applicant of a case, and the case's own."""

    judged: Sequence[OnFile]
    files: Mapping[UUID, Attachment]
    cases: Mapping[UUID, Case]
    own: Sequence[Attachment]


@get("/v1/cases/{key:str}/on-file", guards=[HANDS_IN], tags=["attachments"])
async def show_on_file(request: Call, state: State, key: FromPath[str]) -> CaseOnFile:
    """What the applicant has handed in before that serves for this case (免于重复提交), with its date and validity.

    People are told apart as in the registry. Nothing is opened; that somebody looked is on record at each case.
    """
    user, policy = request.user, state.policy.policy
    async with transaction(state.engine) as conn:
        found = await find(conn, user, key)
        demand_to_hand_in(found)
        shelf = await shelf_of(conn, found.case, policy, state.clock.now())
        seen = {one.file.case_id for one in shelf.judged}
        await note_read(conn, NOTED, case_id=found.case.id)
        for case_id in sorted(seen):
            await note_read(conn, NOTED, case_id=case_id, about=found.case.id)
        offices = await list_relations(conn, seen)
    known = {
        case_id: shelf.cases[case_id].number
        for case_id in seen
        if access(relations_of(user, shelf.cases[case_id], offices.get(case_id, ())), Part.STATE) is not Access.DENIED
    }
    materials = tuple(_material(one, found.case, shelf, known, policy) for one in materials_of(found.case, policy))
    return CaseOnFile(materials=materials, may_take_over=found.case.state not in OVER)


def demand_to_hand_in(found: Found) -> None:
    """Raises `Rejected` for who may not know what the case needs, or may not add to it."""
    demand(found.relations, Part.MATERIALS)
    if ATTACHES.isdisjoint(found.relations):
        raise Rejected("may_not_attach")


async def shelf_of(conn: AsyncConnection, case: Case, policy: Policy, at: datetime) -> Shelf:
    found = await store.find_cases(conn, await cases_of_person(conn, case.id))
    cases = {one.id: one for one in found if not one.erased}
    kept = await rows.list_materials(conn, cases)
    own = await rows.list_kept(conn, case.id)
    files = [
        FileOfPerson(
            id=one.id,
            case_id=one.case_id,
            material=one.material,
            handed_in_at=one.handed_in_at or one.added_at or one.begun_at,
            sha256=one.sha256,
            case_state=cases[one.case_id].state,
        )
        for one in kept
    ]
    here = frozenset(one.sha256 for one in own)
    judged = on_file(materials_of(case, policy), files, here, at, policy.calendar)
    return Shelf(judged=judged, files={one.id: one for one in kept}, cases=cases, own=own)


def _material(one: Material, case: Case, shelf: Shelf, known: Mapping[UUID, str], policy: Policy) -> MaterialOnFile:
    offered = [each for each in shelf.judged if each.file.material == one.code]
    if one.code in case.materials or any(each.material == one.code for each in shelf.own):
        status = MaterialStatus.HERE
    else:
        usable = any(each.refused is None for each in offered)
        status = MaterialStatus.ON_FILE if usable else MaterialStatus.MISSING
    return MaterialOnFile(
        code=one.code,
        zh=one.zh,
        en=one.en,
        status=status,
        status_zh=status.zh,
        status_en=status.en,
        reuse=str(one.reuse) if one.reuse is not None else None,
        files=tuple(_file(each, one, shelf, known, policy.calendar) for each in offered),
    )


def _file(one: OnFile, wanted: Material, shelf: Shelf, known: Mapping[UUID, str], calendar: Calendar) -> FileOnFile:
    kept = shelf.files[one.file.id]
    why_zh, why_en = _why(one, wanted, calendar)
    return FileOnFile(
        attachment_id=kept.id,
        kind=kept.kind,
        kind_zh=kept.kind.zh,
        kind_en=kept.kind.en,
        size=kept.size,
        handed_in_at=one.file.handed_in_at,
        valid_until=one.valid_until,
        usable=one.refused is None,
        code=one.refused.code if one.refused is not None else None,
        why_zh=why_zh,
        why_en=why_en,
        number=known.get(one.file.case_id),
    )


def _why(one: OnFile, wanted: Material, calendar: Calendar) -> tuple[str, str]:
    """Since when it is there, and why it serves or does not."""
    day = calendar.date_of(one.file.handed_in_at)
    zh, en = f"{day.year}年{day_zh(day)}提交", f"handed in on {day_en(day)} {day.year}"
    if one.refused is not None:
        told = [sentence(one.refused.code, one.refused.facts, language) for language in ("zh", "en")]
        return f"{zh}，{told[0]}", f"{en}; {told[1]}"
    if wanted.reuse is None or one.valid_until is None:
        return zh, en
    until = last_day(one.valid_until, calendar)
    for_zh, for_en = limit_in_words(wanted.reuse, "zh"), limit_in_words(wanted.reuse, "en")
    return (
        f"{zh}，按政策可沿用{for_zh}，至{until.year}年{day_zh(until)}止",
        f"{en}; serves for {for_en} by the policy, until {day_en(until)} {until.year}",
    )


ON_FILE: list[HTTPRouteHandler] = [show_on_file]
