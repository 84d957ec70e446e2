"""What an office answers to a referral, by account or by link: one page, and one way to take an answer."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from litestar import Response

from contracts.codes import OF_LEADS, ClockKind, Consent, FeedbackAction, ReferralRole, ReferralState
from libraries.ids import new_id
from libraries.policies.decision import coordinator
from libraries.policies.model import Office
from services.portal import places
from services.portal.attaching import DONE
from services.portal.domain import work
from services.portal.forms import SEEN_FIELD, Form
from services.portal.look import go_to, page
from services.portal.matters import new_matter
from services.portal.pages import refusal_of
from services.portal.reading import read_if_allowed, reasons_for
from services.portal.referrals import ReferralScreen, referral_values
from services.portal.visits import REVIEW_FIELD, Visit

FIELDS: Final = (
    "reason",
    "text",
    "attributes.by",
    "attributes.office",
    "attributes.consent",
    "attributes.purpose",
    "attributes.category",
    "attributes.area",
    "attributes.result",
)
USES: Final[Mapping[str, str]] = {
    **{use: use for use in ("return", "hold", "extend", "fail", "transfer")},
    "release-co": "release_co",
}
"""Answers with a reason, and the use that the reason has in the policy."""
ANSWERS: Final = tuple(action.value for action in FeedbackAction)


def told_of(done: str) -> str:
    """The text after an answer; none for what is no answer."""
    return f"inbox.done_{done.replace('-', '_')}" if done in (*ANSWERS, DONE) else ""


async def show(
    screen: ReferralScreen, *, purpose: str | None = None, status: int = 200, **values: Any
) -> Response[Any]:
    found = screen.visit
    seen = await screen.caller.see("routing", f"/v1/referrals/{screen.referral_id}")
    one = seen.value
    state, role = ReferralState(one["state"]), ReferralRole(one["role"])
    if role is ReferralRole.CHECK and values.get("told") == told_of("complete"):
        values["told"] = "check.done"  # nobody is called back after it
    return page(
        found,
        "referral.html",
        status=status,
        path=screen.own,
        possible=_possible(one, state, role, screen),
        offices=_offices(one, found),
        consents=tuple(Consent),
        standing=await _standing(screen, one),
        **new_matter(found, one["area"]),
        extension=_extension(one, found),
        reasons={answer: reasons_for(found, use) for answer, use in USES.items()},
        approvers=found.policy.approvers,
        feedback=f"portal-{new_id()}",
        seen=seen.version,
        **await referral_values(screen, one, purpose),
        **{"typed": Form(), "did": "", "told": "", **values},
    )


def _possible(
    one: Mapping[str, Any], state: ReferralState, role: ReferralRole, screen: ReferralScreen
) -> tuple[str, ...]:
    possible = work.answers(state, role, deemed=one["deemed"], locked=one["return_locked"])
    offices, unclassified = _offices(one, screen.visit), screen.visit.policy.unclassified(one["category"])
    possible = tuple(answer for answer in possible if answer != ("complete" if unclassified else "classify"))
    return tuple(
        answer
        for answer in possible
        if (answer != "extend" or _may_ask(one, screen.visit))
        and (answer not in OF_LEADS or (screen.link is None and offices[answer]))
    )


def _offices(one: Mapping[str, Any], found: Visit) -> dict[str, list[tuple[str, str]]]:
    """With which offices a lead can do what, by code and name; routing judges."""
    policy, language = found.policy, found.language
    sender = policy.offices.get(coordinator(policy, one["area"]))
    own = policy.offices.get(one["office"])
    near = [office for office in places.offices_near(policy, one["area"]) if office.code != one["office"]]
    inside = [office for office in near if sender is not None and policy.within(office.area, sender.area)]
    co_handlers = [
        (other["office"], other[f"office_{language}"])
        for other in one.get("others", ())
        if other["role"] == ReferralRole.CO and other["ended_at"] is None
    ]
    beside = _named([office for office in inside if not office.outside], language)
    below = [
        office
        for office in policy.offices.values()
        if own is not None and not office.outside and office.area != own.area and policy.within(office.area, own.area)
    ]
    return {
        **dict.fromkeys(("add-co", "forward", "transfer"), beside),
        "assign": _named(below, language),
        "refer-out": _named([office for office in inside if office.outside], language),
        **dict.fromkeys(("release-co", "urge"), co_handlers),
        "request-check": _named([office for office in near if not office.outside], language),
    }


async def _standing(screen: ReferralScreen, one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """For what the applicant lets offices be asked; only a lead asks."""
    if one["role"] != ReferralRole.LEAD or screen.link is not None:
        return []
    given = await read_if_allowed(screen.caller, "intake", f"/v1/cases/{one['case_id']}/check-consents")
    return [consent for consent in given or () if consent["withdrawn_at"] is None]


def _named(offices: Iterable[Office], language: str) -> list[tuple[str, str]]:
    return [(office.code, office.en if language == "en" else office.zh) for office in offices]


def _may_ask(one: Mapping[str, Any], found: Visit) -> bool:
    """Whether more time can be asked for, and none is asked for yet."""
    return one["extension"] is None and _extension(one, found) is not None


def _extension(one: Mapping[str, Any], found: Visit) -> Any:
    """How much more time the policy gives this referral's clock, and who has to agree; `None` for none."""
    for clock in one["clocks"]:
        if clock["stopped_at"] is None and not clock["extensions"]:
            row = found.policy.find_limit(ClockKind(clock["kind"]), one["category"])
            if row is not None and row.extension is not None:
                return row.extension
    return None


async def answer(screen: ReferralScreen, given: str) -> Response[Any]:
    found, form = screen.visit, screen.visit.form
    if given not in ANSWERS:
        return go_to(found, screen.own)
    if form.get(REVIEW_FIELD):
        return await show(screen, typed=form, did=given)
    path = f"/v1/referrals/{screen.referral_id}/{given}"
    asked = screen.caller.post("routing", path, _body(form), seen=form.get(SEEN_FIELD))
    if refused := await refusal_of(found, asked, FIELDS, whole_page={401, 403, 404}):
        return await show(screen, typed=form, did=given, **refused)
    return go_to(found, f"{screen.own}?done={given}")


def _body(form: Form) -> dict[str, Any]:
    """Fields that were left empty are left out. The basis in law stands before the words."""
    text = "\n".join(filter(None, (form.get("basis"), form.get("text"))))
    given = {"feedback_id": form.get("feedback_id"), "reason": form.get("reason"), "text": text}
    names = ("office", "consent", "purpose", "category", "area", "result")
    attributes = {name: value for name in names if (value := form.get(f"attributes.{name}"))}
    if form.get("attributes.by"):
        attributes["by"] = form.get("attributes.by") + form.get("unit")
    return {name: value for name, value in {**given, "attributes": attributes}.items() if value}
