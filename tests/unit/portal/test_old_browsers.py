"""Scripts and styles use only what Chromium 90 knows: offices have browsers that nobody renews."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[3] / "services" / "portal" / "static"
SCRIPTS, STYLES = sorted(STATIC.glob("*.js")), sorted(STATIC.glob("*.css"))
YOUNGER = {
    "92": r"\.at\(|\brandomUUID\b",
    "93": r"\bObject\.hasOwn\b|\bcause:|\bAggregateError\b.*cause",
    "94": r"\bstatic\s*\{",
    "97": r"\bfindLast(Index)?\(",
    "98": r"\bstructuredClone\b|\bAbortSignal\.(timeout|any)\b",
    "103": r"\bAbortSignal\.timeout\b|\bthrowIfAborted\b",
    "105": r"\bshowPicker\b|\bsetHTML\b",
    "110": r"\b(toSorted|toReversed|toSpliced)\(|\.with\(",
    "117": r"\b(Object|Map)\.groupBy\b",
    "119": r"\bPromise\.withResolvers\b",
    "121": r"\bArray\.fromAsync\b",
    "122": r"\.(union|intersection|difference|isSubsetOf)\(|\bIterator\.from\b",
    "124": r"\bsetHTMLUnsafe\b|\bparseHTMLUnsafe\b",
    "128": r"\bPromise\.try\b",
    "134": r"\bRegExp\.escape\b|\bimport\s.*\bwith\s*\{",
}
YOUNGER_STYLES = {
    "91": r"@counter-style",
    "94": r"scrollbar-gutter",
    "99": r"@layer",
    "104": r"\b(?:min|max)?-?(?:width|height)\s*[<>]=?",
    "105": r":has\(|@container|:modal\b",
    "108": r"\b[0-9.]+(?:dvh|svh|lvh|dvw|cqw|cqi)\b",
    "111": r"color-mix\(|\boklch\(|\blab\(",
    "112": r"&\s*[.:>\w]|\{[^{}]*\{[^{}]*\{",
    "114": r"text-wrap|@starting-style|\bpopover\b",
    "119": r":user-(?:in)?valid",
    "123": r"light-dark\(|field-sizing",
}
"""By the version of Chromium that was the first to know it. What merely looks plainer without it, as `accent-color`,
is no fault."""


def found(text: str, younger: dict[str, str]) -> list[str]:
    plain = re.sub(r"/\*.*?\*/|^\s*//.*$", "", text, flags=re.DOTALL | re.MULTILINE)
    return [f"{version}: {match[0]}" for version, form in younger.items() for match in re.finditer(form, plain)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_old_enough(path: Path) -> None:
    assert found(path.read_text("utf-8"), YOUNGER) == []


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_styles_are_old_enough(path: Path) -> None:
    assert found(path.read_text("utf-8"), YOUNGER_STYLES) == []


def test_what_is_too_young_is_found() -> None:
    assert found("const last = list.at(-1); structuredClone(last);", YOUNGER) == ["92: .at(", "98: structuredClone"]
    young = "tr:has(td) { height: 10dvh } @layer a {}"
    assert found(young, YOUNGER_STYLES) == ["99: @layer", "105: :has(", "108: 10dvh"]
    assert found("a { color: red; } /* :has(b) */", YOUNGER_STYLES) == []
