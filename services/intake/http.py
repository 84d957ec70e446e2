"""Intake over HTTP: register, look, and see who answers next and by when."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from contracts.access import Part
from contracts.codes import OF_AN_OFFICE, CaseState, Field
from contracts.refusals import Refused
from contracts.submissions import Submission
from libraries.clocks.views import ClockView
from libraries.runtime.audit.doers import doer
from libraries.runtime.database.engine import transaction
from libraries.runtime.tracing import current
from libraries.runtime.web.access import demand
from libraries.runtime.web.auth import Initiator, Principal, Role, requires
from libraries.runtime.web.idempotency import IN_PARTS, part
from libraries.runtime.web.openapi import FORMS, Described
from libraries.runtime.web.problems import problem
from libraries.runtime.web.representations import AskedForm, AskedLanguage, respond
from libraries.runtime.web.requests import AskedArea
from libraries.runtime.web.sharing import SHARED
from services.intake import explaining, store
from services.intake.actions import ACTIONS
from services.intake.attachments.on_file import ON_FILE
from services.intake.attachments.taking_over import TAKING_OVER
from services.intake.attachments.uploading import UPLOADING
from services.intake.attachments.views import VIEWS
from services.intake.check_consents import CHECK_CONSENTS
from services.intake.checks import CHECKS
from services.intake.consents import CONSENTS
from services.intake.contents import CONTENTS, SEES, SEES_ONE, CaseListed, to_listed
from services.intake.documents import DOCUMENTS
from services.intake.groups import Groups
from services.intake.lookup import Found, find, known_by_token, relations_of, sees, window_of
from services.intake.merging import MERGING
from services.intake.people import PEOPLE
from services.intake.persons import PERSONS
from services.intake.receipts import RECEIPTS, Codes, RegisteredCase, to_registered
from services.intake.registration import Bounds, Outcome, Registered, Sent
from services.intake.registry import REGISTRY
from services.intake.relations import list_relations
from services.intake.time_report import TimeView, to_time
from services.intake.timeline import Entry, own_clocks, to_entries
from services.intake.views import to_view

Call = Request[Principal, Any, State]

REGISTERS = requires(Role.TOWNSHIP, Role.CLERK, Role.ASSISTANT)
LARGEST_PAGE = 200
"""Of several faults the first in this order counts; 422 for all others."""
NDJSON = "application/x-ndjson"
LARGEST_BATCH = 16 * 1024 * 1024
MOST_LINES = 20_000
BATCH_SIZE = 500
"""Lines of a batch that are registered in one transaction."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """`next` goes into `cursor` of the following call; absent on the last page."""

    items: list[CaseListed]
    next: str | None = None


@post(
    "/v1/cases",
    guards=[REGISTERS],
    media_type=MediaType.JSON,
    tags=["cases"],
    opt=Described(answers={200: RegisteredCase, 201: RegisteredCase}, body=Submission, gone=True).opt()
    | {SHARED: True},
)
async def register(request: Call, state: State) -> Response[Any]:
    """Register a matter: 201 with the case, 200 if it was there before, 409 for another content, 422 for faults."""
    (sent,) = await _sent([await request.body()], request.user, state)
    groups: Groups = state.groups
    return await groups.registering.ask(sent, lambda told: _answer(*told, request))


@post(
    "/v1/cases/batch",
    guards=[REGISTERS],
    status_code=200,
    media_type=NDJSON,
    tags=["cases"],
    request_max_body_size=LARGEST_BATCH,
    opt=Described(answers={200: str}, body=Any, takes=NDJSON, media=(NDJSON,)).opt() | {IN_PARTS: True},
)
async def register_batch(request: Call, state: State) -> Response[bytes]:
    """NDJSON in, one answer a line out and in order: the case, or the problem of this line alone.

    What was registered stays so if a later line cannot be; sending the batch again tells of each what became of it.
    """
    lines = (await request.body()).split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if len(lines) > MOST_LINES:
        return problem(request, Refused(code="too_large", facts={"most": f"{MOST_LINES} lines"}))
    answers = []
    for number, start in enumerate(range(0, len(lines), BATCH_SIZE)):
        async with part(number) as batch:
            if not batch.before:
                sent = await _sent(lines[start : start + BATCH_SIZE], request.user, state)
                groups: Groups = state.groups
                async with transaction(state.engine) as conn:
                    told = await groups.register(conn, sent)
                batch.body = b"".join(_line(*one, request) for one in told)
        answers.append(batch.body)
    return Response(b"".join(answers), status_code=200, media_type=NDJSON)


async def _sent(bodies: Sequence[bytes], user: Principal, state: State) -> list[Sent]:
    await state.policy.fresh()
    initiator = Initiator.of(user, window_of(user, state.policy.at(state.clock.now())) or "")
    bounds = Bounds(
        sources=user.sources,
        within=user.sees if user.role in {Role.TOWNSHIP, Role.ASSISTANT} else None,
        acts_for_others=user.role is Role.ASSISTANT,
        sees=lambda case: sees(user, case),
    )
    return [Sent(body=body, initiator=initiator, bounds=bounds, trace=current(), doer=doer()) for body in bodies]


def _line(outcome: Outcome, codes: Codes, request: Call) -> bytes:
    answer = _answer(outcome, codes, request)
    status = answer.status_code or 200
    body = answer.content if isinstance(answer.content, bytes) else msgspec.json.encode(answer.content)
    return b'{"status":%d,"answer":%s}\n' % (status, body)


def _answer(outcome: Outcome, codes: Codes, request: Call) -> Response[Any]:
    match outcome:
        case Registered(case=case, repeated=repeated):
            location = {"location": f"/v1/cases/{case.id}"}
            relations = known_by_token(request.user, case)
            return Response(
                to_registered(to_view(case, request.app.state.policy.policy, relations), relations, codes),
                status_code=200 if repeated else 201,
                headers=location,
            )
        case Refused():
            return problem(request, outcome)


@get("/v1/cases", guards=[SEES], tags=["cases"])
async def list_cases(  # noqa: PLR0913, PLR0917 -- one for each question
    request: Call,
    state: State,
    area: AskedArea = "",
    case_state: Annotated[CaseState | None, QueryParameter(name="state")] = None,
    field: Annotated[Field | None, QueryParameter()] = None,
    category: Annotated[str | None, QueryParameter(max_length=64)] = None,
    source: Annotated[str | None, QueryParameter(max_length=128)] = None,
    submission_id: Annotated[str | None, QueryParameter(max_length=128)] = None,
    window: Annotated[str | None, QueryParameter(max_length=64)] = None,
    lead: Annotated[str | None, QueryParameter(max_length=64)] = None,
    cursor: Annotated[UUID | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE)] = 50,
) -> Page:
    """Cases, oldest first: of an area and below, by state, field, matter, sender, window or leading office."""
    policy = state.policy.policy
    asked = {"field": field, "category": category, "source": source, "submission_id": submission_id}
    asked |= {"state": case_state, "first_contact_office": window, "lead_office": lead}
    wanted = store.CaseFilter(
        scope=policy.ranges_within(request.user.area),
        offices=policy.codes_of_office(request.user.office),
        offices_alone=request.user.role in OF_AN_OFFICE,
        areas=policy.ranges_within(area),
        equals={name: str(value) for name, value in asked.items() if value is not None},
    )
    async with transaction(state.engine) as conn:
        found = await store.list_cases(conn, wanted, after=cursor, limit=limit + 1)
        page = found[:limit]
        offices = await list_relations(conn, [case.id for case in page])
    more = str(page[-1].id) if len(found) > limit else None
    items = []
    for case in page:
        had = offices.get(case.id, ())
        seen = Found(case=case, offices=had, relations=relations_of(request.user, case, had))
        items.append(to_listed(seen, policy))
    return Page(items=items, next=more)


@get("/v1/cases/{key:str}/timeline", guards=[SEES_ONE], tags=["cases"])
async def show_timeline(request: Call, state: State, key: FromPath[str]) -> list[Entry]:
    """What happened to the case, in the order in which it was heard, also in words."""
    found, timeline = await _timeline(request, state, key)
    return to_entries(timeline, state.policy.policy, found.relations)


@get("/v1/cases/{key:str}/clocks", guards=[SEES_ONE], tags=["cases"])
async def show_clocks(request: Call, state: State, key: FromPath[str]) -> list[ClockView]:
    """The window's own clocks, open and stopped, with the law behind each; routing has those of the referrals."""
    _, timeline = await _timeline(request, state, key)
    return own_clocks(timeline, state.policy.policy)


async def _timeline(request: Call, state: State, key: str) -> tuple[Found, list[store.TimelineEntry]]:
    async with transaction(state.engine) as conn:
        found = await find(conn, request.user, key)
        demand(found.relations, Part.STORY)
        return found, await store.list_timeline(conn, found.case.id)


@get("/v1/cases/{key:str}/time", guards=[SEES_ONE], tags=["cases"])
async def show_time(request: Call, state: State, key: FromPath[str]) -> TimeView:
    """Who used how many days: the office, the window, the decider on a return; paused or waiting is nobody's."""
    found, timeline = await _timeline(request, state, key)
    return to_time(found.case, timeline, state.policy.policy, state.clock.now())


@get(
    "/v1/cases/{key:str}/explain",
    guards=[SEES_ONE],
    tags=["cases"],
    opt=Described(answers={200: explaining.CaseExplained}, media=FORMS).opt(),
)
async def explain(
    request: Call,
    state: State,
    key: FromPath[str],
    clock: Annotated[UUID | None, QueryParameter(description="Only this one.")] = None,
    form: AskedForm = None,
    lang: AskedLanguage = None,
) -> Response[dict[str, Any]]:
    """Why each date of the window is what it is, day by day, also of clocks that ended; routing explains the offices'.

    JSON, text or a page, as `Accept` or `format` asks.
    """
    found, timeline = await _timeline(request, state, key)
    told = explaining.told(found, timeline, state.policy.policy, now=state.clock.now(), clock_id=clock)
    return respond(request, told, form, lang)


ROUTES: list[HTTPRouteHandler] = [
    register,
    register_batch,
    list_cases,
    show_timeline,
    show_clocks,
    show_time,
    explain,
    *CONTENTS,
    *ACTIONS,
    *MERGING,
    *PEOPLE,
    *REGISTRY,
    *PERSONS,
    *RECEIPTS,
    *CONSENTS,
    *CHECK_CONSENTS,
    *CHECKS,
    *DOCUMENTS,
    *VIEWS,
    *UPLOADING,
    *ON_FILE,
    *TAKING_OVER,
]
