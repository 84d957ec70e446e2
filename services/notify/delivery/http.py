"""Subscriptions and deliveries over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import MESSAGE_CHANNELS, DeliveryState, Role, SubscriptionState
from contracts.refusals import Fault, Refused
from libraries.ids import new_id
from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Principal, requires
from libraries.runtime.web.openapi import Described
from libraries.runtime.web.preconditions import etag, is_stale, stale
from libraries.runtime.web.problems import problem
from services.notify.cursors import BAD_CURSOR
from services.notify.delivery import making, queries, replays, secrets, store, subscriptions
from services.notify.delivery.replays import Replay
from services.notify.delivery.store import Owed
from services.notify.delivery.subscriptions import Subscription, held_by
from services.notify.delivery.views import (
    Again,
    DeliveryPage,
    DeliveryWithAttempts,
    NewSubscription,
    NoBody,
    Range,
    Redriven,
    SubscriptionPage,
    SubscriptionView,
    TestSent,
    WithSecret,
    to_view,
    with_secret,
)
from services.notify.domain.subscriptions import SUBSCRIBES

Call = Request[Principal, Any, State]

HEARS: Final = requires(*SUBSCRIBES)
LARGEST_PAGE: Final = 200
REDRIVEN_AT_ONCE: Final = 10_000
OVERLAP: Final = timedelta(hours=24)
"""For which the secret before signs beside the one that takes over."""
REST: Final = timedelta(minutes=10)
"""Between two replays of everything since a moment."""
TEST: Final = "subscription.tested"
FIRST: Final = UUID(int=0)


@post(
    "/v1/subscriptions",
    guards=[HEARS],
    media_type=MediaType.JSON,
    tags=["subscriptions"],
    opt=Described(answers={201: WithSecret}).opt(),
)
async def subscribe(request: Call, state: State, data: JSONBody[NewSubscription]) -> Response[Any]:
    """Hear of events from now on, or from a moment before (`since`).

    The answer has the secret by which they are signed. It is shown this once.
    """
    policy, now = state.policy.policy, datetime.now(UTC)
    if faults := list(making.faults_of(data, policy, state.webhooks.named, now=state.clock.now())):
        return problem(request, Refused.of(*faults))
    if refused := making.beyond_rights(data, request.user):
        return problem(request, refused)
    async with transaction(state.engine) as conn:
        made = await making.make(conn, data, making.holder_of(request.user), state.sealer, now=now)
    if isinstance(made, Refused):
        return problem(request, made)
    new, secret = made
    headers = {"location": f"/v1/subscriptions/{new.id}", **etag(str(new.version))}
    return Response(with_secret(new, secret), status_code=201, media_type=MediaType.JSON, headers=headers)


@get("/v1/subscriptions", guards=[HEARS], tags=["subscriptions"])
async def list_subscriptions(
    request: Call,
    state: State,
    cursor: Annotated[str, QueryParameter(max_length=40)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE)] = 50,
) -> SubscriptionPage:
    """Those of the caller's office, area or system; whoever runs the installation sees all."""
    owner = "" if _runs_all(request.user) else held_by(making.holder_of(request.user))
    async with transaction(state.engine) as conn:
        found = await subscriptions.list_subscriptions(conn, owner=owner, after=_after(cursor), most=limit + 1)
    page = found[:limit]
    return SubscriptionPage(items=[to_view(one) for one in page], next=str(page[-1].id) if len(found) > limit else None)


@get(
    "/v1/subscriptions/{subscription_id:uuid}",
    guards=[HEARS],
    tags=["subscriptions"],
    opt=Described(answers={200: SubscriptionView}).opt(),
)
async def show_subscription(request: Call, state: State, subscription_id: FromPath[UUID]) -> Response[SubscriptionView]:
    """One, without its secret."""
    async with transaction(state.engine) as conn:
        found = _own(request.user, await subscriptions.find_subscription(conn, subscription_id))
    return _shown(found)


def _moving(path: str, to: SubscriptionState, words: str) -> HTTPRouteHandler:
    async def move(
        request: Call, state: State, subscription_id: FromPath[UUID], data: JSONBody[NoBody]
    ) -> Response[Any]:
        del data
        async with transaction(state.engine) as conn:
            if refused := await _seen(conn, request, subscription_id):
                return refused
            if to is SubscriptionState.ACTIVE and await subscriptions.is_of_a_disabled(conn, subscription_id):
                return problem(request, Refused(code="subscriber_disabled"))
            await subscriptions.move_subscription(conn, subscription_id, to)
            moved = _own(request.user, await subscriptions.find_subscription(conn, subscription_id))
        return _shown(moved)

    move.__doc__ = words
    return post(
        f"/v1/subscriptions/{{subscription_id:uuid}}/{path}",
        guards=[HEARS],
        status_code=200,
        tags=["subscriptions", "acts"],
        name=f"{path}_subscription",
        opt=Described(answers={200: SubscriptionView}).opt(),
    )(move)


@post(
    "/v1/subscriptions/{subscription_id:uuid}/rotate-secret",
    guards=[HEARS],
    status_code=200,
    tags=["subscriptions", "acts"],
    opt=Described(answers={200: WithSecret}).opt(),
)
async def rotate_secret(
    request: Call, state: State, subscription_id: FromPath[UUID], data: JSONBody[NoBody]
) -> Response[Any]:
    """Another secret, shown this once. For a day deliveries have a signature by each of the two."""
    del data
    secret = secrets.new_secret()
    async with transaction(state.engine) as conn:
        if refused := await _seen(conn, request, subscription_id):
            return refused
        key = await subscriptions.wrapped_key_of(conn, subscription_id)
        if not key:
            return problem(request, Refused(code="nothing_signed"))
        sealed = secrets.seal(state.sealer, key, subscription_id, secret)
        await subscriptions.rotate_secret(conn, subscription_id, sealed, until=datetime.now(UTC) + OVERLAP)
        found = _own(request.user, await subscriptions.find_subscription(conn, subscription_id))
    headers = etag(str(found.version))
    return Response(with_secret(found, secret), status_code=200, media_type=MediaType.JSON, headers=headers)


@post(
    "/v1/subscriptions/{subscription_id:uuid}/test",
    guards=[HEARS],
    status_code=202,
    tags=["subscriptions", "acts"],
    opt=Described(answers={202: TestSent}).opt(),
)
async def send_test(
    request: Call, state: State, subscription_id: FromPath[UUID], data: JSONBody[NoBody]
) -> Response[Any]:
    """Send `yimen.subscription.tested.v1`, which tells of no case, by the way that all others go."""
    del data
    event_id, now = new_id(), datetime.now(UTC)
    event = {
        "specversion": "1.0",
        "id": str(event_id),
        "source": "/yimen/notify",
        "type": f"yimen.{TEST}.v1",
        "time": now.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"subscription_id": str(subscription_id)},
    }
    async with transaction(state.engine) as conn:
        if refused := await _seen(conn, request, subscription_id, active=True):
            return refused
        owed = Owed(subscription_id, event_id, None, TEST, repeated=False, event=msgspec.json.encode(event))
        await store.add_deliveries(conn, [owed], now=now)
        latest = await queries.list_deliveries(conn, subscription_id, before=queries.LAST, most=1)
    sent = TestSent(delivery=latest[0].id, event_id=event_id)
    return Response(sent, status_code=202, media_type=MediaType.JSON)


@post(
    "/v1/subscriptions/{subscription_id:uuid}/redrive",
    guards=[HEARS],
    status_code=200,
    tags=["subscriptions", "acts"],
    opt=Described(answers={200: Redriven}).opt(),
)
async def redrive(request: Call, state: State, subscription_id: FromPath[UUID], data: JSONBody[Range]) -> Response[Any]:
    """Try again what was given up, of events that came in a range of time; the oldest 10,000 at once."""
    now = datetime.now(UTC)
    until = data.until or now
    if until < data.since:
        return problem(request, Refused.of(Fault("until", "range_order")))
    async with transaction(state.engine) as conn:
        if refused := await _seen(conn, request, subscription_id, active=True):
            return refused
        number = await store.redrive(
            conn, subscription_id, since=data.since, until=until, now=now, most=REDRIVEN_AT_ONCE
        )
    return Response(Redriven(deliveries=number), status_code=200, media_type=MediaType.JSON)


@post(
    "/v1/subscriptions/{subscription_id:uuid}/replay",
    guards=[HEARS],
    status_code=202,
    tags=["subscriptions", "acts"],
    opt=Described(answers={202: Replay}).opt(),
)
async def replay(request: Call, state: State, subscription_id: FromPath[UUID], data: JSONBody[Again]) -> Response[Any]:
    """Hear everything since a moment again, or one case. What is repeated says so (`repeated`)."""
    now = datetime.now(UTC)
    faults = list(making.faults_of_since(data.since, state.clock.now()))
    if (data.since is None) == (data.case is None):
        faults.append(Fault("", "one_of", {"known": ["case", "since"]}))
    if faults:
        return problem(request, Refused.of(*faults))
    async with transaction(state.engine) as conn:
        if refused := await _seen(conn, request, subscription_id, active=True):
            return refused
        if any(not _may_follow(one, data, now) for one in await replays.list_replays(conn, subscription_id, most=1)):
            return problem(request, Refused(code="replay_runs", facts={"minutes": REST.seconds // 60}))
        await replays.add_replay(conn, new_id(), subscription_id, now=now, since=data.since, case_id=data.case)
        (added,) = await replays.list_replays(conn, subscription_id, most=1)
    return Response(added, status_code=202, media_type=MediaType.JSON)


@get("/v1/subscriptions/{subscription_id:uuid}/replays", guards=[HEARS], tags=["subscriptions"])
async def list_replays(request: Call, state: State, subscription_id: FromPath[UUID]) -> list[Replay]:
    """The latest 20 and how far each has come, the latest first."""
    async with transaction(state.engine) as conn:
        _own(request.user, await subscriptions.find_subscription(conn, subscription_id))
        return await replays.list_replays(conn, subscription_id, most=20)


def _may_follow(before: Replay, asked: Again, now: datetime) -> bool:
    """One case may be heard again as soon as nothing runs; everything, after a rest."""
    return before.done_at is not None and (asked.case is not None or now - before.asked_at >= REST)


@get("/v1/deliveries", guards=[HEARS], tags=["deliveries"])
async def list_deliveries(
    request: Call,
    state: State,
    subscription: Annotated[UUID | None, QueryParameter(description="Mandatory: whose.")] = None,
    of: Annotated[DeliveryState | None, QueryParameter(name="state")] = None,
    case: Annotated[UUID | None, QueryParameter(description="Its id.")] = None,
    cursor: Annotated[int, QueryParameter(ge=0)] = queries.LAST,
    limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE)] = 50,
) -> DeliveryPage:
    """What is or was owed to a subscription, the latest first; nothing where the caller has no such subscription."""
    if subscription is None:
        raise Rejected("missing", Fault("subscription", "missing"))
    async with transaction(state.engine) as conn:
        if not _holds(request.user, await subscriptions.find_subscription(conn, subscription)):
            return DeliveryPage(items=[])
        found = await queries.list_deliveries(conn, subscription, state=of, case_id=case, before=cursor, most=limit + 1)
    page = found[:limit]
    return DeliveryPage(items=page, next=str(page[-1].id) if len(found) > limit else None)


@get("/v1/deliveries/{delivery_id:int}", guards=[HEARS], tags=["deliveries"])
async def show_delivery(request: Call, state: State, delivery_id: FromPath[int]) -> DeliveryWithAttempts:
    """One, with every attempt: when, how it went, and the HTTP status if there was an answer."""
    if not 0 <= delivery_id <= queries.LAST:
        raise Rejected("not_found")
    async with transaction(state.engine) as conn:
        found = await queries.find_delivery(conn, delivery_id)
        if found is None:
            raise Rejected("not_found")
        _own(request.user, await subscriptions.find_subscription(conn, found.subscription_id))
    return found


async def _seen(
    conn: AsyncConnection, request: Call, subscription: UUID, *, active: bool = False
) -> Response[Any] | None:
    """Locks it. Refused if it has changed since it was seen, or is disabled where it must not be."""
    found = _own(request.user, await subscriptions.lock_subscription(conn, subscription))
    if is_stale(request, str(found.version)):
        return problem(request, stale([found.state.value]), etag(str(found.version)))
    if active and found.state is SubscriptionState.DISABLED:
        return problem(request, Refused(code="subscription_state", facts={"state": found.state}))
    return None


def _own(user: Principal, found: Subscription | None) -> Subscription:
    """Raises `Rejected` for whoever does not hold it: for them there is none."""
    if found is None or not _holds(user, found):
        raise Rejected("not_found")
    return found


def _holds(user: Principal, found: Subscription | None) -> bool:
    return (
        found is not None
        and found.channel not in MESSAGE_CHANNELS
        and (_runs_all(user) or held_by(found.holder) == held_by(making.holder_of(user)))
    )


def _runs_all(user: Principal) -> bool:
    return user.role is Role.OPS and user.area is None


def _shown(found: Subscription) -> Response[SubscriptionView]:
    return Response(to_view(found), media_type=MediaType.JSON, headers=etag(str(found.version)))


def _after(cursor: str) -> UUID:
    try:
        return UUID(cursor) if cursor else FIRST
    except ValueError:
        raise Rejected("bad_cursor", BAD_CURSOR) from None


ROUTES: list[HTTPRouteHandler] = [
    subscribe,
    list_subscriptions,
    show_subscription,
    _moving("pause", SubscriptionState.PAUSED, "Send nothing until it is resumed; what happens meanwhile is kept."),
    _moving("resume", SubscriptionState.ACTIVE, "Go on with what waits, also after it was disabled."),
    _moving("disable", SubscriptionState.DISABLED, "Hear of nothing more. What waits goes out if it is resumed."),
    rotate_secret,
    send_test,
    redrive,
    replay,
    list_replays,
    list_deliveries,
    show_delivery,
]
