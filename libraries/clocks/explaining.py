"""A running clock explained: its days, its law, its pauses by name; for every service that shows one."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from libraries.clocks.approvals import granted
from libraries.clocks.clock import LegalClock
from libraries.clocks.wording import office_of
from libraries.deadlines import Basis, Calendar, Explanation, as_html, as_json, as_text, explain
from libraries.deadlines.rendering import Language
from libraries.policies.model import Policy


def explanation_of(clock: LegalClock, policy: Policy) -> Explanation:
    """Counted by the terms that the clock started with and the calendar that its office has today."""
    told = explain(
        clock.started_at,
        clock.terms.limit,
        calendar=policy.calendar_of(clock.office),
        rules=clock.terms.rules,
        pauses=clock.pauses,
        extensions=clock.extensions,
        names=policy.names(),
    )
    # What has ended is not counted again.
    return told if clock.open else replace(told, provisional=False)


def basis_in_words(clock: LegalClock) -> Basis:
    law = clock.terms.basis
    return Basis(
        source=law.source,
        article=law.article,
        statutory=law.statutory,
        confidence=law.confidence.value,
        policy_version=law.policy_version,
    )


def recounted(clock: LegalClock, policy: Policy) -> datetime | None:
    """What was told of the end of a clock that has stopped, where the calendar of today counts otherwise."""
    due_at = clock.announced_dates.due_at if clock.announced_dates is not None and not clock.open else None
    return due_at if due_at != clock.due(policy.calendar_of(clock.office)).due_at else None


def explained(clock: LegalClock, policy: Policy) -> dict[str, Any]:
    """The clock with every day of it, as JSON values."""
    office_zh, office_en = office_of(policy, clock.office)
    return {
        "clock_id": clock.id,
        "kind": clock.kind,
        "kind_zh": clock.kind.zh,
        "kind_en": clock.kind.en,
        "office": clock.office,
        "office_zh": office_zh,
        "office_en": office_en,
        "round": clock.round,
        "status": clock.status,
        "started_at": clock.started_at,
        "stopped_at": clock.stopped_at,
        "told_due_at": recounted(clock, policy),
        **as_json(explanation_of(clock, policy), basis_in_words(clock)),
        "granted": list(granted(clock.extensions, clock.grants, policy)),
        **bounded(clock, policy),
        "basis": clock.terms.basis,
    }


def bounded(clock: LegalClock, policy: Policy) -> dict[str, Any]:
    """Of a co-handler whose own days would go on after the lead's: the end is the lead's."""
    own, ends = (of(policy.calendar_of(clock.office)).due_at for of in (clock.own_due, clock.due))
    if own is None or ends is None or own == ends:
        return {}
    return {
        "due_at": policy.calendar.local(ends).isoformat(),
        "within_the_lead": {
            "own_due_at": policy.calendar.local(own).isoformat(),
            "zh": "协办时限不得晚于主办时限，与主办同时届满",
            "en": "a co-handler's time lies within the lead's and ends with it",
        },
    }


def calendar_view(calendar: Calendar) -> dict[str, Any]:
    return {
        "version": calendar.version,
        "published_through": calendar.published_through,
        "settled_through": calendar.settled_through,
    }


def explained_text(clock: LegalClock, policy: Policy, lang: Language = "zh") -> str:
    return as_text(explanation_of(clock, policy), basis_in_words(clock), lang)


def explained_html(clock: LegalClock, policy: Policy, lang: Language = "zh") -> str:
    """A fragment for a page, escaped."""
    return as_html(explanation_of(clock, policy), basis_in_words(clock), lang)
