"""A paper as a PDF file, in the Song type that every PDF reader has for Chinese (Adobe-GB1, ISO 32000-2, 9.7.5.2).

The type is named and not carried along, so that no font has to be installed here. It has the characters of the basic
plane; any other is written as its code point, for example 〔U+20BB7〕 for 𠮷, and never left out.
"""

import io
from typing import Final
from xml.sax.saxutils import escape

from libraries.papers.paper import Paper, spelt

MEDIA_TYPE: Final = "application/pdf"
FONT: Final = "STSong-Light"
MARGIN, NAMES, VALUES = 72.0, 120.0, 331.0
"""Of the page and of the columns, in points."""


def pdf_of(paper: Paper) -> bytes:
    """The file; the same paper is the same file."""
    # Loaded by whoever prints, and by nobody else: it takes memory that a service at rest does not need.
    from reportlab.lib import colors, enums, pagesizes  # noqa: PLC0415 -- heavy, and seldom needed
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415 -- as above
    from reportlab.pdfbase import cidfonts, pdfmetrics  # noqa: PLC0415 -- as above
    from reportlab.platypus import (  # noqa: PLC0415 -- as above
        Flowable,
        Paragraph,
        SimpleDocTemplate,
        Spacer,
        Table,
        TableStyle,
    )

    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(cidfonts.UnicodeCIDFont(FONT))
    body = ParagraphStyle("body", fontName=FONT, fontSize=11, leading=17, wordWrap="CJK", spaceAfter=6)
    head = ParagraphStyle("head", parent=body, fontSize=18, leading=26, alignment=enums.TA_CENTER, spaceAfter=14)

    def written(text: str, style: ParagraphStyle = body) -> Paragraph:
        return Paragraph(escape(printable(text)), style)

    story: list[Flowable] = [written(paper.title, head)]
    if paper.rows:
        cells = [[written(row.name), written(row.value)] for row in paper.rows]
        grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")])
        story += [Table(cells, colWidths=[NAMES, VALUES], style=grid, splitInRow=1), Spacer(1, 12)]
    story += [written(text) for text in paper.paragraphs]
    file = io.BytesIO()
    SimpleDocTemplate(
        file,
        pagesize=pagesizes.A4,
        title=paper.title,
        invariant=1,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
    ).build(story)
    return file.getvalue()


def printable(text: str) -> str:
    """With the code points of characters that the type does not have."""
    return "".join(sign if sign <= "\uffff" else spelt(sign) for sign in text)
