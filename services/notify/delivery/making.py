"""A new subscription: all that is wrong with it at once, and the secret that is shown once."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import OF_AN_OFFICE, DeliveryChannel, SubscriptionState
from contracts.refusals import Fault, Refused
from contracts.topics import ALERTS, CASES, PARTNER_EVENTS, REFERRALS
from libraries.ids import new_id
from libraries.policies import Policy
from libraries.runtime.audit.writing import note_change
from libraries.runtime.encryption import Sealer
from libraries.runtime.web.auth import Principal
from services.notify.delivery import replays, secrets, subscriptions
from services.notify.delivery.subscriptions import Subscription, held_by
from services.notify.delivery.views import NewSubscription
from services.notify.domain.subscriptions import SUBJECTS, TYPES, Filter, Holder
from services.notify.domain.targets import BadTarget, read_target

MOST_OF_A_HOLDER = 50
KEPT = min(topic.retention for topic in (CASES, REFERRALS, ALERTS))


def holder_of(user: Principal) -> Holder:
    return Holder(
        subject=user.subject,
        role=user.role,
        office=user.office,
        area=user.area,
        sources=tuple(sorted(user.sources)) if user.sources is not None else None,
        partner=user.partner,
    )


def faults_of(asked: NewSubscription, policy: Policy, named: frozenset[str], *, now: datetime) -> Iterator[Fault]:
    """What no subscription can have, whoever makes it. `now` is business time."""
    for place, name in enumerate(asked.events):
        if name not in TYPES | SUBJECTS:
            yield Fault(f"events.{place}", "not_one_of", {"allowed": sorted(SUBJECTS) + sorted(TYPES)})
    if asked.area is not None and policy.area(asked.area) is None:
        yield Fault("area", "unknown_area")
    for place, category in enumerate(asked.categories):
        if category not in policy.categories:
            yield Fault(f"categories.{place}", "unknown_category")
    for place, office in enumerate(asked.offices):
        if policy.office_now(office) is None:
            yield Fault(f"offices.{place}", "unknown_office")
    yield from faults_of_since(asked.since, now)
    yield from _faults_of_target(asked, named)


def _faults_of_target(asked: NewSubscription, named: frozenset[str]) -> Iterator[Fault]:
    if asked.channel is DeliveryChannel.KAFKA:
        if asked.url:
            yield Fault("url", "url_of_topic")
    elif not asked.url:
        yield Fault("url", "missing")
    else:
        try:
            read_target(asked.url, named)
        except BadTarget as error:
            yield Fault("url", error.code)


def faults_of_since(since: datetime | None, now: datetime) -> Iterator[Fault]:
    """Events are kept for so long on the topics, and no longer."""
    if since is not None and since > now:
        yield Fault("since", "since_ahead")
    elif since is not None and now - since > KEPT:
        yield Fault("since", "too_long_ago", {"days": KEPT.days})


def beyond_rights(asked: NewSubscription, user: Principal) -> Refused | None:
    """What the token may not know of, said at once where else silence would follow; and whether it has a topic."""
    if asked.channel is DeliveryChannel.KAFKA and not user.partner:
        return Refused(code="no_own_topic")
    if user.role in OF_AN_OFFICE and not all(user.speaks_for(office) for office in asked.offices):
        return Refused(code="own_office_only")
    if asked.area is not None and user.role not in OF_AN_OFFICE and not user.sees(asked.area):
        return Refused(code="outside_area")
    return None


async def make(
    conn: AsyncConnection, asked: NewSubscription, holder: Holder, sealer: Sealer, *, now: datetime
) -> tuple[Subscription, str] | Refused:
    """With its secret, which is empty where nothing is signed."""
    owner = held_by(holder)
    if await subscriptions.count_of_holder(conn, owner) >= MOST_OF_A_HOLDER:
        return Refused(code="too_many_subscriptions", facts={"most": MOST_OF_A_HOLDER})
    subscription = new_id()
    new = _new(subscription, asked, holder, now)
    secret, key, sealed = "", None, None
    if asked.channel is DeliveryChannel.WEBHOOK:
        secret, key = secrets.new_secret(), sealer.new_data_key()
        sealed = secrets.seal(sealer, key, subscription, secret)
    if not await subscriptions.add_subscription(conn, new, held_by=owner, wrapped_key=key, secret=sealed):
        return Refused(code="subscription_exists")
    await note_change(conn, "subscription.made", about=subscription)
    if asked.since is not None:
        await replays.add_replay(conn, new_id(), subscription, since=asked.since, now=now, repeated=False)
    return new, secret


def _new(subscription: UUID, asked: NewSubscription, holder: Holder, now: datetime) -> Subscription:
    wanted = Filter(
        events=asked.events,
        area=asked.area or "",
        fields=tuple(field.value for field in asked.fields),
        categories=asked.categories,
        offices=asked.offices,
    )
    return Subscription(
        id=subscription,
        channel=asked.channel,
        holder=holder,
        filter=wanted,
        name=asked.name,
        target=asked.url or PARTNER_EVENTS.named(holder.partner),
        state=SubscriptionState.ACTIVE,
        reason="",
        version=1,
        created_at=now,
        failures=0,
        open_until=None,
        catching_up=asked.since is not None,
    )
