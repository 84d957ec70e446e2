"""What notify says beside clock alerts: supervision and the fate of messages to people."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from contracts.codes import ClockKind, SupervisionLevel
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


AnySupervision = SupervisionReminded | SupervisionUrged | SupervisionSupervised | SupervisionListed
