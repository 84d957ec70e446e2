"""Who agreed to an extension, and why: kept beside the time that was added."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from libraries.deadlines import Limit
from libraries.policies.model import Policy

UNKNOWN = ("", "")


class Grant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """As the office said it, in the policy's codes."""

    approver: str
    reason: str
    at: datetime


def granted(extensions: Sequence[Limit], grants: Sequence[Grant], policy: Policy) -> Iterator[dict[str, Any]]:
    """Each extension as JSON values. Of what was granted before grants were kept nobody knows more than the time."""
    names = policy.names()
    older = len(extensions) - len(grants)
    for number, limit in enumerate(extensions):
        grant = grants[number - older] if number >= older else None
        approver, reason = (grant.approver, grant.reason) if grant is not None else UNKNOWN
        (approver_zh, approver_en), (reason_zh, reason_en) = (names.get(c, (c, c)) for c in (approver, reason))
        yield {
            "limit": str(limit),
            "approver": approver,
            "approver_zh": approver_zh,
            "approver_en": approver_en,
            "reason": reason,
            "reason_zh": reason_zh,
            "reason_en": reason_en,
            "granted_at": grant.at if grant is not None else None,
        }
