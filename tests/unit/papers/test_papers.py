"""A paper in three forms says the same: each is opened by a reader that is not ours, also with hostile text."""

import io
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from zipfile import ZipFile

import docx as python_docx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from libraries.papers.docx import docx_of
from libraries.papers.page import main_of
from libraries.papers.paper import UNSEEN, Paper, Row, plain
from libraries.papers.pdf import pdf_of, printable

HOSTILE = (
    '=HYPERLINK("http://evil.example","点我")',
    "<script>alert(1)</script>",
    "]]><w:p/>&amp;<para font='x'>",
    "\u202e反转\u2066\x00\x1b[31m",
    "\ud800",
    "𠮷野㐂子",
    "{number}{{7*7}}",
)
SHORT = Paper(
    title="受理回执",
    rows=(Row(name="事项编号", value="130722-20260303-00001-5"), Row(name="依据", value="《社会救助暂行办法》第11条")),
    paragraphs=("您提交的“临时救助”已由南山堡乡人民政府收件。", "请妥善保管㐂。"),
)


def squeezed(text: str) -> str:
    """Without what a reader puts between lines."""
    return "".join(text.split())


def of_pdf(content: bytes) -> str:
    return squeezed("".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages))


def of_docx(content: bytes) -> list[str]:
    found = python_docx.Document(io.BytesIO(content))
    title, *rest = [one.text for one in found.paragraphs]
    return [title, *(cell.text for table in found.tables for row in table.rows for cell in row.cells), *rest[1:]]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def of_page(main: str) -> Reader:
    reader = Reader()
    reader.feed(main)
    reader.close()
    return reader


def test_each_form_says_every_line_in_order_and_always_the_same() -> None:
    assert of_docx(docx_of(SHORT)) == SHORT.lines()
    assert of_pdf(pdf_of(SHORT)) == squeezed("".join(SHORT.lines()))
    assert [said for said in of_page(main_of(SHORT)).said if said.strip()] == SHORT.lines()
    assert (pdf_of(SHORT), docx_of(SHORT)) == (pdf_of(SHORT), docx_of(SHORT))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    shown = plain(text)
    paper = Paper(title=shown, rows=(Row(name="内容", value=shown),), paragraphs=(shown,))
    assert of_docx(docx_of(paper)) == [shown, "内容", shown, shown]
    assert of_pdf(pdf_of(paper)) == squeezed("".join(map(printable, paper.lines())))
    page = of_page(main_of(paper))
    assert set(page.tags) == {"h1", "table", "tr", "th", "td", "p"}
    assert "".join(page.said).replace("\n", "") == "".join(paper.lines())
    archive = ZipFile(io.BytesIO(docx_of(paper)))
    assert archive.testzip() is None
    assert b"fldSimple" not in archive.read("word/document.xml")


def test_what_cannot_be_seen_is_written_as_its_code_point() -> None:
    assert plain("甲\u202e乙\x00丙\n丁") == "甲〔U+202E〕乙〔U+0000〕丙 丁"
    assert printable("𠮷㐂") == "〔U+20BB7〕㐂"


@given(st.text(max_size=200))
def test_nothing_unseen_is_left_and_both_files_can_be_made(text: str) -> None:
    shown = plain(text)
    assert not any(unicodedata.category(sign) in UNSEEN for sign in shown)
    paper = Paper(title="题", rows=(Row(name="名", value=shown),), paragraphs=(shown,))
    cells = of_docx(docx_of(paper))
    assert shown in cells
    assert pdf_of(paper).startswith(b"%PDF")


def test_the_library_for_pdf_is_loaded_by_whoever_prints() -> None:
    code = "import sys, services.intake.documents; sys.exit('reportlab' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
