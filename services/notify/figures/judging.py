"""The figures of the trade over HTTP: how offices do in a period, and what was left out of which figure, and why."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from sqlalchemy import RowMapping

from contracts.codes import Exclusion, Field, Figure
from contracts.refusals import Fault
from libraries.policies import Policy
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.requests import AskedArea, AskedOffice
from services.notify.callers import SEES, Call, names_of, scope
from services.notify.cursors import BAD_CURSOR
from services.notify.domain.figures import DEFINITIONS
from services.notify.figures.measures import Asked, By, Measured, list_excluded, measure, ranked
from services.notify.figures.queries import Names, name_of

LARGEST_PAGE = 500
FIRST_KEY = str(UUID(int=0)), 0
Since = Annotated[datetime | None, QueryParameter(description="The period begins here.")]
Until = Annotated[datetime | None, QueryParameter(description="The period ends before this.")]
AskedCategory = Annotated[str, QueryParameter(max_length=64)]


class ExcludedCount(msgspec.Struct, frozen=True, kw_only=True):
    reason: Exclusion
    zh: str
    en: str
    number: int


class FigureView(msgspec.Struct, frozen=True, kw_only=True):
    """`ratio` is `null` where the denominator is 0: there is nothing to judge by."""

    figure: Figure
    zh: str
    en: str
    numerator: int
    denominator: int
    ratio: float | None
    excluded: list[ExcludedCount]


class GroupView(msgspec.Struct, frozen=True, kw_only=True):
    """`key` is the code of the office, field, area or category; empty of the whole."""

    key: str
    zh: str
    en: str
    rank: int | None = None
    """By the figure of `rank`; equals have one place, and who has no such figure has none."""
    figures: list[FigureView]


class DefinitionView(msgspec.Struct, frozen=True, kw_only=True):
    figure: Figure
    zh: str
    en: str
    numerator_zh: str
    numerator_en: str
    denominator_zh: str
    denominator_en: str
    moment_zh: str
    moment_en: str
    exclusions: tuple[Exclusion, ...]
    more_is_better: bool
    is_average: bool


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    now: datetime
    since: datetime | None
    until: datetime | None
    total: GroupView
    groups: list[GroupView]
    definitions: list[DefinitionView]


class ExcludedView(msgspec.Struct, frozen=True, kw_only=True):
    """One referral or case that is not counted in the figure."""

    case_id: UUID
    number: str | None
    referral_id: UUID | None
    round: int
    office: str | None
    area: str
    category: str
    at: datetime
    """The moment by which it belongs to the period."""
    reason: Exclusion
    zh: str
    en: str


class ExcludedPage(msgspec.Struct, frozen=True, kw_only=True):
    """`next` goes into `cursor` of the following call; absent on the last page."""

    items: list[ExcludedView]
    next: str | None = None


DESCRIBED = [
    DefinitionView(
        figure=one.figure,
        zh=one.figure.zh,
        en=one.figure.en,
        numerator_zh=one.numerator_zh,
        numerator_en=one.numerator_en,
        denominator_zh=one.denominator_zh,
        denominator_en=one.denominator_en,
        moment_zh=one.moment.zh,
        moment_en=one.moment.en,
        exclusions=one.exclusions,
        more_is_better=one.more_is_better,
        is_average=one.is_average,
    )
    for one in DEFINITIONS.values()
]


@get("/v1/performance", guards=[SEES], tags=["figures"])
async def judge(  # noqa: PLR0913, PLR0917 -- one for each query parameter
    request: Call,
    state: State,
    by: Annotated[By | None, QueryParameter(description="Into which groups; without it the whole alone.")] = None,
    area: AskedArea = "",
    office: AskedOffice = "",
    field: Annotated[Field | None, QueryParameter()] = None,
    category: AskedCategory = "",
    since: Since = None,
    until: Until = None,
    rank: Annotated[Figure | None, QueryParameter(description="The groups in the order of this figure.")] = None,
) -> Judged:
    """The figures by which offices are judged, each with what it counts, of what, and what was left out."""
    asked = _asked(request, state, area, office, field, category, since, until)
    async with transaction(state.engine) as conn:
        total = (await measure(conn, asked))[""]
        groups = await measure(conn, asked, by) if by is not None else {}
    policy: Policy = state.policy.policy
    order = ranked(groups, rank) if rank is not None else ((None, key) for key in sorted(groups))
    return Judged(
        now=asked.now,
        since=since,
        until=until,
        total=GroupView(key="", zh="合计", en="Total", figures=_figures(total)),
        groups=[_group(key, place, groups[key], by, policy) for place, key in order],
        definitions=DESCRIBED,
    )


@get("/v1/performance/excluded", guards=[SEES], tags=["figures"])
async def list_left_out(  # noqa: PLR0913, PLR0917 -- one for each query parameter
    request: Call,
    state: State,
    figure: Annotated[Figure, QueryParameter()],
    reason: Annotated[Exclusion | None, QueryParameter()] = None,
    area: AskedArea = "",
    office: AskedOffice = "",
    field: Annotated[Field | None, QueryParameter()] = None,
    category: AskedCategory = "",
    since: Since = None,
    until: Until = None,
    cursor: Annotated[str, QueryParameter(max_length=100)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE)] = 50,
) -> ExcludedPage:
    """What was left out of a figure, and why: referrals or cases, as the figure counts them."""
    asked = _asked(request, state, area, office, field, category, since, until)
    after = _after(cursor)
    async with transaction(state.engine) as conn:
        found = await list_excluded(conn, asked, figure, reason=reason, after=after, limit=limit + 1)
    page = found[:limit]
    more = f"{page[-1]['key']}_{page[-1]['round']}" if len(found) > limit else None
    return ExcludedPage(items=[_left_out(row) for row in page], next=more)


def _asked(
    request: Call,
    state: State,
    area: str,
    office: str,
    field: Field | None,
    category: str,
    since: datetime | None,
    until: datetime | None,
) -> Asked:
    policy: Policy = state.policy.policy
    faults = list(_faults(policy, office, category, since, until))
    if faults:
        raise Rejected(faults[0].code if len(faults) == 1 else "invalid", *faults)
    office, area = scope(request.user, office, area)
    return Asked(
        now=state.clock.now(),
        since=since,
        until=until,
        office=office,
        areas=policy.ranges_within(area),
        field=field or "",
        category=category,
    )


def _faults(
    policy: Policy, office: str, category: str, since: datetime | None, until: datetime | None
) -> Iterator[Fault]:
    if office and office not in policy.offices and office not in policy.former:
        yield Fault("office", "unknown_office")
    if category and category not in policy.categories:
        yield Fault("category", "unknown_category")
    if since is not None and until is not None and until <= since:
        yield Fault("until", "not_after", {"least": since})


def _after(cursor: str) -> tuple[str, int]:
    if not cursor:
        return FIRST_KEY
    key, _, number = cursor.partition("_")
    try:
        found = str(UUID(key)), int(number)
    except ValueError:
        raise Rejected("bad_cursor", BAD_CURSOR) from None
    if not 0 < found[1] < 2**15:
        raise Rejected("bad_cursor", BAD_CURSOR)
    return found


def _figures(group: Mapping[Figure, Measured]) -> list[FigureView]:
    return [
        FigureView(
            figure=figure,
            zh=figure.zh,
            en=figure.en,
            numerator=one.numerator,
            denominator=one.denominator,
            ratio=one.ratio,
            excluded=[
                ExcludedCount(reason=reason, zh=reason.zh, en=reason.en, number=one.excluded[reason])
                for reason in DEFINITIONS[figure].exclusions
                if reason in one.excluded
            ],
        )
        for figure, one in group.items()
    ]


def _group(key: str, place: int | None, found: Mapping[Figure, Measured], by: By | None, policy: Policy) -> GroupView:
    zh, en = _label(key, by, policy, names_of(policy))
    return GroupView(key=key, zh=zh, en=en, rank=place, figures=_figures(found))


def _label(key: str, by: By | None, policy: Policy, names: Names) -> tuple[str, str]:
    match by:
        case "office":
            return name_of(key, names, "zh"), name_of(key, names, "en")
        case "field":
            return Field(key).zh, Field(key).en
        case "category":
            known = policy.categories.get(key)
            return (known.zh, known.en) if known is not None else (key, key)
        case _:
            place = policy.area(key)
            return (place.name, place.name) if place is not None else (key, key)


def _left_out(row: RowMapping) -> ExcludedView:
    reason = Exclusion(row["verdict"])
    named: Sequence[str] = ("case_id", "number", "referral_id", "round", "office", "area", "category", "at")
    return ExcludedView(**{name: row[name] for name in named}, reason=reason, zh=reason.zh, en=reason.en)


ROUTES: list[HTTPRouteHandler] = [judge, list_left_out]
