"""A form that brings files, read from what a browser sent; in memory, within bounds."""

import io
from collections.abc import Sequence
from typing import Final, NamedTuple

from multipart import MultipartError, MultipartParser, parse_options_header

from services.portal.forms import MOST_FIELDS, BadForm, Form

LARGEST: Final = 21 * 1024 * 1024
"""Of a form without JavaScript, with all its files; one file of the largest size fits."""


class SentFile(NamedTuple):
    name: str
    content: bytes


def read_files(content_type: str, body: bytes) -> tuple[Form, Sequence[SentFile]]:
    """Raises `BadForm`. A form without files may come in the other form, too."""
    kind, options = parse_options_header(content_type)
    if kind.lower() != "multipart/form-data":
        return Form.read(body), ()
    try:
        parser = MultipartParser(
            io.BytesIO(body),
            options.get("boundary", ""),
            part_limit=MOST_FIELDS,
            spool_limit=LARGEST,
            memory_limit=LARGEST,
            disk_limit=0,
        )
        pairs, files = [], []
        for part in parser.parts():
            if part.filename is not None:
                files.append(SentFile(part.filename, part.raw))
            else:
                pairs.append((part.name, part.raw.decode("utf-8")))
    except (MultipartError, ValueError):
        raise BadForm from None
    return Form.of(pairs), [one for one in files if one.name or one.content]
