"""What the portal derives from the installation's key; the key itself signs tokens alone."""

import hmac


def portal_key(token_key: str) -> bytes:
    return hmac.digest(token_key.encode(), b"portal", "sha256")


def hashed(key: bytes, purpose: str, value: str) -> bytes:
    return hmac.digest(key, f"{purpose}\0{value}".encode(), "sha256")


def name_hash(key: bytes, login: str) -> bytes:
    """Under which tries to sign in are counted: somebody may have typed a password in the place of a name."""
    return hashed(key, "login", login)
