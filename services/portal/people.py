"""The registry at the counter (对象管理): a person is looked for, and found with their cases and the household's.

What was typed stands in no address, so that no history of a browser and no log keeps it.
"""

from types import MappingProxyType
from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import Role
from services.portal.forms import Form
from services.portal.look import go_to, page
from services.portal.pages import ROLES, faults_of, refusal_of, visit
from services.portal.remote import ServiceRefused
from services.portal.visits import REVIEW_FIELD, Call, Visit

WINDOWS: Final = {ROLES: (Role.CLERK,)}
SOUGHT: Final = ("id_number", "name", "phone", "household")
ACTS: Final = MappingProxyType({"merge": ("one", "other"), "part": ("case",)})


@get("/counter/people", opt=WINDOWS)
async def people(request: Call) -> Response[Any]:
    done = request.query_params.get("done", "")
    return _page(visit(request), Form(), told=f"people.done_{done}" if done in ACTS else "")


@post("/counter/people", opt=WINDOWS)
async def search(request: Call) -> Response[Any]:
    found, form = visit(request), visit(request).form
    if form.get(REVIEW_FIELD):
        return _page(found, form)
    sought = {name: form.get(name) for name in ("purpose", *SOUGHT)}
    try:
        answer = await found.caller.post("intake", "/v1/people/search", sought)
    except ServiceRefused as error:
        if error.problem.status in {401, 403}:
            raise
        faults, whole = faults_of(error.problem, ("purpose", *SOUGHT))
        return _page(found, form, faults=faults, whole=whole, status=error.problem.status)
    return _page(found, form, answer=answer)


@post("/counter/people/{act:str}", opt=WINDOWS)
async def merge_or_part(request: Call, act: FromPath[str]) -> Response[Any]:
    """Two records of one person become one, or one that was merged wrongly is taken apart."""
    found, form = visit(request), visit(request).form
    if act not in ACTS or form.get(REVIEW_FIELD):
        return _page(found, form)
    body = {name: form.get(name) for name in ("purpose", *ACTS[act])}
    asked = found.caller.post("intake", f"/v1/people/{act}", body)
    if refused := await refusal_of(found, asked, ACTS[act], whole_page={401, 403}):
        return _page(found, form, **refused)
    return go_to(found, f"/counter/people?done={act}")


def _page(found: Visit, typed: Form, *, status: int = 200, **values: Any) -> Response[Any]:
    purposes = [(one.code, one.en if found.language == "en" else one.zh) for one in found.policy.purposes.values()]
    values = {"answer": None, "told": "", **values}
    return page(found, "people.html", status=status, path="/counter/people", typed=typed, purposes=purposes, **values)


PEOPLE: list[HTTPRouteHandler] = [people, search, merge_or_part]
