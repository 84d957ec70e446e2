"""How far the audit chain of a service has come, signed by the installation."""

from datetime import datetime
from typing import ClassVar

from contracts.events.base import Event


class AuditHeadSigned(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The chain of a service at one moment: whoever keeps this can tell later whether what is before it was changed.

    The signature is made over all other fields but `key`, as the reference page of the audit says.
    """

    TYPE: ClassVar[str] = "audit.head_signed"
    service: str
    position: int
    """Of the last row that is chained; counts from 1."""
    hash: str
    """SHA-256 in hexadecimal."""
    restored: bool = False
    """The database was restored from a backup: earlier heads with a greater position speak of what is no more."""
    key: str
    """The public key, Ed25519 in base64."""
    signature: str
    """In base64."""
    signed_at: datetime
