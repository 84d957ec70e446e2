"""The secret by which a webhook is signed (Standard Webhooks): made here, shown once, kept sealed.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from libraries.runtime.encryption import Sealer

PREFIX: Final = "whsec_"
BYTES: Final = 32


def new_secret() -> str:
    return PREFIX + b64encode(os.urandom(BYTES)).decode()


def seal(sealer: Sealer, wrapped_key: bytes, subscription: UUID, secret: str) -> bytes:
    return sealer.seal(wrapped_key, secret.encode(), _context(subscription))


def unseal(sealer: Sealer, wrapped_key: bytes, subscription: UUID, sealed: bytes) -> str:
    return sealer.open(wrapped_key, sealed, _context(subscription)).decode()


def signed(secrets: Iterable[str], *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers. Each secret gives a signature of its own: while one takes over from another, both do."""
    seconds = str(int(at.timestamp()))
    content = f"{message_id}.{seconds}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{_signature(secret, content)}" for secret in secrets),
    }


def _signature(secret: str, content: bytes) -> str:
    key = b64decode(secret.removeprefix(PREFIX))
    return b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def _context(subscription: UUID) -> str:
    return f"subscription/{subscription}/secret"
