"""Archives of packs, right and wrong ones."""

import zlib

import msgspec


def packed(content: object) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(content))
