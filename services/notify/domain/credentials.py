"""A secret that a partner shows at both doors: as a client over HTTP, and as a user of Kafka (SCRAM-SHA-512)."""

import hashlib
import hmac
import os
import re
import secrets
from typing import Final, NamedTuple

FEWEST_ITERATIONS: Final = 8192
MARKS: Final = 4096
SALT_BYTES: Final = 24
NAME_FORM: Final = r"[a-z][a-z0-9-]{1,39}"
_CREDENTIAL: Final = re.compile(rf"(?P<partner>{NAME_FORM})\.(?P<number>[1-9][0-9]{{0,5}})", re.ASCII)


class Salted(NamedTuple):
    """What a broker needs to know of a password (RFC 5802); nobody reads the password out of it."""

    salt: bytes
    iterations: int
    password: bytes


class CredentialId(NamedTuple):
    """Client id and Kafka user in one: `<partner>.<number>`."""

    partner: str
    number: int

    def __str__(self) -> str:
        return f"{self.partner}.{self.number}"


def new_secret() -> str:
    """256 random bits: too many to be guessed, so a plain hash of it is enough."""
    return f"yp_{secrets.token_urlsafe(32)}"


def hash_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def is_secret(secret: str, hashed: bytes) -> bool:
    return hmac.compare_digest(hash_of(secret), hashed)


def salted(secret: str, salt: bytes | None = None) -> Salted:
    """A broker tells of a user the number of iterations alone. It is made of the secret, so that another one shows."""
    salt = salt or os.urandom(SALT_BYTES)
    mark = int.from_bytes(hashlib.sha256(b"iterations/" + secret.encode()).digest()[:2])
    iterations = FEWEST_ITERATIONS + mark % MARKS
    return Salted(salt, iterations, hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations))


def read_id(text: str) -> CredentialId | None:
    found = _CREDENTIAL.fullmatch(text)
    return CredentialId(found["partner"], int(found["number"])) if found is not None else None
