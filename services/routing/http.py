"""Routing over HTTP: an office's inbox and answers, the coordinator's decisions, and why things went where they did."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Part
from contracts.codes import OF_AN_OFFICE, OF_LEADS, Door, FeedbackAction, ReferralState
from contracts.refusals import Fault, Refused
from libraries.runtime.audit.doers import doer
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.tracing import current
from libraries.runtime.web.access import demand
from libraries.runtime.web.app import json_body
from libraries.runtime.web.auth import Principal, Role, requires
from libraries.runtime.web.openapi import FORMS, Described
from libraries.runtime.web.preconditions import etag, is_stale, seen_versions
from libraries.runtime.web.problems import problem
from libraries.runtime.web.representations import AskedForm, AskedLanguage, respond
from libraries.runtime.web.requests import AskedCase
from libraries.runtime.web.sharing import SHARED
from services.routing import access, explaining, filters, store
from services.routing.answering import Answered, Answering, Asked, stale_since
from services.routing.bodies import FeedbackBody, as_on_kafka
from services.routing.decisions import DECISIONS, Decision, Resumption, decide
from services.routing.domain.feedback import ReceivedFeedback
from services.routing.domain.feedback_body import understand, whole
from services.routing.domain.referral import Routing
from services.routing.feedback import opened
from services.routing.policy_http import POLICY_ROUTES
from services.routing.translate import ReferralView, to_view, version_of
from services.routing.views import (
    FeedbackView,
    QuestionView,
    ReadView,
    ReferralContent,
    to_answer,
    to_content,
    to_question,
    to_read,
)

Call = Request[Principal, Any, State]

LEADS = requires(Role.OFFICER)
"""A link does what one office owes; it brings no other office in."""
ANSWERS = requires(Role.OFFICER, Role.LINK)
DECIDES = requires(Role.COORDINATOR, Role.OFFICER, Role.HEAD)
LOOKS: Final = (
    Role.OFFICER,
    Role.HEAD,
    Role.CLERK,
    Role.TOWNSHIP,
    Role.COORDINATOR,
    Role.OPS,
    Role.ASSISTANT,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
    Role.APPLICANT,
)
LISTS = requires(*LOOKS)
SEES = requires(*LOOKS, Role.LINK)
SEES_TEXT = requires(Role.OFFICER, Role.HEAD, Role.CLERK, Role.TOWNSHIP, Role.COORDINATOR, Role.LINK)
AUDITS = requires(Role.COORDINATOR, Role.ADMINISTRATOR, Role.AUDITOR)
LARGEST_PAGE = 200
TOLD = Described(answers={200: ReferralView}).opt()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """`next` goes into `cursor` of the following call; absent on the last page."""

    items: list[ReferralView]
    next: str | None = None


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision made of the referral, and the one that follows it."""

    referral: ReferralView
    successor: ReferralView | None


@get("/v1/referrals", guards=[LISTS], tags=["referrals"])
async def list_referrals(  # noqa: PLR0913, PLR0917 -- one for each question
    request: Call,
    state: State,
    office: Annotated[str | None, QueryParameter(max_length=64)] = None,
    case: AskedCase = None,
    referral_state: Annotated[ReferralState | None, QueryParameter(name="state")] = None,
    due_before: Annotated[datetime | None, QueryParameter()] = None,
    decider: Annotated[
        str | None,
        QueryParameter(max_length=64, description="The office that decides on their return or on more time."),
    ] = None,
    cursor: Annotated[UUID | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE)] = 50,
) -> Page:
    """Referrals in the order of dispatch; an officer sees those of the own office.

    With `decider` an officer sees those on whose return or extension its office decides, with `case` what it may
    see of the case.
    """
    user, policy = request.user, state.router.policy.policy
    # On whose return an office decides, and who else has a case, an officer may ask of any office.
    asked = office if decider is None else decider
    if user.role in OF_AN_OFFICE and case is None and asked is not None and not user.speaks_for(asked):
        raise Rejected("own_office_only")
    async with transaction(state.engine) as conn:
        case_id = await store.find_case_id(conn, case) if case is not None else None
        if case is not None and case_id is None:
            return Page(items=[])
        wanted = filters.ReferralFilter(
            offices=policy.codes_of_office(office) if office is not None else None,
            case_id=case_id,
            state=referral_state.value if referral_state is not None else None,
            due_before=due_before,
            decider=decider,
        )
        found = await filters.list_visible(conn, user, wanted, policy, after=cursor, limit=limit + 1)
    page = found[:limit]
    views = [to_view(referral, routing, policy) for routing, referral in page]
    return Page(items=views, next=str(page[-1][1].id) if len(found) > limit else None)


@get("/v1/referrals/{referral_id:uuid}", guards=[SEES], tags=["referrals"])
async def show(request: Call, state: State, referral_id: FromPath[UUID]) -> Response[ReferralContent]:
    """The referral with all that its office needs, as far as the caller may read it, and where the rest is."""
    async with transaction(state.engine) as conn:
        seen = await access.find(conn, request.user, referral_id)
        holds = await store.find_holds(conn, seen.routing.referrals)
    content = to_content(seen, holds, state.router.policy.policy)
    return Response(content, headers=etag(version_of(seen.referral)), media_type=MediaType.JSON)


@get(
    "/v1/referrals/{referral_id:uuid}/explain",
    guards=[SEES],
    tags=["referrals"],
    opt=Described(answers={200: explaining.ReferralExplained}, media=FORMS).opt(),
)
async def explain(
    request: Call,
    state: State,
    referral_id: FromPath[UUID],
    clock: Annotated[UUID | None, QueryParameter(description="Only this one.")] = None,
    form: AskedForm = None,
    lang: AskedLanguage = None,
) -> Response[dict[str, Any]]:
    """Why this office, by which version of which rule; and why each date is what it is, day by day.

    JSON, text or a page, as `Accept` or `format` asks.
    """
    async with transaction(state.engine) as conn:
        seen = await access.find(conn, request.user, referral_id)
        decisions = await store.list_decisions(conn, seen.routing.request.case_id)
        corrections = await store.list_corrections(conn, referral_id)
        acts = await store.list_acts(conn, referral_id)
    policy, now = state.router.policy.policy, state.router.clock.now()
    found = explaining.told(seen, decisions, corrections, acts, policy, now=now, clock_id=clock)
    return respond(request, found, form, lang)


@get("/v1/referrals/{referral_id:uuid}/answers", guards=[SEES_TEXT], tags=["referrals"])
async def show_answers(request: Call, state: State, referral_id: FromPath[UUID]) -> list[FeedbackView]:
    """What the office answered, with its text unsealed. Each call is put on record before the answer leaves."""
    router, user = state.router, request.user
    async with transaction(state.engine) as conn:
        seen = await access.find(conn, user, referral_id)
        seen.demand_answers()
        case_id = seen.routing.request.case_id
        given = await store.list_feedback(conn, referral_id)
        key = await store.get_key(conn, case_id)
        await store.save_read(conn, case_id, referral_id, at=router.clock.now(), user=user)
    return [to_answer(one, opened(one, key, router.sealer), router.policy.policy) for one in given]


@get("/v1/referrals/{referral_id:uuid}/question", guards=[SEES_TEXT], tags=["referrals"])
async def show_question(request: Call, state: State, referral_id: FromPath[UUID]) -> QuestionView:
    """What the office of a check is asked, unsealed. Each call is put on record before the question leaves."""
    router, user = state.router, request.user
    async with transaction(state.engine) as conn:
        seen = await access.find(conn, user, referral_id)
        asked, case_id = seen.referral.check, seen.routing.request.case_id
        if asked is None or asked.asked_on is None:
            raise Rejected("not_found")
        demand(seen.relations, seen.question)
        sent = await store.find_answer(conn, asked.asked_on, asked.asked_by, asked.feedback_id)
        key = await store.get_key(conn, case_id)
        at, part = router.clock.now(), store.TextPart.QUESTION
        await store.save_read(conn, case_id, referral_id, at=at, user=user, part=part)
    text = opened(sent, key, router.sealer) if sent is not None else ""
    return to_question(seen.referral, asked, text, router.policy.policy)


@get("/v1/referrals/{referral_id:uuid}/reads", guards=[AUDITS], tags=["referrals"])
async def show_reads(request: Call, state: State, referral_id: FromPath[UUID]) -> list[ReadView]:
    """Who opened the answers to this referral, or the question of a check; the latest first."""
    async with transaction(state.engine) as conn:
        seen = await access.find(conn, request.user, referral_id)
        demand(seen.relations, Part.READS)
        found = await store.list_reads(conn, referral_id)
    return [to_read(row, state.router.policy.policy) for row in found]


@post(
    "/v1/referrals/{referral_id:uuid}/resume",
    guards=[requires(Role.OFFICER, Role.LINK, Role.COORDINATOR)],
    status_code=200,
    tags=["answers", "coordinator"],
    opt=TOLD,
)
async def resume(
    request: Call, state: State, referral_id: FromPath[UUID], data: JSONBody[FeedbackBody]
) -> Response[Any]:
    """Resume (恢复): by the office as on Kafka, or by the coordinator of the area, who names a reason alone."""
    if request.user.role in {Role.OFFICER, Role.LINK}:
        return await _answer(request, referral_id, FeedbackAction.RESUME, data)
    if msgspec.structs.replace(data, reason="") != FeedbackBody():
        return problem(request, Refused.of(Fault("", "unknown_field", {"known": ["reason"]})))
    outcome = await _decide(request, state, referral_id, Resumption(reason=data.reason))
    if isinstance(outcome, Response):
        return outcome
    if isinstance(outcome, Refused):
        return problem(request, outcome)
    view = to_view(outcome.referral(referral_id), outcome, state.router.policy.policy)
    return Response(view, status_code=200, media_type=MediaType.JSON)


def _answering(action: FeedbackAction) -> HTTPRouteHandler:
    async def answer(request: Call, referral_id: FromPath[UUID], data: JSONBody[FeedbackBody]) -> Response[Any]:
        return await _answer(request, referral_id, action, data)

    answer.__doc__ = f"{action.en} ({action.zh}). The same as the answer on Kafka."
    path = f"/v1/referrals/{{referral_id:uuid}}/{action.value}"
    return post(
        path,
        guards=[LEADS if action in OF_LEADS else ANSWERS],
        status_code=200,
        tags=["answers"],
        opt=TOLD | {SHARED: True},
        name=f"answer_{action.value}",
    )(answer)


async def _answer(request: Call, referral_id: UUID, action: FeedbackAction, body: FeedbackBody) -> Response[Any]:
    given, faults = understand(as_on_kafka(msgspec.to_builtins(body), referral_id, action))
    if faults:
        return problem(request, Refused.of(*faults))
    feedback, user, router = whole(given), request.user, request.app.state.router
    if user.office is None:
        raise Rejected("no_office")
    answer = ReceivedFeedback(
        sender=user.office, feedback=feedback, received_at=router.clock.now(), trace=current(), **_by(user)
    )
    await router.policy.fresh()
    answering: Answering = request.app.state.answering
    return await answering.group.ask(
        Asked(request=request, answer=answer, doer=doer()),
        lambda answered: _told(answered, referral_id, request),
        wrote=lambda answered: answered.on_record,
    )


def _told(answered: Answered, referral_id: UUID, request: Call) -> Response[Any]:
    seen = etag(answered.version) if answered.version is not None else None
    if answered.refused is not None:
        return problem(request, answered.refused, seen)
    view = to_view(answered.routing.referral(referral_id), answered.routing, answered.policy)
    return Response(view, status_code=200, media_type=MediaType.JSON, headers=seen)


async def _stale(request: Call, conn: AsyncConnection, case_id: UUID, referral_id: UUID) -> Response[Any] | None:
    """The refusal, if the caller has seen another version; what it has seen stays locked, if not."""
    if seen_versions(request) is None:
        return None
    referral = (await store.lock_routings(conn, [case_id]))[case_id].referral(referral_id)
    if not is_stale(request, version_of(referral)):
        return None
    return problem(request, await stale_since(conn, request, referral), etag(version_of(referral)))


def _by(user: Principal) -> dict[str, Any]:
    return {"door": Door.HTTP, "role": user.role, "post": user.post, "subject": user.subject}


def _deciding(kind: type[Decision], path: str) -> HTTPRouteHandler:
    async def take_decision(
        request: Call, state: State, referral_id: FromPath[UUID], data: JSONBody[Decision]
    ) -> Response[Any]:
        outcome = await _decide(request, state, referral_id, data)
        if isinstance(outcome, Response):
            return outcome
        if isinstance(outcome, Refused):
            return problem(request, outcome)
        policy = state.router.policy.policy
        view = to_view(outcome.referral(referral_id), outcome, policy)
        successor = next((r for r in outcome.referrals if r.supersedes == referral_id), None)
        answer = Decided(referral=view, successor=to_view(successor, outcome, policy) if successor else None)
        seen = etag(version_of(outcome.referral(referral_id)))
        return Response(answer, status_code=200, media_type=MediaType.JSON, headers=seen)

    take_decision.__doc__ = kind.__doc__
    take_decision.__annotations__["data"] = json_body(kind)
    name = f"decide_{path.replace('-', '_')}"
    full = f"/v1/referrals/{{referral_id:uuid}}/{path}"
    return post(
        full,
        guards=[DECIDES],
        status_code=200,
        tags=["coordinator"],
        name=name,
        opt=Described(answers={200: Decided}).opt(),
    )(take_decision)


async def _decide(
    request: Call, state: State, referral_id: UUID, decision: Decision
) -> Routing | Refused | Response[Any]:
    router, user = state.router, request.user
    await router.policy.fresh()
    at = router.clock.now()
    context = router.context(at)
    async with transaction(state.engine) as conn:
        seen = await access.find(conn, user, referral_id, decidable_by=context.policy)
        case_id = seen.routing.request.case_id
        if refused := await _stale(request, conn, case_id, referral_id):
            return refused
        return await decide(decision, case_id, referral_id, conn, context, at=at, user=user)


ROUTES: list[HTTPRouteHandler] = [
    *POLICY_ROUTES,
    list_referrals,
    show,
    explain,
    show_answers,
    show_reads,
    show_question,
    resume,
    *(_answering(action) for action in FeedbackAction if action is not FeedbackAction.RESUME),
    *(_deciding(kind, path) for path, kind in DECISIONS.items()),
]
