"""What a case is about, over HTTP: to whom the matrix of the contracts gives it, and each opening on record."""

from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter
from msgspec import UNSET, UnsetType

from contracts.access import Access, Part, Relation, access, readable
from contracts.refusals import Fault
from contracts.submissions import Applicant
from libraries.clocks.wording import office_of, reason_of
from libraries.policies import Policy
from libraries.runtime.database.engine import transaction
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import Rejected
from libraries.runtime.web.access import demand
from libraries.runtime.web.auth import Principal, Role, requires
from libraries.runtime.web.openapi import Described
from libraries.runtime.web.preconditions import etag
from services.intake import reads, store
from services.intake.domain.case import Case
from services.intake.domain.relations import Relations
from services.intake.lookup import Found, find, find_visible
from services.intake.reads import ReadOfCase, ReadView
from services.intake.views import CaseView, to_view

Call = Request[Principal, Any, State]

LOOKS: Final = (
    Role.TOWNSHIP,
    Role.CLERK,
    Role.OFFICER,
    Role.HEAD,
    Role.COORDINATOR,
    Role.OPS,
    Role.ASSISTANT,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
)
SEES = requires(*LOOKS)
SEES_ONE = requires(*LOOKS, Role.APPLICANT, Role.LINK)
"""One case, by name; whoever has a receipt or a link has no list."""
SEES_PEOPLE = requires(Role.TOWNSHIP, Role.CLERK, Role.OFFICER, Role.HEAD, Role.COORDINATOR, Role.LINK)
AUDITS = requires(Role.COORDINATOR, Role.ADMINISTRATOR, Role.AUDITOR)


class MaterialView(msgspec.Struct, frozen=True, kw_only=True):
    """One material: what the matter needs, and what was handed in beside."""

    code: str
    zh: str
    en: str
    required: bool
    handed_in: bool


class WaitingView(msgspec.Struct, frozen=True, kw_only=True):
    """An office that put its referral on hold; what it waits for stands in its answers."""

    referral_id: UUID
    office: str
    office_zh: str
    office_en: str
    reason: str
    reason_zh: str
    reason_en: str
    since: datetime
    answers: str
    """Routing's path of the office's answers, with their text."""


class CaseLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Where the rest is. Paths below `/v1/referrals` are routing's, the others intake's."""

    case: str
    applicant: str | None
    """Needs a `purpose`; `null` for whoever may not open it."""
    timeline: str | None
    referrals: str


class CaseListed(CaseView, frozen=True, kw_only=True):
    """A case in a list. What the caller may not read is left out."""

    waiting: tuple[WaitingView, ...] | UnsetType = UNSET


class CaseContent(CaseListed, frozen=True, kw_only=True):
    """A case with what it is about. What the caller may not read is left out."""

    summary: str | UnsetType | None = UNSET
    """`null` when it was erased."""
    attributes: dict[str, str | int | bool] | UnsetType = UNSET
    checklist: tuple[MaterialView, ...] | UnsetType = UNSET
    """What the case needs, in the order of the matter's list, and whatever else was handed in."""
    relations: tuple[Relation, ...]
    """What the caller is to the case."""
    may_read: dict[Part, Access]
    links: CaseLinks


@get("/v1/cases/{key:str}", guards=[SEES_ONE], tags=["cases"])
async def show(request: Call, state: State, key: FromPath[str]) -> Response[CaseContent]:
    """One case, by id or number, with what it is about as far as the caller may read it.

    Opening the summary is put on record.
    """
    user, policy = request.user, state.policy.policy
    async with transaction(state.engine) as conn:
        version = await store.get_version_of(conn, key)  # before the content, which may be newer and never older
        found = await find(conn, user, key)
        demand(found.relations, Part.STATE)
        summary: str | UnsetType | None = UNSET
        if access(found.relations, Part.SUMMARY) is not Access.DENIED:
            sealed = await store.get_sealed(conn, found.case.id)
            summary = open_sealed(state.sealer, sealed, sealed.summary, found.case, Part.SUMMARY)
            await reads.save_summary_read(
                conn, found.case.id, at=state.clock.now(), user=user, calendar=policy.calendar
            )
    return Response(to_content(found, summary, policy), status_code=200, headers=etag(str(version)))


@get(
    "/v1/cases/{key:str}/applicant",
    guards=[SEES_PEOPLE],
    tags=["cases"],
    opt=Described(answers={200: Applicant}, gone=True).opt(),
)
async def show_applicant(
    request: Call,
    state: State,
    key: FromPath[str],
    purpose: Annotated[str | None, QueryParameter(description="A code of the policy's `purposes.yaml`.")] = None,
) -> Response[Any]:
    """The person, unsealed. Each call names its purpose, and is put on record before the answer leaves.

    Who is only asked for a check gets whom it is about, for the purpose of a check, and no telephone number.
    """
    policy = state.policy.policy
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        demand(found.relations, Part.APPLICANT)
        asked_alone = access(found.relations - {Relation.CHECKER}, Part.APPLICANT) is Access.DENIED
        allowed = [one.code for one in policy.purposes.values() if one.check or not asked_alone]
        if purpose is None or purpose not in allowed:
            raise Rejected("unknown_purpose", Fault("purpose", "unknown_purpose", {"allowed": allowed}))
        sealed = await store.get_sealed(conn, found.case.id)
        opened = open_sealed(state.sealer, sealed, sealed.applicant, found.case, Part.APPLICANT)
        if opened is None:
            raise Rejected("erased")
        await reads.save_applicant_read(conn, found.case.id, at=state.clock.now(), user=request.user, purpose=purpose)
    applicant = msgspec.json.decode(opened, type=Applicant)
    return Response(msgspec.structs.replace(applicant, phone="") if asked_alone else applicant, status_code=200)


@get("/v1/cases/{key:str}/reads", guards=[AUDITS], tags=["cases"])
async def show_reads(request: Call, state: State, key: FromPath[str]) -> list[ReadView]:
    """Who opened the applicant, for which purpose, and who opened the summary; the latest first."""
    async with transaction(state.engine) as conn:
        case = await find_visible(conn, request.user, key, Part.READS)
        return await reads.list_reads(conn, case.id, state.policy.policy)


@get("/v1/reads", guards=[AUDITS], tags=["cases"])
async def show_reads_within(
    request: Call,
    state: State,
    day: Annotated[
        date | None, QueryParameter(description="By the clocks of the place; without it the latest of all.")
    ] = None,
) -> list[ReadOfCase]:
    """Who opened applicants and summaries of the own area; the latest first, 1,000 at most."""
    policy = state.policy.policy
    ranges = policy.ranges_within(request.user.area)
    async with transaction(state.engine) as conn:
        return await reads.list_reads_within(conn, ranges, day, policy)


def to_content(found: Found, summary: str | UnsetType | None, policy: Policy) -> CaseContent:
    case, may = found.case, readable(found.relations)
    path = f"/v1/cases/{case.id}"
    return CaseContent(
        **_fields(found, policy),
        waiting=_waiting(found.offices, policy) if Part.REFERRALS in may else UNSET,
        summary=summary,
        attributes=case.attributes if Part.ATTRIBUTES in may else UNSET,
        checklist=_checklist(case, policy) if Part.MATERIALS in may else UNSET,
        relations=tuple(sorted(found.relations)),
        may_read=may,
        links=CaseLinks(
            case=path,
            applicant=f"{path}/applicant" if Part.APPLICANT in may else None,
            timeline=f"{path}/timeline" if Part.STORY in may else None,
            referrals=f"/v1/referrals?case={case.id}",
        ),
    )


def to_listed(found: Found, policy: Policy) -> CaseListed:
    known = access(found.relations, Part.REFERRALS) is not Access.DENIED
    waiting = _waiting(found.offices, policy) if known else UNSET
    return CaseListed(**_fields(found, policy), waiting=waiting)


def _fields(found: Found, policy: Policy) -> dict[str, Any]:
    return msgspec.structs.asdict(to_view(found.case, policy, found.relations))


def _waiting(offices: Relations, policy: Policy) -> tuple[WaitingView, ...]:
    return tuple(
        WaitingView(
            referral_id=one.referral_id,
            office=one.office,
            office_zh=office_of(policy, one.office)[0],
            office_en=office_of(policy, one.office)[1],
            reason=one.waits_for,
            reason_zh=reason_of(policy, one.waits_for)[0],
            reason_en=reason_of(policy, one.waits_for)[1],
            since=one.waits_since,
            answers=f"/v1/referrals/{one.referral_id}/answers",
        )
        for one in offices
        if one.waits_for is not None and one.waits_since is not None
    )


def _checklist(case: Case, policy: Policy) -> tuple[MaterialView, ...]:
    category = policy.categories.get(case.category)
    needed = [one.code for one in category.materials if one.code in case.required] if category is not None else []
    names = {one.code: (one.zh, one.en) for each in policy.categories.values() for one in each.materials}
    return tuple(
        MaterialView(
            code=code,
            zh=names.get(code, (code, code))[0],
            en=names.get(code, (code, code))[1],
            required=code in case.required,
            handed_in=code in case.materials,
        )
        for code in dict.fromkeys((*needed, *case.required, *case.materials))
    )


def open_sealed(sealer: Sealer, sealed: store.Sealed, value: bytes, case: Case, part: Part) -> str | None:
    """The text; `None` where the key or the value was destroyed."""
    if not sealed.wrapped_key or not value:
        return None
    return sealer.open(sealed.wrapped_key, value, f"{case.id}/{part.value}").decode()


CONTENTS: list[HTTPRouteHandler] = [show, show_applicant, show_reads, show_reads_within]
