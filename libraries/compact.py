"""Encoded events and documents as they are stored: a seventh of their size, by a dictionary of what most of them say.

The first byte names the form. What is stored stays readable: a dictionary is never changed, a new one gets another
number.
"""

from functools import cache
from pathlib import Path
from typing import Final

from zstandard import DICT_TYPE_RAWCONTENT, ZstdCompressionDict, ZstdCompressor, ZstdDecompressor, ZstdError

NEWEST: Final = 1
LEVEL: Final = 3
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of what comes out: nothing that we store is near to that."""
AS_IT_IS: Final = b"{["
"""The first bytes of JSON: what was stored before there were dictionaries."""


class NotCompact(ValueError):
    """Bytes that nobody has stored here."""


def compact(value: bytes) -> bytes:
    """JSON in its stored form. A few microseconds for each kilobyte."""
    return bytes([NEWEST]) + _compressor().compress(value)


def whole(stored: bytes) -> bytes:
    """The JSON again. Raises `NotCompact`."""
    if stored[:1] in (AS_IT_IS[:1], AS_IT_IS[1:]):
        return bytes(stored)
    try:
        return _decompressor(stored[0]).decompress(stored[1:], max_output_size=MOST_BYTES)
    except (IndexError, OSError, ZstdError):
        raise NotCompact("not a stored form of JSON") from None


@cache
def _compressor() -> ZstdCompressor:
    return ZstdCompressor(level=LEVEL, dict_data=_dictionary(NEWEST), write_dict_id=False)


@cache
def _decompressor(number: int) -> ZstdDecompressor:
    return ZstdDecompressor(dict_data=_dictionary(number))


@cache
def _dictionary(number: int) -> ZstdCompressionDict:
    content = Path(__file__).with_name(f"compact-{number}.dict").read_bytes()
    found = ZstdCompressionDict(content, dict_type=DICT_TYPE_RAWCONTENT)
    if number == NEWEST:
        found.precompute_compress(level=LEVEL)
    return found
