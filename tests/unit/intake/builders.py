"""Cases in the states that the tests start from, and what changes say."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

from contracts.access import Relation
from contracts.codes import Door, Role
from contracts.events.base import Actor
from contracts.refusals import Refused
from contracts.submissions import Submission
from libraries.policies import Policy, load_policy
from services.intake.domain import referral_updates
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.registering import register
from services.intake.domain.submission import canonical, parse
from services.intake.views import CaseView, to_view
from tests.events import told

PACK = Path(__file__).parents[3] / "deploy" / "policies" / "zhangjiakou"
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LEAD = UUID(int=7)
OFFICE = "education-130722000000"
DAY = timedelta(days=1)


@cache
def policy() -> Policy:
    return load_policy(PACK)


def registered(category: str = "education.student_aid", *materials: str) -> Change:
    body = {
        "submission_id": "2026-000017",
        "source": "zhangbei-one-window",
        "category": category,
        "area": "130722100",
        "applicant": {"name": "张示例"},
        "materials": materials,
    }
    found = parse(json.dumps(body).encode(), policy(), NOW)
    assert isinstance(found, Submission)
    return register(
        found,
        case_id=UUID(int=1),
        number="130722-20260302-00001-1",
        content=canonical(found),
        by=Actor(door=Door.HTTP, role=Role.CLERK, post="window-1"),
        policy=policy(),
        now=NOW,
    )


def said(change: Change) -> list[str]:
    return told(change.events)


def done(outcome: Change | Refused) -> Change:
    assert isinstance(outcome, Change), outcome
    return outcome


def code(outcome: Change | Refused) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def needs_material() -> tuple[str, tuple[str, ...]]:
    category = next(one for one in policy().categories.values() if len(one.materials) > 1 and not one.by_clerk)
    return category.code, tuple(material.code for material in category.materials)


def in_progress() -> Case:
    return referral_updates.dispatched(registered().case, NOW, LEAD, OFFICE, policy()).case


def resolved() -> Case:
    return referral_updates.completed(in_progress(), NOW + DAY, LEAD, policy()).case


def window_view(case: Case, of: Policy) -> CaseView:
    """As the first-contact window sees it."""
    return to_view(case, of, {Relation.WINDOW})
