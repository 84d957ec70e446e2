"""Register a matter at the counter: choose it, see at once what must be handed in, write down who asks and for what."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler

from contracts.codes import Consent, Field, Role, SubmissionChannel
from libraries.ids import new_id
from libraries.policies import Category
from services.portal import places
from services.portal.catalogue import say
from services.portal.domain.pinyin import sounds_like
from services.portal.drafting import FIELD, drop_of, taken_up
from services.portal.forms import Form
from services.portal.look import go_to, page
from services.portal.matters import not_sure
from services.portal.pages import ROLES, error_page, faults_of, note_away, visit
from services.portal.receipts import keep_code
from services.portal.remote import ServiceAway, ServiceRefused
from services.portal.visits import REVIEW_FIELD, Call, Visit

CLERKS: Final = {ROLES: (Role.CLERK, Role.ASSISTANT)}
SOURCE: Final = "portal"
"""Of what is registered here; with the id that the form was made with, a second click makes no second case."""
PERSON: Final = ("name", "phone", "email", "id_number", "household")
CHANNELS: Final = tuple(channel for channel in SubmissionChannel if channel is not SubmissionChannel.SYSTEM)


@get("/counter/new", opt=CLERKS)
async def choose(request: Call) -> Response[Any]:
    """Without a matter the list of them, grouped by field; with one its form."""
    found, asked = visit(request), request.query_params
    if FIELD in asked:
        return await _taken_up(found, asked[FIELD], saved=bool(asked.get("saved")))
    category = found.policy.categories.get(asked.get("category", ""))
    if category is not None:
        return _form(found, category, Form())
    words = asked.get("q", "").strip()
    groups = grouped(found, words)
    return page(found, "choose.html", path="/counter/new", groups=groups, words=words, not_sure=not_sure(found.policy))


async def _taken_up(found: Visit, draft: str, *, saved: bool) -> Response[Any]:
    """A draft as it was left; one that is over, or whose matter is no more, is not to be found."""
    left = await taken_up(found, draft)
    category = found.policy.categories.get(left[0]) if left is not None else None
    if left is None or category is None:
        return error_page(found, 404, "drafts.gone")
    return _form(found, category, left[1], told="drafts.saved" if saved else "drafts.taken_up")


def grouped(found: Visit, words: str) -> Mapping[Field, list[Category]]:
    """By field, those whose name has all words in it, or sounds like them."""
    groups: dict[Field, list[Category]] = defaultdict(list)
    wanted = words.lower().split()
    for category in found.policy.categories.values():
        names = f"{category.zh} {category.en} {category.field.zh}".lower()
        if all(word in names or sounds_like(word, category.zh) for word in wanted):
            groups[category.field].append(category)
    return groups


def _form(found: Visit, category: Category, typed: Form, *, status: int = 200, **values: Any) -> Response[Any]:
    return page(
        found,
        "register.html",
        status=status,
        path=f"/counter/new?category={category.code}",
        category=category,
        typed=typed,
        areas=places.areas_near(found.policy, found.signed_in.post.area),
        channels=CHANNELS,
        consents=tuple(Consent),
        for_others=found.signed_in.post.role is Role.ASSISTANT,
        submission=typed.get("submission_id") or str(new_id()),
        may_script=found.portal.sealer is not None,
        **{"elsewhere": (), "again": bool(typed.get(REVIEW_FIELD)), **values},
    )


@post("/counter/new", opt=CLERKS)
async def register(request: Call) -> Response[Any]:
    found, form = visit(request), visit(request).form
    category = found.policy.categories.get(form.get("category"))
    if category is None:
        return error_page(found, 422)
    if form.get(REVIEW_FIELD):
        return _form(found, category, form)
    area, fitting, fault = _area(found, form)
    if fault:
        faults = {"elsewhere": say(found.language, f"counter.area_{fault}")}
        return _form(found, category, form, faults=faults, elsewhere=fitting, status=422)
    try:
        case = await found.caller.post("intake", "/v1/cases", _body(found, form, category, area))
    except ServiceAway as error:
        note_away(error)
        # It may be registered all the same: the same form once more makes no second case.
        return _form(found, category, form, whole=say(found.language, "error.away_detail"), status=503)
    except ServiceRefused as error:
        if error.problem.status in {401, 403}:
            raise
        known = ("area", "channel", "summary", "materials", "consent", *(f"applicant.{one}" for one in PERSON))
        known += tuple(f"attributes.{name}" for name in category.attributes)
        faults, whole = faults_of(error.problem, known)
        return _form(found, category, form, faults=faults, whole=whole, status=error.problem.status)
    await drop_of(found, form.get(FIELD))
    if "receipt" in case:
        keep_code(found, case["number"], case["receipt"])
    return go_to(found, f"/counter/cases/{case['number']}?done=registered")


def _area(found: Visit, form: Form) -> tuple[str, list[tuple[str, str]], str]:
    """The code; else what the words fit, and what is wrong with them."""
    words = form.get("elsewhere")
    if not words:
        return form.get("area"), [], ""
    fitting = places.find_areas(found.policy, words)
    chosen = form.get("area_found")
    if chosen in {code for code, _ in fitting}:
        return chosen, fitting, ""
    if len(fitting) == 1:
        return fitting[0][0], fitting, ""
    return "", fitting, "several" if fitting else "unknown"


def _body(found: Visit, form: Form, category: Category, area: str) -> dict[str, Any]:
    applicant = {name: form.get(f"applicant.{name}") for name in PERSON}
    silent = {"no_messages": True} if form.get("applicant.no_messages") else {}
    said = {name: _meant(form.get(f"attributes.{name}")) for name in category.attributes}
    body: dict[str, Any] = {
        "submission_id": form.get("submission_id"),
        "source": SOURCE,
        "category": category.code,
        "area": area,
        "channel": form.get("channel"),
        "applicant": {name: value for name, value in applicant.items() if value or name == "name"} | silent,
        "summary": form.get("summary"),
        "materials": form.all("materials"),
        "attributes": {name: value for name, value in said.items() if value != ""},
    }
    more = {"first_contact_post": found.signed_in.post.code, "consent": form.get("consent")}
    return body | {name: value for name, value in more.items() if value}


def _meant(value: str) -> str | int | bool:
    """A form knows texts alone."""
    if value in {"true", "false"}:
        return value == "true"
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else value


REGISTERING: list[HTTPRouteHandler] = [choose, register]
