"""Subscriptions and deliveries as they are asked for and shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from contracts.codes import AttemptResult, DeliveryChannel, DeliveryState, Field, SubscriptionState
from contracts.offices import OFFICE
from contracts.submissions import AREA_FORM, Identifier
from services.notify.delivery.subscriptions import Subscription

NAME_FORM = r"^[a-z][a-z0-9-]{0,39}$"
MOST = 50

Name = Annotated[str, Meta(pattern=NAME_FORM)]


class NewSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be heard, and where. A part of the filter that is left out lets everything through."""

    name: Name
    """Of the holder's choice; each once."""
    channel: DeliveryChannel = DeliveryChannel.WEBHOOK
    """`kafka`: the topic `partners.<name>.events.v1` of a partner of the registry."""
    url: Annotated[str, Meta(max_length=2000)] = ""
    """Of a webhook, which needs one: https, at a public address."""
    events: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...], Meta(max_length=MOST)] = ()
    """Types as `referral.dispatched`, or subjects as `referral`."""
    area: Annotated[str, Meta(pattern=AREA_FORM)] | None = None
    """With all below it."""
    fields: Annotated[tuple[Field, ...], Meta(max_length=MOST)] = ()
    categories: Annotated[tuple[Identifier, ...], Meta(max_length=MOST)] = ()
    offices: Annotated[tuple[Annotated[str, Meta(pattern=f"^{OFFICE}$")], ...], Meta(max_length=MOST)] = ()
    since: datetime | None = None
    """Also what happened from this moment on; events are kept for 30 days."""


class SubscriptionView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One subscription. Its secret is shown once, when it is made."""

    id: UUID
    name: str
    channel: DeliveryChannel
    target: str
    events: tuple[str, ...]
    area: str
    fields: tuple[str, ...]
    categories: tuple[str, ...]
    offices: tuple[str, ...]
    state: SubscriptionState
    reason: str = ""
    """Why it was disabled, if not by its holder: `gone`."""
    created_at: datetime
    waiting: int
    """Deliveries; 10,000 are that many or more."""
    oldest_at: datetime | None = None
    """Since when the oldest of them waits."""
    failures: int = 0
    """In a row."""
    catching_up: bool = False
    """It is sent nothing before all that it asked for of the time before it is there."""
    rests_until: datetime | None = None
    """The endpoint has failed again and again, and is not tried before."""


class WithSecret(SubscriptionView, frozen=True, kw_only=True):
    """With the secret by which webhooks are signed. It is not shown again. On a topic nothing is signed."""

    secret: str = ""


class SubscriptionPage(msgspec.Struct, frozen=True, kw_only=True):
    """`next` goes into `cursor` of the following call; absent on the last page."""

    items: Sequence[SubscriptionView]
    next: str | None = None


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries that came to be from one moment to another; to now if no end is named."""

    since: datetime
    until: datetime | None = None


class NoBody(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing more is to be said."""


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be heard again: everything since a moment, or one case. One of the two."""

    since: datetime | None = None
    case: UUID | None = None
    """Its id."""


class Redriven(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries are tried again. Where it is the most at once (10,000), ask again."""

    deliveries: int


class TestSent(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery by which the test event goes out."""

    delivery: int
    event_id: UUID


class AttemptView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One attempt, with the HTTP status if there was an answer."""

    at: datetime
    result: AttemptResult
    status: int | None = None
    milliseconds: int


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event that is or was owed to a subscription."""

    id: int
    subscription_id: UUID
    event_id: UUID
    case_id: UUID | None = None
    type: str
    repeated: bool = False
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_at: datetime | None = None
    settled_at: datetime | None = None


class DeliveryWithAttempts(DeliveryView, frozen=True, kw_only=True):
    """And how each attempt went, in order."""

    history: Sequence[AttemptView]


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """`next` goes into `cursor` of the following call; absent on the last page."""

    items: Sequence[DeliveryView]
    next: str | None = None


def to_view(found: Subscription) -> SubscriptionView:
    return SubscriptionView(**_values(found))


def with_secret(found: Subscription, secret: str) -> WithSecret:
    return WithSecret(**_values(found), secret=secret)


def _values(found: Subscription) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "channel": found.channel,
        "target": found.target,
        **msgspec.structs.asdict(found.filter),
        "state": found.state,
        "reason": found.reason,
        "created_at": found.created_at,
        "waiting": found.waiting,
        "oldest_at": found.oldest_at,
        "failures": found.failures,
        "catching_up": found.catching_up,
        "rests_until": found.open_until,
    }
