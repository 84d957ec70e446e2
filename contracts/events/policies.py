"""Which policy is in force from when, said to the services and to whoever wants to know by which rules we decide."""

from datetime import date, datetime
from typing import ClassVar

from contracts.events.base import Event


class PolicyActivated(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A version of the policy is in force from a moment on.

    Of all activations that have started the one with the greatest number counts. Who activated it and why stands in
    routing's tables alone.
    """

    TYPE: ClassVar[str] = "policy.activated"
    activation: int
    """Counts from 1."""
    pack: str
    policy_version: str
    effective_from: date
    """As the pack says; it is in force from `starts_at` on."""
    starts_at: datetime
    content: bytes
    """The files of the pack and of its parents: MessagePack, compressed with zlib."""
    activated_at: datetime
