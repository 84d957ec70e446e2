"""What registering a whole submission makes true."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from contracts.codes import CaseState
from contracts.events.base import Actor
from contracts.submissions import Submission
from libraries.policies import Policy
from services.intake.domain.case import Case, first_contact
from services.intake.domain.change import Accepted, Change, Registered
from services.intake.domain.states import Move
from services.intake.domain.timing import happens


def register(
    submission: Submission,
    *,
    case_id: UUID,
    number: str,
    content: bytes,
    by: Actor,
    policy: Policy,
    now: datetime,
) -> Change:
    """On record, and accepted at once if nothing is missing and no clerk has to decide.

    The office of `by` is the window that was asked first; by default it is the one that is nearest to the matter.
    """
    category = policy.categories[submission.category]
    area = policy.area_for(submission.area)
    window = by.office or (first_contact(policy, area.code) if area is not None else None)
    if area is None or window is None:
        raise ValueError("the submission was not checked against this policy")
    case = Case(
        id=case_id,
        number=number,
        source=submission.source,
        submission_id=submission.submission_id,
        fingerprint=content,
        state=CaseState.REGISTERED,
        category=category.code,
        field=category.field,
        area=area.code,
        channel=submission.channel,
        attributes=submission.attributes,
        required=tuple(material.code for material in category.materials),
        materials=tuple(dict.fromkeys(submission.materials)),
        first_contact_office=window,
        first_contact_post=submission.first_contact_post or by.post,
        received_at=(submission.received_at or now).astimezone(UTC),
        registered_at=now,
    )
    by = msgspec.structs.replace(by, office=window)
    change = happens(Change(case=case, at=now, by=by), Registered(), policy)
    return accepted(change, policy) if ready(case, policy) else change


def ready(case: Case, policy: Policy) -> bool:
    """Whether nobody has to look at it before it goes on."""
    category = policy.categories.get(case.category)
    return not case.missing and category is not None and not category.by_clerk


def accepted(change: Change, policy: Policy, *, deemed: bool = False) -> Change:
    """Taken on."""
    state = change.moves(Move.ACCEPT)
    return happens(
        change, Accepted(deemed=deemed, missing=change.case.missing), policy, state=state, accepted_at=change.at
    )
