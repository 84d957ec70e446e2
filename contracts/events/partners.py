"""Who may call as which partner, which tokens count no more, and by which keys tokens are signed."""

from datetime import datetime
from typing import ClassVar

from contracts.codes import Role
from contracts.events.base import Event


class PartnerChanged(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A partner as it stands from now on: what its tokens open follows from this, and not from the token."""

    TYPE: ClassVar[str] = "partner.changed"
    partner: str
    version: int
    """Counts from 1; what is older is passed over."""
    role: Role
    office: str = ""
    area: str = ""
    sources: tuple[str, ...] = ()
    """Of a township's system: what it may register."""
    issuer: str = ""
    """Of another identity provider whose tokens speak for it, beside those of our own."""
    issuer_subject: str = ""
    disabled: bool = False
    tokens_from: datetime
    """Its tokens of before are refused."""
    changed_at: datetime


class TokenRevoked(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A token that is refused although it has not ended."""

    TYPE: ClassVar[str] = "token.revoked"
    token_id: str
    ends_at: datetime
    """When it would have ended; nobody has to know of it after that."""
    revoked_at: datetime


class SigningKeyChanged(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A key by which tokens of partners are checked. Only its public half travels."""

    TYPE: ClassVar[str] = "signing_key.changed"
    key_id: str
    version: int
    public_key: str
    """JSON Web Key (RFC 7517)."""
    ends_at: datetime | None = None
    """No token of it is good after that."""
    changed_at: datetime


AnyPartnerEvent = PartnerChanged | TokenRevoked | SigningKeyChanged
