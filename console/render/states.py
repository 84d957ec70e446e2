"""The states of cases and referrals, drawn and listed from the tables of legal moves."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from console.render.tables import NOTE, table
from contracts.codes import CaseState, Code, ReferralState
from services.intake.domain import states as of_cases
from services.routing.domain import states as of_referrals
from services.routing.domain.states import Actor

FHIR: Final[Mapping[ReferralState, str]] = {
    ReferralState.DISPATCHED: "requested",
    ReferralState.SIGNED: "received",
    ReferralState.ACCEPTED: "accepted",
    ReferralState.IN_PROGRESS: "in-progress",
    ReferralState.ON_HOLD: "on-hold",
    ReferralState.RETURNED: "rejected",
    ReferralState.COMPLETED: "completed",
    ReferralState.FAILED: "failed",
    ReferralState.CANCELLED: "cancelled",
}
WHO: Final[Mapping[Actor, str]] = {
    Actor.OFFICE: "the office that has it",
    Actor.LEAD: "the lead",
    Actor.DECIDER: "who was asked to decide",
    Actor.COORDINATOR: "the coordinating office, or one above",
    Actor.TIME: "silence",
    Actor.CASE: "what happens to the case",
}
REFERRALS: Final = """
ACCEPTED is left by `sign`, `accept` and `request_return` only where silence had led to it: the own word of the office
may still come, and the time to object that the law gives (信访工作条例 23) is not cut short by silence. A copy is
signed for, and nothing else. While an extension is asked for none is asked for again, and only then is one granted or
refused ([decision 35](../decisions/0035-more-time-is-a-decision.md)).
""".strip()
CASES: Final = """
RESOLVED is left by the call-back (`POST …/callback`): `satisfied: true` closes, `satisfied: false` with a reason
reopens. `reached: false` says that nobody was reached: `case.applicant_not_reached` stands in the story, and state,
clocks and dates stay as they are. A closed case is reopened by `…/reopen`, or by a call-back in which the applicant
is not satisfied after all.

The right to that ends at the later of two ends, both in `reopening` of the policy: `within` (15wd) after
`resolved_at`, and `after_callback` (3wd) after the first call-back of the round that reached the applicant. No later
contact moves it, and a window that calls back too late takes nothing away: whoever is reached for the first time has
the right at that moment. `reopen_until` of the case says when it ends; after it, `callback` and `reopen` are refused
with 409 `reopen_window_over`, which names the moment
([decision 27](../decisions/0027-the-right-to-reopen-has-two-ends.md)).
""".strip()


def referrals_page() -> str:
    moves = of_referrals.MOVES
    states = [
        (_name(state), state.zh, FHIR.get(state, ""), "yes" if state in of_referrals.ENDED else "")
        for state in ReferralState
    ]
    listed = [
        (
            f"`{move.value}`",
            ", ".join(_name(before) for before, made in moves if made is move),
            ", ".join(dict.fromkeys(_kept(before, after) for (before, made), after in moves.items() if made is move)),
            ", ".join(WHO[actor] for actor in of_referrals.ACTORS[move]),
            ", ".join(f"`{door}`" for door in of_referrals.DOORS.get(move, ())) or "–",
        )
        for move in of_referrals.Move
    ]
    return _page(
        "States of a referral",
        "`services/routing/domain/states.py`",
        [
            *_drawing(moves, ReferralState.DISPATCHED),
            "",
            REFERRALS,
            "",
            *table(("state", "中文", "FHIR Task", "end"), states),
            "",
            "Whose each move is, and by which path or action:",
            "",
            *table(("move", "from", "to", "by", "path or action"), listed),
        ],
    )


def cases_page() -> str:
    states = [(_name(state), state.zh, "yes" if state in of_cases.TERMINAL else "") for state in CaseState]
    return _page(
        "States of a case",
        "`services/intake/domain/states.py`",
        [
            *_drawing(of_cases.MOVES, CaseState.REGISTERED),
            "",
            CASES,
            "",
            *table(("state", "中文", "end"), states),
        ],
    )


def _page(title: str, source: str, body: list[str]) -> str:
    return "\n".join([f"# {title}", "", NOTE, "", f"The table in {source} is the rule.", "", *body, ""])


def _drawing(moves: Mapping[tuple[Any, Any], Any], first: Code) -> Iterator[str]:
    yield from ("```mermaid", "stateDiagram-v2", f"    [*] --> {_name(first)}")
    for (before, move), after in moves.items():
        yield f"    {_name(before)} --> {_name(after)}: {move.value}"
    yield "```"


def _kept(before: Code, after: Code) -> str:
    return "the same" if before is after else _name(after)


def _name(state: Code) -> str:
    return state.value.upper()
