"""Which form of an answer a caller gets, and in which language."""

from html.parser import HTMLParser

import pytest

from libraries.runtime.web.pages import HEADERS, Page
from libraries.runtime.web.representations import form_of, language_of

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("application/json, text/plain, */*", "json"),
        (BROWSER, "html"),
        ("text/plain", "text"),
        ("text/*", "text"),
        ("TEXT/HTML ; Q=0.5, text/plain;q=0.4", "html"),
        ("text/html;q=0.4,text/plain;q=0.5", "text"),
        ("text/html;level=1;q=0.9, application/json;q=0.1", "html"),
        ("text/html;q=0", "json"),
        ("text/html;q=..", "json"),
        ("text/html;q=, image/png", "json"),
        (",;,;q=1,\0", "json"),
    ],
)
def test_the_form_that_is_liked_best(accept: str, form: str) -> None:
    assert form_of(accept) == form


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh"),
        ("*", "zh"),
        ("fr", "zh"),
        ("en", "en"),
        ("en-US,en;q=0.9,zh-CN;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.5,*", "zh"),
        ("en;q=x", "zh"),
    ],
)
def test_chinese_comes_first(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


@pytest.mark.parametrize(("accepted", "language"), [("", "en"), ("*", "en"), ("fr", "en"), ("zh", "zh"), ("en", "en")])
def test_where_the_place_speaks_another_language_that_comes_first(accepted: str, language: str) -> None:
    assert language_of(accepted, "en") == language


def test_a_page_is_whole_and_needs_nothing_else() -> None:
    text = Page(title="<b>&</b>", main="<h1>1</h1>").document("zh-CN")
    tags: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attrs)))

    Reader().feed(text)
    names = [tag for tag, _ in tags]
    assert text.startswith("<!DOCTYPE html>")
    assert ("html", {"lang": "zh-CN"}) in tags
    assert names.count("main") == names.count("title") == 1
    assert not {"script", "link", "img", "b"} & set(names)
    assert "style-src 'sha256-" in HEADERS["content-security-policy"]
    assert "default-src 'none'" in HEADERS["content-security-policy"]
