"""A paper as a DOCX file (ECMA-376, Office Open XML): four small parts in an archive, always the same bytes."""

import io
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from libraries.papers.paper import Paper, Row

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_TYPES: Final = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_WORD}.styles+xml"/></Types>'
)
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS: Final = f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
_MAIN: Final = (
    f'{_RELATIONS}<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
)
_PARTS: Final = f'{_RELATIONS}<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
_NAMESPACE: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_FONTS: Final = '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="宋体"/>'
_STYLES: Final = (
    f"{_HEAD}<w:styles {_NAMESPACE}><w:docDefaults><w:rPrDefault><w:rPr>{_FONTS}"
    '<w:sz w:val="24"/></w:rPr></w:rPrDefault></w:docDefaults>'
    '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/>'
    '<w:pPr><w:spacing w:after="240"/><w:jc w:val="center"/></w:pPr><w:rPr><w:b/><w:sz w:val="36"/></w:rPr></w:style>'
    "</w:styles>"
)
_WIDTHS: Final = (2400, 6600)
"""Of the columns, in twentieths of a point."""
_EDGES: Final = "".join(
    f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="808080"/>'
    for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
)


def docx_of(paper: Paper) -> bytes:
    """The file."""
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _MAIN,
        "word/document.xml": "".join((_HEAD, *_document(paper))),
        "word/_rels/document.xml.rels": _PARTS,
        "word/styles.xml": _STYLES,
    }
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            entry = ZipInfo(name)  # of 1980, so that the same paper is the same file
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, text.encode())
    return file.getvalue()


def _document(paper: Paper) -> Iterator[str]:
    yield f"<w:document {_NAMESPACE}><w:body>"
    yield _paragraph(paper.title, "Title")
    if paper.rows:
        grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in _WIDTHS)
        yield f'<w:tbl><w:tblPr><w:tblW w:w="{sum(_WIDTHS)}" w:type="dxa"/><w:tblBorders>{_EDGES}</w:tblBorders>'
        yield f'<w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
        yield from map(_row, paper.rows)
        yield "</w:tbl>"
    yield _paragraph("")
    yield from map(_paragraph, paper.paragraphs)
    yield '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1440" w:right="1440" w:bottom="1440"'
    yield ' w:left="1440" w:header="720" w:footer="720" w:gutter="0"/></w:sectPr></w:body></w:document>'


def _row(row: Row) -> str:
    cells = zip(_WIDTHS, (row.name, row.value), strict=True)
    return f"<w:tr>{''.join(_cell(width, text) for width, text in cells)}</w:tr>"


def _cell(width: int, text: str) -> str:
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{_paragraph(text)}</w:tc>'


def _paragraph(text: str, style: str = "Normal") -> str:
    run = f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{run}</w:p>'
