"""Personal data at rest: one data key per case, wrapped by the installation's key.

AES-256-GCM (NIST SP 800-38D) for the data, AES key wrap (RFC 3394) for the key. Destroying a wrapped key destroys
the data.
"""

import hashlib
import hmac
import os
from base64 import b64decode
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from libraries.runtime.settings import RuntimeSettings, keys_of

NONCE_BYTES = 12
CANARY, INDEX = b"yimen", "index"


class CannotOpen(ValueError):
    """The key, the context or the data is not the one that was sealed."""


class Sealer:
    """Seals with the installation's key, and opens with it or with one of before.

    What is only compared goes by the index key, which does not change with the sealing key: fingerprints, receipts and
    the match keys of applicants could not be made again.
    """

    def __init__(self, key: str, *, before: Sequence[str] = (), index_key: str = "") -> None:
        self._master, *self._before = (b64decode(one) for one in (key, *before))
        self._index = b64decode(index_key) if index_key else self._master

    @classmethod
    def of(cls, settings: RuntimeSettings) -> "Sealer":
        return cls(
            settings.sealing_key.get_secret_value(),
            before=keys_of(settings.sealing_keys_before),
            index_key=settings.index_key.get_secret_value(),
        )

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
        key = hmac.digest(self._index, f"yimen/keyed-hash/{purpose}".encode(), hashlib.sha256)
        return hmac.digest(key, data, hashlib.sha256)

    def is_index_of(self, found: bytes) -> bool:
        """Whether a database was indexed with this key, by what its first start has left there."""
        return hmac.compare_digest(bytes(found), self.keyed_hash(INDEX, CANARY))

    def rewrapped(self, wrapped: bytes) -> bytes | None:
        """The same data key, wrapped by the key of today; `None` where it is so already. Raises `CannotOpen`."""
        if _unwrapped(self._master, wrapped) is not None:
            return None
        return aes_key_wrap(self._master, self._unwrap(wrapped))

    def _unwrap(self, wrapped: bytes) -> bytes:
        for key in (self._master, *self._before):
            if (found := _unwrapped(key, wrapped)) is not None:
                return found
        raise CannotOpen("the data key does not open with this sealing key")


def _unwrapped(key: bytes, wrapped: bytes) -> bytes | None:
    """RFC 3394 checks itself: a wrong key gives nothing, never a wrong result."""
    try:
        return aes_key_unwrap(key, wrapped)
    except InvalidUnwrap:
        return None


async def check_key(conn: AsyncConnection, sealer: Sealer) -> None:
    """Raises `CannotOpen` if the database was sealed or indexed with another key; the first start leaves the canary."""
    wrapped = sealer.new_data_key()
    sealed = sealer.seal(wrapped, CANARY, "canary")
    await conn.execute(
        text(
            "INSERT INTO sealing_check (name, wrapped, sealed)"
            " VALUES ('canary', :wrapped, :sealed), ('index', '', :index) ON CONFLICT (name) DO NOTHING"
        ),
        {"wrapped": wrapped, "sealed": sealed, "index": sealer.keyed_hash(INDEX, CANARY)},
    )
    rows = {row.name: row for row in await conn.execute(text("SELECT name, wrapped, sealed FROM sealing_check"))}
    sealer.open(rows["canary"].wrapped, rows["canary"].sealed, "canary")
    if not sealer.is_index_of(rows["index"].sealed):
        raise CannotOpen("the index key is another than before: set YIMEN_INDEX_KEY to the first sealing key")
