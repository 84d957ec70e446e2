"""What is done with partners: written, and said to the other services in the same transaction."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import DateTime, LargeBinary, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import Role
from contracts.events.partners import AnyPartnerEvent, PartnerChanged, TokenRevoked
from libraries.partners import store
from libraries.partners.store import Partner
from libraries.runtime.audit.writing import note_change
from libraries.runtime.encryption import Sealer
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from services.notify.domain.credentials import CredentialId, Salted, hash_of, new_secret, salted

SERVICE: Final = "notify"
OVERLAP: Final = timedelta(hours=24)
"""For which a credential counts beside the one that takes over."""
SINCE_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
DISABLED: Final = "partner_disabled"
_MOMENT: Final = DateTime(timezone=True)
_ADD: Final = text(
    """
    INSERT INTO partner_credentials
        (partner, number, secret_hash, wrapped_key, salt, iterations, salted_password, created_at)
    VALUES (:partner, :number, :secret_hash, :wrapped_key, :salt, :iterations, :salted_password, :now)
    """
).bindparams(
    *(bindparam(name, type_=LargeBinary) for name in ("secret_hash", "wrapped_key", "salt", "salted_password")),
    bindparam("now", type_=_MOMENT),
)
_LIST: Final = text(
    """
    SELECT partner, number, secret_hash, wrapped_key, salt, iterations, salted_password, created_at, ends_at
    FROM partner_credentials WHERE :partner = '' OR partner = :partner ORDER BY partner, number
    """
)
_END: Final = text(
    "UPDATE partner_credentials SET ends_at = :until WHERE partner = :partner AND (ends_at IS NULL OR ends_at > :until)"
).bindparams(bindparam("until", type_=_MOMENT))
_STOP_SUBSCRIPTIONS: Final = text(
    """
    UPDATE subscriptions SET state = 'disabled', reason = :reason, version = version + 1
    WHERE holder ->> 'partner' = :partner AND state <> 'disabled'
    RETURNING name
    """
)


class NewPartner(NamedTuple):
    """As it is asked for; checked by whoever asks."""

    name: str
    role: Role
    office: str = ""
    area: str = ""
    sources: tuple[str, ...] = ()
    issuer: str = ""
    issuer_subject: str = ""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One of a partner's, without its secret."""

    partner: str
    number: int
    secret_hash: bytes
    wrapped_key: bytes
    salt: bytes
    iterations: int
    salted_password: bytes
    """Sealed."""
    created_at: datetime
    ends_at: datetime | None

    @property
    def id(self) -> str:
        return str(CredentialId(self.partner, self.number))

    def counts(self, now: datetime) -> bool:
        return self.ends_at is None or self.ends_at > now


class Issued(NamedTuple):
    """A credential with its secret, which is shown this once."""

    id: str
    secret: str


async def add(conn: AsyncConnection, new: NewPartner, sealer: Sealer, now: datetime) -> Issued | None:
    """`None` if its name, or its issuer and subject, are registered already."""
    known = await _locked(conn)
    if new.name in known:
        return None
    if new.issuer and any((new.issuer, new.issuer_subject) == (p.issuer, p.issuer_subject) for p in known.values()):
        return None
    await _say(conn, PartnerChanged(version=1, partner=new.name, **_rest(new), tokens_from=SINCE_EVER, changed_at=now))
    return await _issue(conn, new.name, 1, sealer, now)


async def rotate(conn: AsyncConnection, name: str, sealer: Sealer, now: datetime) -> Issued | None:
    """Another credential; those of before count for a day more. `None` if there is no such partner."""
    if name not in await _locked(conn):
        return None
    last = max((one.number for one in await list_credentials(conn, name)), default=0)
    await conn.execute(_END, {"partner": name, "until": now + OVERLAP})
    return await _issue(conn, name, last + 1, sealer, now)


async def disable(conn: AsyncConnection, name: str, now: datetime) -> list[str] | None:
    """It calls no more, its tokens are refused and its subscriptions end: their names. `None` if there is none."""
    found = (await _locked(conn)).get(name)
    if found is None:
        return None
    await _say(conn, _changed(found, now, disabled=True, tokens_from=now))
    return list(await conn.scalars(_STOP_SUBSCRIPTIONS, {"partner": name, "reason": DISABLED}))


async def enable(conn: AsyncConnection, name: str, now: datetime) -> bool:
    """It may call again, by new tokens. Its subscriptions wait for it to take them up."""
    found = (await _locked(conn)).get(name)
    if found is not None:
        await _say(conn, _changed(found, now, disabled=False))
    return found is not None


async def revoke(conn: AsyncConnection, token_id: str, *, ends_at: datetime, now: datetime) -> None:
    """One token, whoever issued it."""
    await _say(conn, TokenRevoked(token_id=token_id, ends_at=ends_at, revoked_at=now), key=token_id)


async def list_credentials(conn: AsyncConnection, partner: str = "") -> list[Credential]:
    """Of one partner, or of all."""
    found = (await conn.execute(_LIST, {"partner": partner})).mappings()
    return [msgspec.convert(dict(row), Credential) for row in found]


def password_of(credential: Credential, sealer: Sealer) -> Salted:
    """What a broker is told."""
    opened = sealer.open(credential.wrapped_key, credential.salted_password, _context(credential.id))
    return Salted(credential.salt, credential.iterations, opened)


async def _issue(conn: AsyncConnection, partner: str, number: int, sealer: Sealer, now: datetime) -> Issued:
    name, secret, wrapped = str(CredentialId(partner, number)), new_secret(), sealer.new_data_key()
    await note_change(conn, "partner.credential_issued", about=name)
    found = salted(secret)
    values = {
        "partner": partner,
        "number": number,
        "secret_hash": hash_of(secret),
        "wrapped_key": wrapped,
        "salt": found.salt,
        "iterations": found.iterations,
        "salted_password": sealer.seal(wrapped, found.password, _context(name)),
        "now": now,
    }
    await conn.execute(_ADD, values)
    return Issued(name, secret)


async def _locked(conn: AsyncConnection) -> dict[str, Partner]:
    """One change of the registry at a time."""
    await conn.execute(text("LOCK TABLE partners IN SHARE ROW EXCLUSIVE MODE"))
    return {one.name: one for one in await store.list_partners(conn)}


async def _say(conn: AsyncConnection, event: AnyPartnerEvent, key: str = "") -> None:
    await store.save(conn, event)
    at = event.revoked_at if isinstance(event, TokenRevoked) else event.changed_at
    name = event.partner if isinstance(event, PartnerChanged) else key
    await journal.add(conn, SERVICE, [Outgoing(event=event, at=at, key=name)])


def _changed(found: Partner, now: datetime, **changes: Any) -> PartnerChanged:
    values = msgspec.structs.asdict(found) | {"version": found.version + 1, "changed_at": now} | changes
    return PartnerChanged(partner=values.pop("name"), **values)


def _rest(new: NewPartner) -> dict[str, Any]:
    return {name: value for name, value in new._asdict().items() if name != "name"}


def _context(credential: str) -> str:
    return f"partner/{credential}/password"
