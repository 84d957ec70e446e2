"""Information checks and the consents to them, in words."""

from contracts.codes import Sending
from contracts.events import CaseBound
from contracts.events import cases as c
from libraries.policies.model import Policy

Words = tuple[str, str]
"""Chinese and English."""


def purpose_of(policy: Policy, code: str) -> Words:
    purpose = policy.purposes.get(code)
    return (purpose.zh, purpose.en) if purpose is not None else (code, code)


def of_consents(event: CaseBound, policy: Policy) -> Words | None:
    """`None` for all other events."""
    match event:
        case c.CaseConsentGiven(purpose=purpose, consent=consent):
            zh, en = purpose_of(policy, purpose)
            return f"申请人授权核对（{zh}，{consent.zh}）", f"consent to checks ({en}; {consent.en.lower()})"
        case c.CaseConsentWithdrawn(purpose=purpose):
            zh, en = purpose_of(policy, purpose)
            return f"申请人撤回核对授权（{zh}）", f"consent to checks withdrawn ({en})"
        case c.CaseCheckRequested(purpose=purpose):
            zh, en = purpose_of(policy, purpose)
            return f"窗口请求核对（{zh}）", f"the window asks for a check ({en})"
        case _:
            return None


def of_check(purpose: str, office: Words, policy: Policy) -> Words:
    """That an office is asked about the applicant, and for what; never what."""
    asked, why = Sending.REQUEST_CHECK, purpose_of(policy, purpose)
    return f"{asked.zh}（{why[0]}）→ {office[0]}", f"{asked.en.lower()} ({why[1]}): {office[1]}"
