"""What of information checks stands on a page."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from contracts.codes import CaseState, ReferralRole

WITH_THE_WINDOW: Final = frozenset({CaseState.REGISTERED, CaseState.AWAITING_SUPPLEMENT})
NO_MORE: Final = frozenset(
    {
        CaseState.NOT_ACCEPTED,
        CaseState.CLOSED,
        CaseState.MERGED,
        CaseState.WITHDRAWN,
        CaseState.TERMINATED,
        CaseState.ARCHIVED,
    }
)
"""Of such a case nobody is asked any more."""


def to_agree_to(purposes: Iterable[Any], consents: Iterable[Mapping[str, Any]] | None, state: CaseState) -> list[Any]:
    """Purposes of checks to which no consent stands yet; none for who may not read consents, as an assistant."""
    if consents is None or state in NO_MORE:
        return []
    standing = {one["purpose"] for one in consents if one["withdrawn_at"] is None}
    return [purpose for purpose in purposes if purpose.check and purpose.code not in standing]


def asks(state: CaseState, consents: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Standing consents under which a window may ask; it asks as long as the case is with it."""
    return [one for one in consents if not one["withdrawn_at"]] if state in WITH_THE_WINDOW else []


def checks_of(referrals: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in referrals if one["role"] == ReferralRole.CHECK]
