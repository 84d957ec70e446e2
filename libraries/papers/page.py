"""A paper as the main part of a page, in which everything is escaped."""

from html import escape

from libraries.papers.paper import Paper


def main_of(paper: Paper) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{escape(row.name)}</th><td dir="auto">{escape(row.value)}</td></tr>' for row in paper.rows
    )
    paragraphs = "\n".join(f'<p dir="auto">{escape(text)}</p>' for text in paper.paragraphs)
    return f"<h1>{escape(paper.title)}</h1>\n<table>\n{rows}\n</table>\n{paragraphs}"
