"""What registering a whole submission makes true."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from contracts.codes import CaseState
from contracts.events.base import Actor
from contracts.events.cases import CaseAccepted, CaseRegistered
from contracts.submissions import Submission
from libraries.policies import Policy
from services.intake.domain.case import Case, first_contact
from services.intake.domain.change import Change
from services.intake.domain.states import Move
from services.intake.domain.timing import emit_trigger


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
    change = Change(case=case, at=now, by=msgspec.structs.replace(by, office=window))
    change = emit_trigger(
        change,
        CaseRegistered,
        policy,
        number=number,
        category=case.category,
        field=case.field,
        area=case.area,
        channel=case.channel,
        source=case.source,
        submission_id=case.submission_id,
        received_at=case.received_at,
        registered_at=now,
        first_contact_office=window,
        first_contact_post=case.first_contact_post,
        attributes=case.attributes,
    )
    return accepted(change, policy) if ready(case, policy) else change


def ready(case: Case, policy: Policy) -> bool:
    """Whether nobody has to look at it before it goes on."""
    category = policy.categories.get(case.category)
    return not case.missing and category is not None and not category.by_clerk


def accepted(change: Change, policy: Policy, *, deemed: bool = False) -> Change:
    """Taken on; what is still missing was not handed in by then (容缺受理)."""
    taken = change.transition(Move.ACCEPT, accepted_at=change.at)
    return emit_trigger(taken, CaseAccepted, policy, **acceptance(taken.case, change.at), deemed=deemed)


def acceptance(case: Case, at: datetime) -> dict[str, Any]:
    """What is said of a case that is taken on."""
    return {
        "number": case.number,
        "category": case.category,
        "field": case.field,
        "area": case.area,
        "channel": case.channel,
        "accepted_at": at,
        "first_contact_office": case.first_contact_office,
        "first_contact_post": case.first_contact_post,
        "attributes": case.attributes,
        "missing": case.missing,
    }
