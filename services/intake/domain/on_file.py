"""What was submitted once is not asked for again (免于重复提交): which files of a person's other cases serve here.

A file serves if it is a material of the matter, if the policy lets that serve again, and while it does. The time runs
from the day on which it was handed in, however often it has been taken over since.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from contracts.codes import CaseState, Consent
from contracts.events.cases import CaseMaterialsTakenOver, CaseTakeOverWithdrawn
from contracts.refusals import Fault, Refused
from libraries.deadlines import Calendar, CountingRules, due
from libraries.policies import Policy
from libraries.policies.model import Material
from services.intake.domain.actions import supplement
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.states import OVER, Move, after

TO_THE_DAY: Final = CountingRules(roll_last_day=False)
"""A paper does not last longer because its last day is a Sunday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOfPerson:
    """A file that was handed in with one of the applicant's cases, as a material of a list."""

    id: UUID
    case_id: UUID
    material: str
    handed_in_at: datetime
    sha256: bytes
    case_state: CaseState


@dataclass(frozen=True, slots=True, kw_only=True)
class OnFile:
    """Whether it serves for the case at hand, and until when; `refused` says why not."""

    file: FileOfPerson
    valid_until: datetime | None
    """`None` where the policy does not let it serve again."""
    refused: Fault | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """That files were taken over into a case, as the applicant agreed."""

    id: UUID
    added: tuple[str, ...]
    """The materials that were missing before."""
    withdrawn_at: datetime | None = None


def materials_of(case: Case, policy: Policy) -> tuple[Material, ...]:
    """What the case needs, as its matter lists it; and what its window asked for beyond, as any matter does."""
    category = policy.categories.get(case.category)
    listed = {one.code: one for each in policy.categories.values() for one in each.materials}
    listed |= {one.code: one for one in (category.materials if category is not None else ())}
    return tuple(listed[code] for code in case.required if code in listed)


def unlisted(code: str, case: Case, policy: Policy) -> Fault | None:
    """What is wrong with a file that says it is this material; nothing said is nothing wrong."""
    category = policy.categories.get(case.category)
    listed = {*case.required, *(one.code for one in (category.materials if category is not None else ()))}
    return None if not code or code in listed else Fault("Upload-Metadata", "unlisted_material", {"allowed": listed})


def on_file(
    wanted: Sequence[Material], files: Iterable[FileOfPerson], here: Collection[bytes], at: datetime, calendar: Calendar
) -> list[OnFile]:
    """Those that are a wanted material, the latest first and each once. `here` are the hashes of the case's own."""
    by_code = {one.code: one for one in wanted}
    found: dict[tuple[str, bytes], OnFile] = {}
    for one in sorted(files, key=lambda file: (file.handed_in_at, file.id), reverse=True):
        if one.material in by_code:
            judged = _judged(one, by_code[one.material], here, at, calendar)
            known = found.get((one.material, one.sha256))
            if known is None or (known.refused is not None and judged.refused is None):
                found[one.material, one.sha256] = judged
    return sorted(found.values(), key=lambda each: (each.file.handed_in_at, each.file.id), reverse=True)


def _judged(one: FileOfPerson, wanted: Material, here: Collection[bytes], at: datetime, calendar: Calendar) -> OnFile:
    until = valid_until(one.handed_in_at, wanted, calendar)
    refused = None
    if one.sha256 in here:
        refused = Fault("", "file_is_here")
    elif until is None:
        refused = Fault("", "never_reused")
    elif at > until:
        refused = Fault("", "material_expired", {"until": last_day(until, calendar).isoformat()})
    elif one.case_state is CaseState.MERGED:
        refused = Fault("", "file_of_merged")
    return OnFile(file=one, valid_until=until, refused=refused)


def valid_until(handed_in_at: datetime, wanted: Material, calendar: Calendar) -> datetime | None:
    if wanted.reuse is None:
        return None
    return due(handed_in_at, wanted.reuse, calendar=calendar, rules=TO_THE_DAY).due_at


def last_day(valid_until: datetime, calendar: Calendar) -> date:
    """On which it still serves: the moment is the last of its day."""
    return calendar.date_of(valid_until)


def chosen(known: Sequence[OnFile], wanted: Sequence[UUID]) -> list[FileOfPerson] | list[Fault]:
    """The files that were named, or everything that is wrong with them. All or none."""
    by_id = {one.file.id: one for one in known}
    found, faults = list[FileOfPerson](), list[Fault]()
    for place, file_id in enumerate(wanted):
        one, field = by_id.get(file_id), f"attachments[{place}]"
        if one is None:
            faults.append(Fault(field, "not_on_file"))
        elif file_id in wanted[:place]:
            faults.append(Fault(field, "repeated"))
        elif one.refused is not None:
            faults.append(Fault(field, one.refused.code, one.refused.facts))
        else:
            found.append(one.file)
    return faults or found


def take_over(
    change: Change, policy: Policy, *, take_over_id: UUID, files: Mapping[UUID, str], consent: Consent
) -> Change:
    """They are handed in by this, each by its id with its material: a case that lacks nothing any more is accepted."""
    codes = tuple(dict.fromkeys(files.values()))
    case = change.case
    having = change.with_case(materials=tuple(dict.fromkeys((*case.materials, *codes))))
    told = having.emit(
        CaseMaterialsTakenOver,
        take_over_id=take_over_id,
        materials=codes,
        attachments=tuple(files),
        missing=having.case.missing,
        consent=consent,
        taken_over_at=change.at,
    )
    if after(case.state, Move.SUPPLEMENT) is None:
        return told
    supplied = supplement(told.case, change.at, policy, materials=codes)
    if isinstance(supplied, Refused):
        raise ValueError(supplied.code)  # noqa: TRY004 -- state and codes were asked before
    events = (*told.events, *supplied.done_by(change.by).events)
    return Change(case=supplied.case, at=change.at, events=events, by=change.by)


def withdraw(
    case: Case, at: datetime, taken: TakeOver, *, files: Collection[UUID], others: Collection[str]
) -> Change | Refused:
    """At any time before the case is over, without a reason (个人信息保护法 15): the files go from the case.

    `others` are the materials of which the case has another file. What was done on the ground of the files stays.
    """
    if taken.withdrawn_at is not None:
        return Refused(code="take_over_gone", facts={"since": taken.withdrawn_at})
    if case.state in OVER:
        return Refused(code="take_over_too_late", facts={"state": case.state})
    lost = tuple(code for code in taken.added if code in case.materials and code not in others)
    change = Change(case=case, at=at).with_case(materials=tuple(one for one in case.materials if one not in lost))
    return change.emit(
        CaseTakeOverWithdrawn,
        take_over_id=taken.id,
        materials=lost,
        attachments=tuple(files),
        missing=change.case.missing,
        withdrawn_at=at,
    )
