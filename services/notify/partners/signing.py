"""The keys by which tokens of partners are signed: made here, kept sealed, known to all by their public half.

Two count at a time: a new one is known to everybody before it signs, and the old one until its last token has ended.
"""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from sqlalchemy import DateTime, LargeBinary, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.partners import SigningKeyChanged
from libraries.ids import new_id
from libraries.partners import store
from libraries.runtime.encryption import Sealer
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from libraries.runtime.web.auth import ISSUER

SERVICE: Final = "notify"
ALGORITHM: Final = "ES256"
TOKEN_LIVES: Final = timedelta(minutes=10)
KNOWN_FOR: Final = timedelta(minutes=2)
"""How long a new key is known before it signs."""
_MOMENT: Final = DateTime(timezone=True)
_ADD: Final = text(
    """
    INSERT INTO signing_secrets (key_id, wrapped_key, private_key, signs_from)
    VALUES (:key_id, :wrapped_key, :private_key, :signs_from)
    """
).bindparams(
    bindparam("wrapped_key", type_=LargeBinary),
    bindparam("private_key", type_=LargeBinary),
    bindparam("signs_from", type_=_MOMENT),
)
_FIND: Final = text(
    """
    SELECT key_id, wrapped_key, private_key FROM signing_secrets
    WHERE signs_from <= :now ORDER BY signs_from DESC LIMIT 1
    """
).bindparams(bindparam("now", type_=_MOMENT))


class Signed(NamedTuple):
    token: str
    token_id: str
    ends_at: datetime


async def begin(conn: AsyncConnection, sealer: Sealer, now: datetime) -> None:
    """The first key, if there is none."""
    await conn.execute(text("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE"))
    if not await store.list_keys(conn):
        await _add(conn, sealer, now, signs_from=now)


async def rotate(conn: AsyncConnection, sealer: Sealer, now: datetime) -> tuple[str, datetime]:
    """Another key takes over at the moment that is returned with its id."""
    await conn.execute(text("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE"))
    signs_from = now + KNOWN_FOR
    for old in await store.list_keys(conn):
        if old.ends_at is None:
            ended = SigningKeyChanged(
                key_id=old.key_id,
                version=old.version + 1,
                public_key=old.public_key,
                ends_at=signs_from + TOKEN_LIVES + KNOWN_FOR,
                changed_at=now,
            )
            await _say(conn, ended)
    return await _add(conn, sealer, now, signs_from=signs_from), signs_from


async def sign(
    conn: AsyncConnection, sealer: Sealer, *, partner: str, client: str, audience: str, now: datetime
) -> Signed:
    """An access token (RFC 9068) for a partner."""
    row = (await conn.execute(_FIND, {"now": now})).one()
    private = sealer.open(bytes(row.wrapped_key), bytes(row.private_key), _context(row.key_id))
    token_id, ends_at = str(new_id()), now + TOKEN_LIVES
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": audience,
        "sub": partner,
        "client_id": client,
        "jti": token_id,
        "iat": now,
        "exp": ends_at,
    }
    token = jwt.encode(claims, private, ALGORITHM, headers={"kid": row.key_id, "typ": "at+jwt"})
    return Signed(token, token_id, ends_at)


async def _add(conn: AsyncConnection, sealer: Sealer, now: datetime, *, signs_from: datetime) -> str:
    key, key_id = ec.generate_private_key(ec.SECP256R1()), str(new_id())
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": key_id, "use": "sig", "alg": ALGORITHM}
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    await _say(
        conn, SigningKeyChanged(key_id=key_id, version=1, public_key=_json(public), ends_at=None, changed_at=now)
    )
    wrapped = sealer.new_data_key()
    values = {
        "key_id": key_id,
        "wrapped_key": wrapped,
        "private_key": sealer.seal(wrapped, private, _context(key_id)),
        "signs_from": signs_from,
    }
    await conn.execute(_ADD, values)
    return key_id


async def _say(conn: AsyncConnection, event: SigningKeyChanged) -> None:
    await store.save(conn, event)
    await journal.add(conn, SERVICE, [Outgoing(event=event, at=event.changed_at, key=event.key_id)])


def _json(public: dict[str, Any]) -> str:
    return msgspec.json.encode(public).decode()


def _context(key_id: str) -> str:
    return f"signing_key/{key_id}"
