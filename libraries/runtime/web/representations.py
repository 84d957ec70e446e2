"""One answer in three forms: JSON for programs, text for a terminal or a letter, a page for people."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar

from litestar import MediaType, Request, Response
from litestar.datastructures import State
from litestar.params import QueryParameter

from libraries.runtime.web.pages import HEADERS, Page

T = TypeVar("T")
Form = Literal["json", "text", "html"]
Language = Literal["zh", "en"]

FORMS: Final[dict[str, Form]] = {
    "application/json": "json",
    "application/*": "json",
    "*/*": "json",
    "text/html": "html",
    "text/plain": "text",
    "text/*": "text",
}
TYPES: Final = {"text": "text/plain", "html": "text/html"}
TAGS: Final = {"zh": "zh-CN", "en": "en"}

AskedForm = Annotated[
    Form | None, QueryParameter(name="format", description="Instead of `Accept`, where a link is followed.")
]
AskedLanguage = Annotated[
    Language | None,
    QueryParameter(description="Of text and page. Else `Accept-Language` decides, and then the policy."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """An answer; text and page are made only where they are asked for."""

    values: Any
    text: Callable[[Language], str]
    page: Callable[[Language], Page]


def respond(
    request: Request[Any, Any, Any], found: Representation, form: Form | None, lang: Language | None
) -> Response[Any]:
    """What the address asks for stands over what the headers ask for."""
    chosen = form or form_of(request.headers.get("accept", ""))
    language = lang or language_for(request)
    varies = {"vary": "accept, accept-language"}
    if chosen == "json":
        return Response(found.values, media_type=MediaType.JSON, headers=varies)
    headers = varies | {"content-language": TAGS[language]}
    if chosen == "text":
        return Response(found.text(language) + "\n", media_type=TYPES["text"], headers=headers)
    return Response(found.page(language).document(TAGS[language]), media_type=TYPES["html"], headers=headers | HEADERS)


def form_of(accept: str) -> Form:
    """The first of ours that is liked best; JSON where all are liked alike, or none."""
    return liked_of(accept, FORMS) or "json"


def liked_of(accept: str, forms: Mapping[str, T]) -> T | None:
    """Of these media types the first that is liked best; nothing where none is liked."""
    liked = [(forms[name], weight) for name, weight in _weighed(accept) if name in forms]
    best = max((weight for _, weight in liked), default=0.0)
    return next((form for form, weight in liked if weight == best > 0), None)


def language_for(request: Request[Any, Any, Any]) -> Language:
    """What whoever asks likes better, or the language of the place."""
    return language_of(request.headers.get("accept-language", ""), default_language(request.app.state))


def default_language(state: State) -> Language:
    """Of the place, as its policy says."""
    language: Language = getattr(state.get("places"), "language", "zh")
    return language


def language_of(accepted: str, otherwise: Language = "zh") -> Language:
    """The one that is liked better; where both are liked alike, the other."""
    likes = {"zh": 0.0, "en": 0.0}
    for name, weight in _weighed(accepted):
        tag = name.partition("-")[0]
        for language in likes if tag == "*" else [tag] if tag in likes else []:
            likes[language] = max(likes[language], weight)
    if likes["en"] == likes["zh"]:
        return otherwise
    return "en" if likes["en"] > likes["zh"] else "zh"


def _weighed(header: str) -> Iterator[tuple[str, float]]:
    """Names with their weight; what is not written as the standard says counts for nothing."""
    for part in header.split(","):
        name, _, rest = part.partition(";")
        weight = re.search(r"(?:^|;)\s*q\s*=\s*([0-9.]*)", rest)
        try:
            yield name.strip().lower(), float(weight[1]) if weight else 1.0
        except ValueError:
            continue
