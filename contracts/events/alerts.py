"""What notify says beside clock alerts: supervision and the fate of messages to people."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from contracts.codes import SupervisionLevel
from contracts.events.base import CaseBound


class Supervision(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """A rung of the supervision ladder was reached for one clock."""

    clock_id: UUID
    office: str
    area: str
    level: SupervisionLevel
    recipients: tuple[str, ...]
    """Offices that are told, by code."""
    at: datetime


class SupervisionReminded(Supervision, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "supervision.reminded"


class SupervisionUrged(Supervision, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "supervision.urged"


class SupervisionSupervised(Supervision, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "supervision.supervised"


class SupervisionListed(Supervision, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "supervision.listed"
