"""A sealer for tests."""

from base64 import b64encode

from libraries.runtime.encryption import Sealer

SEALER = Sealer(b64encode(b"k" * 32).decode())
