"""Writes the archive as it goes: a ZIP file whose bytes depend on nothing but what stands in it."""

import re
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from libraries.casefile.gathering import Asks, CaseFile
from libraries.casefile.index import Filed, Index

SUMS: Final = "SHA256SUMS"
ONCE: Final = (1980, 1, 1, 0, 0, 0)
"""What a ZIP file takes for no time; the times of the case stand in it."""
FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
"""What some systems do not have in names of files."""
UTF8: Final = 0x800


class Changed(Exception):
    """An attachment is not the one that was listed; the archive cannot be whole."""


class _Sink:
    """What was written since it was last taken."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        taken, self._written = bytes(self._written), bytearray()
        return taken


async def archive(asks: Asks, file: CaseFile) -> AsyncIterator[bytes]:
    """Index and checksums first, then everything in the order of the index. Raises `Changed`."""
    small, attachments = dict(_small(file)), _attachments(file)
    sums = {path: sha256(content).hexdigest() for path, content in small.items()}
    sums |= {one.path: view["sha256"] for one, view in attachments}
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as written:  # type: ignore[call-overload]  # it only writes
        index = small.pop("index.html")
        lines = "".join(f"{digest}  {path}\n" for path, digest in sums.items())
        for path, content in {"index.html": index, SUMS: lines.encode(), **small}.items():
            written.writestr(_entry(path), content)
            yield sink.take()
        own = f"/v1/cases/{file.case['case_id']}/attachments"
        for one, view in attachments:
            digest = sha256()
            with written.open(_entry(one.path, stored=True), "w") as entry:
                async for chunk in asks.stream("intake", f"{own}/{view['id']}"):
                    digest.update(chunk)
                    entry.write(chunk)
                    yield sink.take()
            if digest.hexdigest() != view["sha256"]:
                raise Changed(view["id"])
    yield sink.take()


def _small(file: CaseFile) -> Iterator[tuple[str, bytes]]:
    """Everything but attachments, by path."""
    index = Index(file)
    documents, dates, data = {}, {}, {}
    for view, content in file.documents:
        documents[Filed(_path("documents", view["id"], f"{index.named(view, 'kind')}.pdf"), view["number"])] = content
    if file.dates is not None:
        dates[Filed("dates/00.html", index.say("of_window"))] = file.dates
    for number, one in enumerate(file.referrals, 1):
        office = index.named(one.view, "office")
        if one.dates is not None:
            dates[Filed(_path("dates", number, f"{office}.html"), office)] = one.dates
        content = _json({"referral": one.view, "answers": list(one.answers)})
        data[Filed(_path("data/referrals", number, f"{office}.json"), office)] = content
    data[Filed("data/case.json", "case.json")] = _json(file.case)
    if file.applicant is not None:
        data[Filed("data/applicant.json", "applicant.json")] = _json(file.applicant)
    data[Filed("data/timeline.json", "timeline.json")] = _json(list(file.timeline))
    attachments = [one for one, _ in _attachments(file)]
    named = [
        Filed(one.path, f"{index.named(view, 'kind')} {view['number']}")
        for (view, _), one in zip(file.documents, documents, strict=True)
    ]
    yield "index.html", index.page(named, attachments, list(dates), list(data))
    for part in (documents, dates, data):
        yield from ((one.path, content) for one, content in part.items())


def _attachments(file: CaseFile) -> list[tuple[Filed, Mapping[str, Any]]]:
    return [
        (Filed(_path("attachments", number, view["name"]), view["name"]), view)
        for number, view in enumerate(file.attachments, 1)
    ]


def _path(folder: str, number: int, name: str) -> str:
    """The number keeps the order, and two of the same name apart."""
    return f"{folder}/{number:02d} {FORBIDDEN.sub('_', name).rstrip('. ')}"


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n"


def _entry(path: str, *, stored: bool = False) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, ONCE)
    entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    entry.create_system = 3
    return entry
