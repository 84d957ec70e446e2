"""One look: every page is made here, from one layout, with one policy of what it may load."""

import mimetypes
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Response
from litestar.response import Redirect

from contracts import codes
from contracts.codes import Role
from libraries.deadlines import Limit
from libraries.deadlines.rendering import limit_in_words, source_in
from services.portal.catalogue import Language, say
from services.portal.domain.devices import device
from services.portal.visits import Visit

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
SCRIPTED: Final = {"content-security-policy": f"{POLICY}; script-src 'self'; connect-src 'self'"}
"""Of pages that take files or keep drafts; no other has a script."""
TLS_ALONE: Final = {"strict-transport-security": "max-age=31536000"}
TAGS: Final = {"zh": "zh-CN", "en": "en"}
MENU: Final[Mapping[Role, Sequence[tuple[str, str]]]] = {
    Role.CLERK: (
        ("/counter", "nav.counter"),
        ("/counter/new", "nav.register"),
        ("/counter/people", "people.title"),
    ),
    Role.ASSISTANT: (("/counter", "nav.village"), ("/counter/new", "nav.register")),
    Role.OFFICER: (("/inbox", "nav.inbox"), ("/board", "board.title")),
    Role.HEAD: (("/coordinator", "nav.approvals"), ("/board", "board.title")),
    Role.COORDINATOR: (("/coordinator", "nav.coordinator"), ("/board", "board.title")),
    Role.OPS: (("/board", "board.title"),),
    Role.ADMINISTRATOR: (
        ("/admin", "nav.accounts"),
        ("/admin/sessions", "nav.sessions"),
        ("/reads", "nav.reads"),
        ("/admin/holidays", "nav.holidays"),
    ),
    Role.AUDITOR: (("/reads", "nav.reads"),),
}
"""Path and text of the pages of each role."""

LABELS: Final[Mapping[str, str]] = {
    **{f"applicant.{name}": f"applicant.{name}" for name in ("name", "phone", "email", "id_number", "household")},
    "area": "counter.area",
    "elsewhere": "counter.elsewhere",
    "channel": "counter.channel",
    "summary": "counter.summary",
    "materials": "case.materials",
    "missing": "case.materials",
    "go_to": "counter.go_to",
    "duplicates": "counter.duplicates",
    "reason": "inbox.reason",
    "to": "coordinator.to",
    "category": "matter.category",
    "attributes.category": "matter.category",
    "attributes.area": "matter.area",
    "satisfied": "status.satisfied",
    "consent": "counter.consent",
    "purpose": "check.purpose",
    "question": "check.question",
    **{name: f"applicant.{name}" for name in ("name", "phone", "id_number", "household")},
    "days": "link.days",
    "login": "login.name",
    "role": "admin.role",
    "office": "admin.office",
    "code": "admin.code",
    "deputy": "admin.deputy",
    "begins": "admin.begins",
    "since": "figures.from",
    "last": "figures.to",
    "ends": "admin.ends",
}
"""By field of a form, the text with which the page calls it."""


@cache
def _static() -> Mapping[str, bytes]:
    return {each.name: each.read_bytes() for each in (resources.files("services.portal") / "static").iterdir()}


@cache
def static_version(name: str) -> str:
    return sha256(_static()[name]).hexdigest()[:12]


def static_file(name: str) -> tuple[bytes, str] | None:
    """Content and media type."""
    found = _static().get(name)
    return (found, mimetypes.guess_type(name)[0] or "application/octet-stream") if found is not None else None


@pass_context
def _say(context: Context, key: str, **facts: Any) -> str:
    return say(context["language"], key, **facts)


@pass_context
def _label_of(context: Context, field: str) -> str:
    """How the page calls a field, before what is wrong with it."""
    language: Language = context["language"]
    text = LABELS.get(field)
    return say(language, text) + say(language, "page.colon") if text is not None else ""


@pass_context
def _named(context: Context, of: Any, name: str = "") -> str:
    """What something is called in the language of the page: `{zh, en}`, or `{name_zh, name_en}`."""
    prefix = f"{name}_" if name else ""
    for language in (context["language"], "zh"):
        found = of.get(f"{prefix}{language}") if isinstance(of, Mapping) else getattr(of, f"{prefix}{language}", None)
        if found:
            return str(found)
    return str(of.get(name, "") if isinstance(of, Mapping) else of)


@pass_context
def _code(context: Context, kind: str, value: str) -> str:
    """What a member of one of the contracts' closed sets is called."""
    label: str = getattr(codes, kind)(value).label(context["language"])
    return label


@pass_context
def _moment(context: Context, value: datetime | str | None) -> str:
    if not value:
        return "—"
    return written(value, context["language"], context["visit"].policy.calendar.zone)


def written(value: datetime | str, language: Language, zone: tzinfo) -> str:
    """A moment as people write it, by the clocks of the place."""
    at = (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(zone)
    return f"{at:%d %b %Y %H:%M}" if language == "en" else f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


@pass_context
def _limit(context: Context, value: str) -> str:
    """A limit of the policy in words, for example `5wd`."""
    return limit_in_words(Limit.parse(value), context["language"])


@pass_context
def _source(context: Context, value: str) -> str:
    """A law by its name in the language of the page."""
    return source_in(value, context["language"])


def _size(value: int) -> str:
    """As file managers tell it."""
    kilobytes = max(1, round(value / 1024))
    return f"{kilobytes} KB" if kilobytes < 1024 else f"{value / 1024 / 1024:.1f} MB"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("services.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"say": _say, "named": _named, "code": _code, "label_of": _label_of, "version": static_version}
    made.filters |= {"device": device, "filesize": _size, "moment": _moment, "limit": _limit, "source": _source}
    return made


def page(visit: Visit, template: str, *, status: int = 200, path: str = "", **values: Any) -> Response[str]:
    """`path` is where the page stands, for the switch of the language; `may_…`, that it has a script."""
    session = visit.session
    text = (
        _environment()
        .get_template(template)
        .render(
            visit=visit,
            session=session,
            language=visit.language,
            tag=TAGS[visit.language],
            other="zh" if visit.language == "en" else "en",
            menu=MENU.get(session.post.role, ()) if session is not None and not session.account.must_change else (),
            path=path,
            here=quote(path, safe=""),
            **{"faults": {}, "told": "", "whole": "", "refused": "", **values},
        )
    )
    headers = (
        HEADERS
        | (SCRIPTED if values.get("may_attach") or values.get("may_script") else {})
        | (TLS_ALONE if visit.portal.secure else {})
    )
    return Response(text, status_code=status, media_type="text/html", headers=headers, cookies=visit.cookies)


def go_to(visit: Visit, path: str) -> Redirect:
    """After a form: the browser asks for a page, so that going back sends nothing twice."""
    return Redirect(path, status_code=303, headers=HEADERS, cookies=visit.cookies)
