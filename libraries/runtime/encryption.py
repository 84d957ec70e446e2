"""Personal data at rest: one data key per case, wrapped by the installation's key.

AES-256-GCM (NIST SP 800-38D) for the data, AES key wrap (RFC 3394) for the key. Destroying a wrapped key destroys
the data.
"""

import hashlib
import hmac
import os
from base64 import b64decode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

NONCE_BYTES = 12
CANARY = b"yimen"


class CannotOpen(ValueError):
    """The key, the context or the data is not the one that was sealed."""


class Sealer:
    """Seals and opens with the installation's key."""

    def __init__(self, key: str) -> None:
        self._master = b64decode(key)

    def new_data_key(self) -> bytes:
        """A fresh data key, wrapped; this is what is stored."""
        return aes_key_wrap(self._master, os.urandom(32))

    def seal(self, wrapped: bytes, plaintext: bytes, context: str) -> bytes:
        """`context` names case and field, so that a sealed value cannot be moved to another."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self._unwrap(wrapped)).encrypt(nonce, plaintext, context.encode())

    def open(self, wrapped: bytes, sealed: bytes, context: str) -> bytes:
        try:
            cipher = AESGCM(self._unwrap(wrapped))
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise CannotOpen("the sealed value does not open") from None

    def keyed_hash(self, purpose: str, data: bytes) -> bytes:
        """32 bytes that tell whether two pieces of data are equal, to nobody without the installation's key.

        HMAC-SHA256 (RFC 2104) under a key of its own for each purpose.
        """
        key = hmac.digest(self._master, f"yimen/keyed-hash/{purpose}".encode(), hashlib.sha256)
        return hmac.digest(key, data, hashlib.sha256)

    def _unwrap(self, wrapped: bytes) -> bytes:
        try:
            return aes_key_unwrap(self._master, wrapped)
        except InvalidUnwrap:
            raise CannotOpen("the data key does not open with this sealing key") from None


async def check_key(conn: AsyncConnection, sealer: Sealer) -> None:
    """Raises `CannotOpen` if the database was sealed with another key; the first start leaves the canary."""
    wrapped = sealer.new_data_key()
    sealed = sealer.seal(wrapped, CANARY, "canary")
    await conn.execute(
        text(
            "INSERT INTO sealing_check (name, wrapped, sealed) VALUES ('canary', :wrapped, :sealed)"
            " ON CONFLICT (name) DO NOTHING"
        ),
        {"wrapped": wrapped, "sealed": sealed},
    )
    row = (await conn.execute(text("SELECT wrapped, sealed FROM sealing_check WHERE name = 'canary'"))).one()
    sealer.open(row.wrapped, row.sealed, "canary")
