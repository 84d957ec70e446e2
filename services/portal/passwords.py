"""Passwords: argon2id, beside the event loop, and never more at once than there are cores."""

import asyncio
import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE: Final = 2
FIRST_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters and digits that look alike on paper."""
FIRST_LENGTH: Final = 12

_hasher = PasswordHasher()
_turns = asyncio.Semaphore(AT_ONCE)
_NOBODY: Final = _hasher.hash(secrets.token_urlsafe())


def hash_now(password: str) -> str:
    """For commands, which have nothing else to do meanwhile."""
    return _hasher.hash(password)


async def hash_password(password: str) -> str:
    async with _turns:
        return await asyncio.to_thread(_hasher.hash, password)


async def is_right(password_hash: str | None, password: str) -> bool:
    """Takes as long for a name that nobody has (`None`) as for any other."""
    async with _turns:
        return await asyncio.to_thread(_verify, password_hash or _NOBODY, password) and password_hash is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def first_password() -> str:
    """One that somebody types from a slip of paper."""
    return "".join(secrets.choice(FIRST_ALPHABET) for _ in range(FIRST_LENGTH))
