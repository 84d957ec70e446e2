"""Reads documents.yaml: of two templates for one kind the more local one stands, as a whole."""

from collections.abc import Sequence

from contracts.documents import DocumentKind
from libraries.policies.document_templates import FACTS, DocumentTemplate, text_faults
from libraries.policies.rows import Row, code_of


def document_templates(rows: Sequence[Row]) -> dict[DocumentKind, DocumentTemplate]:
    found: dict[DocumentKind, DocumentTemplate] = {}
    for row in rows:
        kind = code_of(row, "kind", DocumentKind, row.text("kind"))
        shows, zh, en = row.texts("shows"), row.text("zh"), row.text("en", "")
        texts = {name: _paragraphs(row, name) for name in ("text_zh", "text_en")}
        row.done()
        if kind is None:
            continue
        for name in shows:
            if name not in FACTS[kind]:
                row.refuse(f"shows {name}: there is no such fact, only {', '.join(FACTS[kind])}", "shows")
        for name, text in ((name, text) for name, texts_of in texts.items() for text in texts_of):
            for reason in text_faults(text, FACTS[kind]):
                row.refuse(f"{name} {reason}", name)
        if not texts["text_zh"]:
            row.refuse("text_zh is missing", "text_zh")
        if bool(en) != bool(texts["text_en"]):
            row.refuse("en and text_en belong together: give both, or neither for Chinese only", "text_en")
        found.setdefault(
            kind,
            DocumentTemplate(kind=kind, zh=zh, en=en, shows=shows, text_zh=texts["text_zh"], text_en=texts["text_en"]),
        )
    return found


def _paragraphs(row: Row, name: str) -> tuple[str, ...]:
    """A list, or one paragraph; its commas are its own."""
    value = row.values.get(name)
    if isinstance(value, list):
        return row.texts(name)
    text = row.text(name, "")
    return (text,) if text else ()
