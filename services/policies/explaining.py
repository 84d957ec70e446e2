"""A running clock explained: its days, its law, its pauses by name; for every service that shows one."""

from typing import Any

from services.deadlines import Basis, Explanation, as_html, as_json, as_text, explain
from services.deadlines.telling import Language
from services.policies.clocks import LegalClock
from services.policies.granting import granted
from services.policies.model import Policy


def explanation_of(clock: LegalClock, policy: Policy) -> Explanation:
    """Counted by the terms that the clock started with and the calendar that its office has today."""
    return explain(
        clock.started_at,
        clock.terms.limit,
        calendar=policy.calendar_of(clock.office),
        rules=clock.terms.rules,
        pauses=clock.pauses,
        extensions=clock.extensions,
        names=policy.names(),
    )


def basis_in_words(clock: LegalClock) -> Basis:
    law = clock.terms.basis
    return Basis(
        source=law.source,
        article=law.article,
        statutory=law.statutory,
        confidence=law.confidence.value,
        policy_version=law.policy_version,
    )


def explained(clock: LegalClock, policy: Policy) -> dict[str, Any]:
    """The clock with every day of it, as JSON values."""
    return {
        "clock_id": clock.id,
        "kind": clock.kind,
        "kind_zh": clock.kind.zh,
        "office": clock.office,
        "status": clock.status,
        "started_at": clock.started_at,
        **as_json(explanation_of(clock, policy), basis_in_words(clock)),
        "granted": list(granted(clock.extensions, clock.grants, policy)),
        "basis": clock.terms.basis,
    }


def explained_text(clock: LegalClock, policy: Policy, lang: Language = "zh") -> str:
    return as_text(explanation_of(clock, policy), basis_in_words(clock), lang)


def explained_html(clock: LegalClock, policy: Policy, lang: Language = "zh") -> str:
    """A fragment for a page, escaped."""
    return as_html(explanation_of(clock, policy), basis_in_words(clock), lang)
