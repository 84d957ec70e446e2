"""How large something from a topic may be, before it is unpacked and before it is kept.

A gigabyte of blanks is a megabyte once it is packed, and every office may write one. Of what is too large a hash, its
size and its first bytes are left; nobody ever holds the whole of it.
"""

import hashlib
import zlib
from importlib import import_module
from typing import Any, Final, Self

import aiokafka.record.default_records as plain_batches
import aiokafka.record.legacy_records as plain_messages
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch

MIB: Final = 1024 * 1024
LARGEST_BATCH: Final = 16 * MIB
"""Of one batch, unpacked: what a producer may send as one megabyte is rarely more than ten."""
MOST_RECORDS: Final = 50_000
"""Of one batch. An empty record takes seven bytes there and a hundred times as many here."""
LARGEST_VALUE: Final = 512 * 1024
"""Of a record, unless its reader takes less: nothing of ours is larger."""
LARGEST_REST: Final = 32 * 1024
"""Key and headers of a record together."""
KEPT: Final = 1024


class Excerpt(bytes):
    """The first bytes of something that was too large, or that could not be read."""

    size: int
    digest: str
    """SHA-256 of the whole, in hexadecimal."""
    code: str
    reason: str
    """How large it may be, or why it cannot be read."""

    @classmethod
    def of(cls, whole: bytes | memoryview, *, code: str, reason: str) -> Self:
        made = cls(whole[:KEPT])
        made.size = len(whole)
        made.digest = hashlib.sha256(whole).hexdigest()
        made.code = code
        made.reason = reason
        return made


class TooMuch(ValueError):
    """More would come out of it than anybody means to send."""


class OtherCodec(ValueError):
    """It is packed with something else than gzip."""


def cut(value: bytes | None, *, largest: int) -> bytes | None:
    """As it came, or what is left of it."""
    if value is None or len(value) <= largest or isinstance(value, Excerpt):
        return value
    return Excerpt.of(value, code="too_large", reason=f"{largest // 1024} KiB")


def unpack(packed: Any) -> bytes:
    """What gzip has packed, one member or many. Stops as soon as it is too much."""
    parts, left, rest = [], LARGEST_BATCH, bytes(packed)
    member = zlib.decompressobj(wbits=31)
    while rest:
        part = member.decompress(rest, left + 1)
        left -= len(part)
        if left < 0:
            raise TooMuch(f"{LARGEST_BATCH // MIB} MiB unpacked")
        parts.append(part)
        if member.eof:
            rest = member.unused_data.lstrip(b"\x00")
            member = zlib.decompressobj(wbits=31) if rest else member
        else:
            rest = member.unconsumed_tail
    if not member.eof:
        raise EOFError("the end is missing")
    return b"".join(parts)


def refuse_codec(_: Any) -> bytes:
    """Only gzip can be unpacked step by step with what Python brings along."""
    raise OtherCodec


def install() -> None:
    """Put our unpacking in the place of the client library's, which has no bound and no option for one."""
    compiled = (import_module(kind.__module__) for kind in (DefaultRecordBatch, LegacyRecordBatch))
    for module in (plain_batches, plain_messages, *compiled):
        unpacking: Any = module
        unpacking.gzip_decode = unpack
        for name in ("snappy_decode", "lz4_decode", "zstd_decode"):
            setattr(unpacking, name, refuse_codec)
