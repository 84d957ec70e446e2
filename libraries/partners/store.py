"""SQL of what the registry of partners says, in the schema of the service that asks."""

from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import DateTime, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import Role
from contracts.events.partners import AnyPartnerEvent, PartnerChanged, SigningKeyChanged, TokenRevoked

_MOMENT: Final = DateTime(timezone=True)
_PARTNER: Final = text(
    """
    INSERT INTO partners AS p (name, version, role, office, area, sources, issuer, issuer_subject, disabled,
                               tokens_from, changed_at)
    VALUES (:partner, :version, :role, :office, :area, CAST(:sources AS jsonb), :issuer, :issuer_subject, :disabled,
            :tokens_from, :changed_at)
    ON CONFLICT (name) DO UPDATE
    SET version = excluded.version, role = excluded.role, office = excluded.office, area = excluded.area,
        sources = excluded.sources, issuer = excluded.issuer, issuer_subject = excluded.issuer_subject,
        disabled = excluded.disabled, tokens_from = excluded.tokens_from, changed_at = excluded.changed_at
    WHERE (p.version, p.changed_at) < (excluded.version, excluded.changed_at)
    """
).bindparams(bindparam("tokens_from", type_=_MOMENT), bindparam("changed_at", type_=_MOMENT))
_TOKEN: Final = text(
    """
    INSERT INTO revoked_tokens (token_id, ends_at, revoked_at) VALUES (:token_id, :ends_at, :revoked_at)
    ON CONFLICT (token_id) DO NOTHING
    """
).bindparams(bindparam("ends_at", type_=_MOMENT), bindparam("revoked_at", type_=_MOMENT))
_KEY: Final = text(
    """
    INSERT INTO signing_keys AS k (key_id, version, public_key, ends_at, changed_at)
    VALUES (:key_id, :version, :public_key, :ends_at, :changed_at)
    ON CONFLICT (key_id) DO UPDATE
    SET version = excluded.version, public_key = excluded.public_key, ends_at = excluded.ends_at,
        changed_at = excluded.changed_at
    WHERE k.version < excluded.version
    """
).bindparams(bindparam("ends_at", type_=_MOMENT), bindparam("changed_at", type_=_MOMENT))
_STATE: Final = text(
    """
    SELECT (SELECT count(*) FROM partners), (SELECT sum(version) FROM partners),
           (SELECT count(*) FROM revoked_tokens),
           (SELECT count(*) FROM signing_keys), (SELECT sum(version) FROM signing_keys)
    """
)
_COLUMNS: Final = (
    "name, version, role, office, area, sources, issuer, issuer_subject, disabled, tokens_from, changed_at"
)
_PARTNERS: Final = text(f"SELECT {_COLUMNS} FROM partners ORDER BY name")
_PARTNER_OF: Final = text(f"SELECT {_COLUMNS} FROM partners WHERE name = :name")
_TOKENS: Final = text("SELECT token_id FROM revoked_tokens")
_KEYS: Final = text("SELECT key_id, version, public_key, ends_at FROM signing_keys ORDER BY key_id")
_FORGET: Final = text("DELETE FROM revoked_tokens WHERE ends_at < :now").bindparams(bindparam("now", type_=_MOMENT))


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is and what it may do."""

    name: str
    version: int
    role: Role
    office: str
    area: str
    sources: tuple[str, ...]
    issuer: str
    issuer_subject: str
    disabled: bool
    tokens_from: datetime
    changed_at: datetime


class PublicKey(NamedTuple):
    key_id: str
    version: int
    public_key: str
    ends_at: datetime | None


async def save(conn: AsyncConnection, said: AnyPartnerEvent) -> None:
    """As the registry has said it; nothing changes if it was heard before."""
    values: dict[str, Any] = msgspec.structs.asdict(said)
    match said:
        case PartnerChanged():
            values |= {"role": said.role.value, "sources": msgspec.json.encode(said.sources).decode()}
            await conn.execute(_PARTNER, values)
        case TokenRevoked():
            await conn.execute(_TOKEN, values)
        case SigningKeyChanged():
            await conn.execute(_KEY, values)


async def state(conn: AsyncConnection) -> tuple[Any, ...]:
    """Another one whenever something has changed."""
    return tuple((await conn.execute(_STATE)).one())


async def list_partners(conn: AsyncConnection) -> list[Partner]:
    """By name."""
    return [msgspec.convert(dict(row), Partner) for row in (await conn.execute(_PARTNERS)).mappings()]


async def find_partner(conn: AsyncConnection, name: str) -> Partner | None:
    row = (await conn.execute(_PARTNER_OF, {"name": name})).mappings().one_or_none()
    return msgspec.convert(dict(row), Partner) if row is not None else None


async def list_revoked(conn: AsyncConnection) -> frozenset[str]:
    return frozenset(await conn.scalars(_TOKENS))


async def list_keys(conn: AsyncConnection) -> list[PublicKey]:
    return [PublicKey(*row) for row in await conn.execute(_KEYS)]


async def forget_ended(conn: AsyncConnection, now: datetime) -> None:
    """Tokens that count no more by themselves."""
    await conn.execute(_FORGET, {"now": now})
