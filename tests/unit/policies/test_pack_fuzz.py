"""Whatever bytes stand in a pack, it loads or is refused with file, line and reason; nothing else ever happens."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libraries.policies import Fault, PolicyRefused, load_policy
from libraries.policies.publishing import calendar_of_file
from tests.calendars import published_year
from tests.packs import PACKS, small_city, write

PIECES = (
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe5\x8e", b"\xca\xd0", b"\r", b"\t", b"\n\n", "\u200b".encode()),
    *(b"- ", b"? ", b": ", b"{", b"[", b"]", b"}", b"&a ", b"*a", b"<<: ", b"!!binary ", b"---\n", b"|\n", b'"', b"'"),
    *(b"#", b"%", b"@", b"`", b"null", b"~", b"1e99", b"0x1f", b"12:61", b"2026-02-30", b"9" * 30, b"-1", b"x" * 5_000),
    *(
        "，".encode(),
        "１".encode(),
        b"1.30702E+11",
        b",,,",
        b";",
        b"sep=;\n",
        b"{{" * 30,
        b"- " * 30,
        b"\\ud800",
        b"\\0",
    ),
)
Change = Callable[[bytes], bytes]


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Something is put in, taken out, doubled or moved, at a place that is a share of the file."""
    at, until = sorted((draw(st.floats(0, 1)), draw(st.floats(0, 1))))
    piece = draw(st.sampled_from(PIECES) | st.binary(max_size=8))
    what = draw(st.sampled_from(("put", "replace", "cut", "double", "end", "move")))

    def change(content: bytes) -> bytes:
        first, last = int(at * len(content)), int(until * len(content))
        head, part, tail = content[:first], content[first:last], content[last:]
        return {
            "put": head + piece + part + tail,
            "replace": head + piece + tail,
            "cut": head + tail,
            "double": head + part[:2_000] * 3 + tail,
            "end": head,
            "move": head + tail[:2_000] + part + tail,
        }[what]

    return change


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pack = small_city(tmp_path_factory.mktemp("packs"))
    for name in ("limits.yaml", "clocks.yaml", "reasons.yaml", "escalation.yaml", "rules.yaml"):
        write(pack, name, "[]\n")
    year = load_policy(pack).calendar.published_through.year + 1
    write(pack, f"calendar-{year}.yaml", published_year(year))
    write(pack, "calendars.yaml", "- {date: 2026-03-07, works: true, zh: 值班, en: on duty, source: x}\n")
    return pack


def names(folder: Path) -> list[str]:
    return sorted(f"{path.parent.name}/{path.name}" for path in folder.glob("*/*.*"))


FILES = [name for name in names(PACKS) if name.startswith(("national/", "hebei/"))] + [
    *("city/pack.yaml", "city/areas.csv", "city/offices.yaml", "city/limits.yaml", "city/clocks.yaml"),
    *("city/reasons.yaml", "city/rules.yaml", "city/escalation.yaml", "city/calendars.yaml", "city/calendar-2027.yaml"),
]


def faults_of(load: Callable[[], object]) -> tuple[Fault, ...]:
    """What was refused, of which there is something; none if it loads."""
    try:
        load()
    except PolicyRefused as error:
        return error.faults or (Fault(file="", line=0, reason=""),)
    return ()


@given(file=st.sampled_from(FILES), changed=st.lists(changes(), min_size=1, max_size=4))
def test_a_pack_loads_or_names_its_faults(city: Path, file: str, changed: list[Change]) -> None:
    path = city.parent / file
    kept = path.read_bytes() if path.exists() else b""
    content = kept
    for change in changed:
        content = change(content)
    path.write_bytes(content)
    began = time.process_time()
    faults = faults_of(lambda: load_policy(city))
    assert time.process_time() - began < 5
    path.write_bytes(kept)
    for fault in faults:
        assert 1 <= fault.line <= content.count(b"\n") + content.count(b"\r") + 10_000 * (fault.file != file) + 1
        assert fault.reason.isprintable()
        assert len(str(fault)) < 1_000
        assert (city.parent / fault.file).parent.is_dir()


@given(changed=st.lists(changes(), min_size=1, max_size=4))
def test_a_year_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, changed: list[Change]) -> None:
    content = published_year(2027).encode()
    for change in changed:
        content = change(content)
    path = tmp_path_factory.mktemp("year") / "next.yaml"
    path.write_bytes(content)
    for fault in faults_of(lambda: calendar_of_file(path)):
        assert fault.file == str(path)
        assert fault.line >= 1
