"""A made-up matter on the real pack, and answers to it."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

from contracts.codes import Door, Field, Role
from contracts.codes import FeedbackAction as A
from contracts.events.base import Actor
from contracts.refusals import Refused
from contracts.submissions import Feedback
from libraries.policies import Policy, load_policy
from services.routing.domain.dispatching import dispatch
from services.routing.domain.extension import decide_extension
from services.routing.domain.feedback import ReceivedFeedback, take
from services.routing.domain.lead_limit import cap_co_handlers
from services.routing.domain.referral import Change, CheckConsent, Referral, Routing
from services.routing.domain.request import RoutingRequest
from services.routing.domain.timing import Context

PACK = Path(__file__).parents[3] / "deploy" / "policies" / "zhangjiakou"
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""A Monday, 12:00 at the window."""
CASE = UUID("01990000-0000-7000-8000-000000000001")
TOWNSHIP = "130722100000"
EDUCATION = "education-130722000000"
CIVIL_AFFAIRS = "civil_affairs-130722000000"

COORDINATOR = Actor(door=Door.HTTP, role=Role.COORDINATOR, office=CIVIL_AFFAIRS)
ARBITER = Actor(door=Door.HTTP, role=Role.COORDINATOR, office="government_office-130700000000")


@cache
def policy() -> Policy:
    return load_policy(PACK)


def counting_ids() -> Callable[[], UUID]:
    numbers = itertools.count(1)
    return lambda: UUID(int=next(numbers))


def a_matter(category: str = "education.student_aid", area: str = TOWNSHIP) -> RoutingRequest:
    known = policy().categories.get(category)
    return RoutingRequest(
        case_id=CASE,
        number="130722-20260302-00001-1",
        category=category,
        field=known.field if known is not None else Field.CIVIL_AFFAIRS,
        area=area,
        attributes={},
        first_contact_office=f"township-{TOWNSHIP}",
        accepted_at=NOON,
    )


class Scenario:
    """One case, told act by act."""

    def __init__(
        self, category: str = "education.student_aid", area: str = TOWNSHIP, *, own: Policy | None = None
    ) -> None:
        self.context = Context(policy=own or policy(), make_id=counting_ids())
        self.feedback_ids = itertools.count(1)
        self.said: list[str] = []
        self.consents: tuple[CheckConsent, ...] = ()
        self._keep(dispatch(a_matter(category, area), NOON, self.context))

    def _keep(self, change: Change) -> None:
        self.routing: Routing = change.routing
        self.last = change
        self.said += [event.TYPE for event in change.events]

    def of(self, office: str) -> Referral:
        """The latest referral of the office."""
        return [r for r in sorted(self.routing.referrals, key=lambda r: r.id) if r.office == office][-1]

    def answers(
        self,
        action: A,
        *,
        office: str = EDUCATION,
        sender: str | None = None,
        after: timedelta = timedelta(hours=1),
        occurred: timedelta | None = None,
        reason: str = "",
        text: str = "",
        office_named: str | None = None,
        **attributes: str,
    ) -> Refused | None:
        """`office_named` is the other office, of what a lead does with one."""
        attributes |= {"office": office_named} if office_named is not None else {}
        feedback = Feedback(
            feedback_id=f"f{next(self.feedback_ids)}",
            referral_id=self.of(office).id,
            action=action,
            reason=reason,
            text=text,
            occurred_at=NOON + occurred if occurred is not None else None,
            attributes={**attributes},
        )
        routing = replace(self.routing, consents=self.consents) if self.consents else self.routing
        answer = ReceivedFeedback(sender=sender or office, feedback=feedback, received_at=NOON + after)
        change, refused = take(routing, answer, self.context)
        self._keep(change)
        return refused

    def is_longer(
        self, by: str, *, office: str = EDUCATION, after: timedelta, reason: str = "complex"
    ) -> Refused | None:
        """Asked for, and granted by the head of the office at the same time."""
        refused = self.answers(A.EXTEND, office=office, after=after, reason=reason, by=by)
        return refused or self.decide(office, after=after)

    def decide(
        self,
        office: str = EDUCATION,
        *,
        after: timedelta,
        approve: bool = True,
        reason: str = "",
        by: str | None = None,
    ) -> Refused | None:
        """Whether the office gets more time."""
        head = Actor(door=Door.HTTP, role=Role.HEAD, office=office)
        change, id_ = self.change(after, head), self.of(office).id
        return self.act(decide_extension(change, id_, self.context, approve=approve, reason=reason, by=by))

    def act(self, change: Change | Refused) -> Refused | None:
        if isinstance(change, Refused):
            return change
        self._keep(cap_co_handlers(change, self.context.policy))
        return None

    def change(self, after: timedelta, by: Actor = COORDINATOR) -> Change:
        """A decision of the county's coordinator, unless `by` says whose."""
        return Change(routing=self.routing, at=NOON + after, by=by)
