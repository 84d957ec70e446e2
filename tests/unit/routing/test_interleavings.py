"""Return and arbitration, in every order: all that a lead, a coordinator and time can do until nothing new comes.

The search is over what decides what may happen next, and not over dates and identifiers, so it ends. Rework and
co-handlers are left out; any course of events with them is drawn in `test_states.py`.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from typing import Final

from contracts.codes import RETURN_RIGHTS, FeedbackAction, ReferralRole, ReferralState
from contracts.codes import FeedbackAction as A
from contracts.refusals import Refused
from contracts.submissions import Feedback
from services.routing.domain.dispatching import dispatch
from services.routing.domain.feedback import ReceivedFeedback, take
from services.routing.domain.referral import Change, Referral, Routing
from services.routing.domain.supervision import arbitrate, decide_return, deem_accepted, reassign
from services.routing.domain.timing import Context
from tests.unit.routing.builders import CIVIL_AFFAIRS, COORDINATOR, EDUCATION, NOON, a_matter, counting_ids, policy

MATTER: Final = "education.school_placement"
HEALTH: Final = "health-130722000000"
OFFICES: Final = (EDUCATION, CIVIL_AFFAIRS, HEALTH)
REASONS: Final[Mapping[FeedbackAction, str]] = {A.RETURN: "not_competent", A.HOLD: "appraisal", A.FAIL: "not_eligible"}
ANSWERS: Final = (A.SIGN, A.ACCEPT, A.RETURN, A.HOLD, A.RESUME, A.COMPLETE, A.FAIL)
OVER: Final = {ReferralState.COMPLETED, ReferralState.FAILED}
AN_ACT: Final = timedelta(minutes=1)
SILENCE: Final = timedelta(days=30)
"""Longer than any time to sign or to object of this matter, with the longest holidays in it."""

Key = tuple[object, ...]


@dataclass(slots=True)
class Seen:
    """All states that there are, each with the moves out of it."""

    routings: dict[Key, tuple[Routing, datetime]] = field(default_factory=dict)
    moves: dict[Key, list[tuple[str, Key]]] = field(default_factory=dict)

    def leads(self) -> Iterator[tuple[Key, Referral]]:
        for key, (routing, _) in self.routings.items():
            if routing.lead is not None:
                yield key, routing.lead


def key_of(routing: Routing, at: datetime) -> Key:
    """What decides what may happen next."""
    returned, lead = routing.refused_by, routing.lead
    if lead is None:
        last = routing.last_lead
        return (last.office if last is not None else "", last.state if last is not None else "", returned)
    clocks = frozenset({clock.kind: clock.status for clock in lead.clocks}.items())
    how = (lead.deemed, lead.return_locked, lead.arbitrated_by, may_object(lead, at))
    return (lead.office, lead.state, *how, clocks, returned)


def may_object(lead: Referral, at: datetime) -> bool:
    ends = [clock.due(policy().calendar_of(clock.office)).due_at for clock in lead.open_clocks(RETURN_RIGHTS)]
    return any(end is not None and at <= end for end in ends)


def courses(routing: Routing, at: datetime, context: Context) -> Iterator[tuple[str, Change | Refused, datetime]]:
    """Everything that somebody can try next."""
    lead = routing.lead
    if lead is None:
        return
    soon, numbers = at + AN_ACT, count()
    for action in ANSWERS:
        said = Feedback(
            feedback_id=f"f{next(numbers)}", referral_id=lead.id, action=action, reason=REASONS.get(action, "")
        )
        answer = ReceivedFeedback(sender=lead.office, feedback=said, received_at=soon)
        change, refused = take(routing, answer, context)
        yield action.value, refused or change, soon
    fresh = Change(routing=routing, at=soon, by=COORDINATOR)
    yield "keep", decide_return(fresh, lead.id, context, approve=False, reason="", to=None), soon
    yield "send on", decide_return(fresh, lead.id, context, approve=True, reason="", to=None), soon
    for to in OFFICES:
        yield f"send to {to}", decide_return(fresh, lead.id, context, approve=True, reason="", to=to), soon
        yield f"arbitrate for {to}", arbitrate(fresh, lead.id, context, to=to, reason="by_competence"), soon
        yield f"reassign to {to}", reassign(fresh, lead.id, context, to=to, reason="coordinator_decision"), soon
    later = at + SILENCE
    yield "silence", deem_accepted(Change(routing=routing, at=later), lead.id, context), later


@cache
def everything() -> Seen:
    context = Context(policy=policy(), make_id=counting_ids())
    begun = dispatch(a_matter(MATTER), NOON, context).routing
    seen, first = Seen(), key_of(begun, NOON)
    seen.routings[first] = begun, NOON
    ahead = deque([first])
    while ahead:
        here = ahead.popleft()
        routing, at = seen.routings[here]
        moves = seen.moves.setdefault(here, [])
        for name, outcome, then in courses(routing, at, context):
            if isinstance(outcome, Refused):
                continue
            there = key_of(outcome.routing, then)
            moves.append((name, there))
            if there not in seen.routings:
                seen.routings[there] = outcome.routing, then
                ahead.append(there)
    return seen


def test_every_state_of_a_referral_is_reached_and_no_other_mix_of_its_marks() -> None:
    seen = everything()
    states = {lead.state for _, lead in seen.leads()} | {
        one.state for routing, _ in seen.routings.values() for one in routing.referrals
    }
    assert states == set(ReferralState)
    for _, lead in seen.leads():
        waiting = lead.state is ReferralState.RETURN_REQUESTED
        assert not (waiting and (lead.return_locked or lead.deemed)), "what is settled or let pass is not returned"
        assert not (lead.deemed and lead.state in {ReferralState.DISPATCHED, ReferralState.SIGNED})
        assert lead.return_locked or lead.arbitrated_by is None, "whoever got it by arbitration keeps it"
        assert not (lead.return_locked and lead.open_clocks(RETURN_RIGHTS)), "no time to object where nobody may"


def test_a_case_is_never_without_an_owner_and_never_has_two() -> None:
    for routing, _ in everything().routings.values():
        leads = [one for one in routing.referrals if one.role is ReferralRole.LEAD]
        last = routing.last_lead
        assert last is not None
        assert sum(one.live for one in leads) == (0 if last.state in OVER else 1)


def test_whoever_waits_for_a_decision_gets_one() -> None:
    """Nobody decides on a return of their own, it can be refused, and it can be settled as soon as two disagree."""
    seen = everything()
    for key, lead in seen.leads():
        if lead.state is not ReferralState.RETURN_REQUESTED:
            continue
        routing, _ = seen.routings[key]
        possible = {name for name, _ in seen.moves[key]}
        assert "keep" in possible
        assert lead.decider != lead.office
        assert any(name.startswith(("send", "arbitrate")) for name in possible)
        assert routing.contested(lead) == any(name.startswith("arbitrate") for name in possible)


def test_from_everywhere_the_case_comes_to_its_end() -> None:
    """Of what its office does alone, where nobody has to decide; and always, once somebody has decided."""
    seen = everything()
    ends = {key for key, (routing, _) in seen.routings.items() if routing.lead is None}
    alone = _leads_to(ends, seen, lambda name: name in {action.value for action in ANSWERS})
    waiting = {key for key, lead in seen.leads() if lead.state is ReferralState.RETURN_REQUESTED}
    assert seen.routings.keys() - alone == waiting
    assert _leads_to(ends, seen, lambda _: True) == seen.routings.keys()


def test_a_case_does_not_go_to_and_fro() -> None:
    """Of itself it never comes back to where it was; a hold alone can be repeated, and a coordinator can reassign."""
    seen = everything()
    steps = {
        key: [there for name, there in moves if there != key and not name.startswith("reassign") and name != "hold"]
        for key, moves in seen.moves.items()
    }
    into = Counter(there for here in steps.values() for there in here)
    ahead = [key for key in steps if not into[key]]
    passed = 0
    while ahead:
        passed += 1
        for there in steps[ahead.pop()]:
            into[there] -= 1
            if not into[there]:
                ahead.append(there)
    assert passed == len(steps), "the rest goes round in circles"


def _leads_to(ends: Collection[Key], seen: Seen, counts: Callable[[str], bool]) -> set[Key]:
    """From where moves that count lead to one of the ends."""
    back: dict[Key, list[Key]] = {}
    for here, moves in seen.moves.items():
        for name, there in moves:
            if counts(name):
                back.setdefault(there, []).append(here)
    found, ahead = set(ends), list(ends)
    while ahead:
        for before in back.get(ahead.pop(), ()):
            if before not in found:
                found.add(before)
                ahead.append(before)
    return found
