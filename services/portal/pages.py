"""What every page goes through: who asks, may they, and what they see when they may not or something fails."""

from collections.abc import Awaitable, Collection, Iterable
from typing import Any, Final
from urllib.parse import quote

import httpx
import structlog
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler

from contracts.codes import Role
from contracts.refusals import FieldError
from libraries.runtime.failures import FailureClass, classify
from services.portal.catalogue import say
from services.portal.forms import BadForm, Form
from services.portal.look import go_to, page
from services.portal.remote import Problem, ServiceAway, ServiceRefused
from services.portal.uploads import read_files
from services.portal.visits import (
    CSRF_FIELD,
    Call,
    Portal,
    Visit,
    acts_as,
    comes_from_us,
    is_ours,
    language_of,
    local_path,
    visit_of,
)

OPEN: Final = "open"
"""Of a route: no session, no form, nothing personal."""
PUBLIC: Final = "public"
"""Of a route: for people who are not signed in, too."""
ROLES: Final = "roles"
QUIET: Final = "quiet"
"""Of a route: a page asks for it by itself, without anybody who does something."""
FILES: Final = "files"
"""Of a route: its form may bring files."""
CHANGES_PASSWORD: Final = "changes_password"  # noqa: S105 -- the name of an option
RETRY_SECONDS: Final = "5"
BY_STATUS: Final = {403: "refused", 404: "missing", 405: "missing", 410: "missing", 413: "large", 503: "away"}

log = structlog.get_logger()


def here(request: Call) -> str:
    query = request.scope.get("query_string", b"").decode("latin-1")
    return f"{request.url.path}?{query}" if query else str(request.url.path)


def visit(request: Call) -> Visit:
    found: Visit = request.state.visit
    return found


async def admit(request: Call) -> Response[Any] | None:
    """Litestar's `before_request`: the visit stands in `request.state`, or something else is answered."""
    options = request.route_handler.opt
    if options.get(OPEN):
        return None
    portal: Portal = request.app.state.portal
    found = request.state.visit = await visit_of(request, portal, quiet=bool(options.get(QUIET)))
    if found.session is not None:
        request.scope["user"] = acts_as(found.session)
    if request.method == "POST":
        try:
            body = await request.body()
            if options.get(FILES):
                found.form, found.files = read_files(request.headers.get("content-type", ""), body)
            else:
                found.form = Form.read(body)
        except BadForm:
            return error_page(found, 400)
        if not comes_from_us(request, portal):
            return error_page(found, 403, "error.foreign")
    if found.session is None and not options.get(PUBLIC):
        return _ask_to_sign_in(found, request)
    if request.method == "POST" and not is_ours(found):
        return error_page(found, 403, "error.stale")
    return _turned_away(found, request.route_handler)


def _ask_to_sign_in(found: Visit, request: Call) -> Response[Any]:
    """What was typed into a form goes with it, and comes back after signing in: nothing is lost, nothing is kept."""
    if request.method != "POST":
        return go_to(found, f"/login?next={quote(here(request), safe='')}")
    kept = found.form.without(CSRF_FIELD).pairs
    return login_page(found, request.url.path, status=401, kept=kept, ended=True)


def login_page(found: Visit, wanted: str, *, status: int = 200, **values: Any) -> Response[Any]:
    """The page to sign in, which leads to `wanted`; with what went wrong, if something did."""
    empty = {"kept": (), "login": "", "ended": False, "left": False, "groups": ()}
    return page(found, "login.html", status=status, path="/login", next=wanted, **{**empty, **values})


def _turned_away(found: Visit, handler: BaseRouteHandler) -> Response[Any] | None:
    session = found.session
    if session is None or handler.opt.get(PUBLIC):
        return None
    if session.account.must_change and not handler.opt.get(CHANGES_PASSWORD):
        return go_to(found, "/password")
    roles: Iterable[Role] | None = handler.opt.get(ROLES)
    if roles is not None and session.post.role not in roles:
        return error_page(found, 403, "error.role")
    return None


def error_page(found: Visit, status: int, detail: str = "", *, said: str = "") -> Response[str]:
    """`said` is what a service says itself; `detail` a text of ours."""
    kind = BY_STATUS.get(status, "failed" if status >= 500 else "bad")
    answer = page(found, "error.html", status=status, kind=kind, detail=detail or f"error.{kind}_detail", said=said)
    if status == 503:
        answer.headers["retry-after"] = RETRY_SECONDS
    return answer


def _visit_or_plain(request: Call) -> Visit:
    """Where nobody was looked at yet, as for a path that does not exist, the page is for a stranger."""
    found: Visit | None = request.state.get("visit")
    if found is not None:
        return found
    portal: Portal = request.app.state.portal
    language = language_of(request, portal.language())
    return Visit(portal=portal, language=language, session=None, visitor="", address="", agent="")


def on_http_exception(request: Call, error: HTTPException) -> Response[str]:
    return error_page(_visit_or_plain(request), error.status_code)


def on_refused(request: Call, error: ServiceRefused) -> Response[str]:
    problem = error.problem
    if problem.status == 401:  # the token of a person that a service does not take: the post is no more
        return error_page(_visit_or_plain(request), 403, said=problem.detail)
    return error_page(_visit_or_plain(request), problem.status, said=problem.detail)


def on_away(request: Call, error: ServiceAway) -> Response[str]:
    note_away(error)
    return error_page(_visit_or_plain(request), 503)


def note_away(error: ServiceAway) -> None:
    log.warning("service_away", name=str(error), why=error.why)


def on_error(request: Call, error: Exception) -> Response[str]:
    if classify(error) is not FailureClass.POISON:
        return error_page(_visit_or_plain(request), 503)
    log.error("request_failed", error=type(error).__name__, exc_info=error)
    return error_page(_visit_or_plain(request), 500)


def faults_of(problem: Problem, known: Iterable[str]) -> tuple[dict[str, str], str]:
    """By field what is wrong; and what belongs to no field that the page has."""
    names = set(known)
    fields: dict[str, str] = {}
    rest: list[FieldError] = []
    for error in problem.errors:
        name = error.field.partition("[")[0]  # one of several things in a field
        if name in names:
            fields[name] = f"{fields[name]}；{error.detail}" if name in fields else error.detail
        else:
            rest.append(error)
    if problem.errors and not rest:
        return fields, ""
    if problem.errors and fields:
        return fields, "；".join(error.detail for error in rest)
    return fields, problem.detail or problem.title


async def refusal_of(
    found: Visit, asked: Awaitable[Any], fields: Iterable[str], *, whole_page: Collection[int]
) -> dict[str, Any]:
    """What a page shows beside the form that a service refused: faults, the rest, the status; empty where it was done.

    A refusal with one of the statuses of `whole_page` is no matter of the form, and goes on.
    """
    try:
        await asked
    except ServiceRefused as error:
        if error.problem.status in whole_page:
            raise
        faults, whole = faults_of(error.problem, fields)
        if error.problem.status == httpx.codes.PRECONDITION_FAILED:
            whole = say(found.language, "page.changed")
        return {"faults": faults, "whole": whole, "status": error.problem.status}
    return {}


def next_of(found: Visit) -> str:
    return local_path(found.form.get("next") or "/")
