"""What a browser is given after it has shown a receipt: that case, for a while. Nothing of it is stored."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

LASTS: Final = timedelta(minutes=30)
"""As long as somebody reads; a phone is handed round."""

Sign = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One case that may be looked at until then."""

    case_id: UUID
    number: str
    ends_at: datetime

    def written(self, sign: Sign) -> str:
        told = f"{self.case_id.hex}.{self.number}.{int(self.ends_at.timestamp())}"
        return f"{told}.{sign(told).hex()}"


def read_pass(text: str, sign: Sign, now: datetime) -> Pass | None:
    """`None` for what is not of ours, was changed, or is over."""
    told, _, signed = text.rpartition(".")
    if not told or not hmac.compare_digest(signed.encode(), sign(told).hex().encode()):
        return None
    case_id, number, ends = told.split(".")
    found = Pass(case_id=UUID(case_id), number=number, ends_at=datetime.fromtimestamp(int(ends), UTC))
    return found if now < found.ends_at else None
