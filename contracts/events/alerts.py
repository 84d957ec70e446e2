"""What notify says beside clock alerts: supervision and the fate of messages to people."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from contracts.codes import AttemptResult, Audience, ClockKind, DeliveryChannel, SupervisionLevel
from contracts.events.base import CaseBound


class Supervision(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """A level of the escalation policy was reached for one clock."""

    clock_id: UUID
    office: str
    area: str
    level: SupervisionLevel
    recipients: tuple[str, ...]
    """Offices that are told, by code."""
    at: datetime
    kind: ClockKind | None = None
    version: int = 0
    """Of the clock whose last day came or whose limit broke: each level is said once for it."""
    due_at: datetime | None = None
    referral_id: UUID | None = None
    late_seconds: int = 0
    """From the moment at which the level was to be reached until it was; people are told in working hours only."""
    statutory: bool = False
    """Whether a law sets this level, and not an office's own rule."""
    provisional: bool = False
    """`due_at` was counted through days that a notice of holidays may still move."""


class SupervisionReminded(Supervision, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "supervision.reminded"


class SupervisionUrged(Supervision, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "supervision.urged"


class SupervisionSupervised(Supervision, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "supervision.supervised"


class SupervisionListed(Supervision, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "supervision.listed"


class Notification(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one message to people. To whom it went, as an address or a number, is told to nobody."""

    message_id: UUID
    """The same at every attempt; an e-mail has it as `Message-ID`, a gateway gets it as `Idempotency-Key`."""
    about: str
    """The event behind it without its version, for example `case.accepted`."""
    audience: Audience
    channel: DeliveryChannel
    office: str = ""
    """That is written to; empty of the applicant."""
    at: datetime


class NotificationSent(Notification, frozen=True, kw_only=True, omit_defaults=True):
    """The mail server or the gateway has taken it."""

    TYPE: ClassVar[str] = "notification.sent"


class NotificationFailed(Notification, frozen=True, kw_only=True, omit_defaults=True):
    """One attempt went wrong."""

    TYPE: ClassVar[str] = "notification.failed"
    reason: AttemptResult
    final: bool = False
    """It is not tried again."""


class NotificationSuppressed(Notification, frozen=True, kw_only=True, omit_defaults=True):
    """It is not sent: no address, an applicant who wants no messages, data that was erased."""

    TYPE: ClassVar[str] = "notification.suppressed"
    reason: AttemptResult


class NotificationPostponed(Notification, frozen=True, kw_only=True, omit_defaults=True):
    """Quiet hours: it goes out when they end."""

    TYPE: ClassVar[str] = "notification.postponed"
    until: datetime


AnyNotification = NotificationSent | NotificationFailed | NotificationSuppressed | NotificationPostponed
AnySupervision = SupervisionReminded | SupervisionUrged | SupervisionSupervised | SupervisionListed
