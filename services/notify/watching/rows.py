"""Between rows and values: timers and referrals as the tables hold them, in the order in which they are written."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

import msgspec
from msgspec.structs import astuple
from sqlalchemy import RowMapping

from contracts.codes import Field, ReferralRole, ReferralState
from services.notify.domain.alerts import Candidate
from services.notify.domain.referral_status import ReferralStatus
from services.notify.domain.timers import PlannedAlert, Timer

TIMER_COLUMNS: Final = Timer.__struct_fields__
TIMER: Final = f"json_build_array({', '.join(f'w.{name}' for name in TIMER_COLUMNS)})"
"""The SQL of a timer `w` as it is read here."""
REFERRAL_COLUMNS: Final = tuple(ReferralStatus.__slots__)
OWNED: Final = frozenset(
    {
        "case_id",
        "referral_id",
        "kind",
        "office",
        "area",
        "version",
        "started_at",
        "due_soon_at",
        "due_at",
        "provisional",
        "traceparent",
    }
)
"""What the owner of a clock says of it; an alert or an end changes only the rest."""
SENT: Final = "sent"
ALERT_COLUMNS: Final = tuple(name for name in TIMER_COLUMNS if name not in OWNED and name != SENT)
"""What an alert or an end changes; an alert before the end also what was sent."""
_PENDING: Final = TIMER_COLUMNS.index("pending")
_SENT: Final = TIMER_COLUMNS.index(SENT)
_encode: Final = msgspec.json.encode
_read_timers: Final = msgspec.json.Decoder(list[Timer]).decode
_read_candidates: Final = msgspec.json.Decoder(list[Candidate]).decode
_read_steps: Final = msgspec.json.Decoder(dict[str, datetime]).decode
_moved: Final = itemgetter(*(TIMER_COLUMNS.index(name) for name in ALERT_COLUMNS))


def moments(found: tuple[PlannedAlert, ...]) -> str:
    return _encode(found).decode() if found else "[]"


def timer_row(timer: Timer) -> list[Any]:
    values = list(astuple(timer))
    values[_PENDING] = moments(timer.pending)
    values[_SENT] = moments(timer.sent)
    return values


def alerted_row(timer: Timer) -> Sequence[Any]:
    values = list(astuple(timer))
    values[_PENDING] = moments(timer.pending)
    moved: Sequence[Any] = _moved(values)
    return moved


def timers_of(found: str | None) -> list[Timer]:
    """An array of arrays as JSON: read several times faster than columns, which counts where there are thousands."""
    return _read_timers(found) if found is not None else []


def steps_of(found: str) -> dict[str, datetime]:
    return _read_steps(found)


def candidates_of(found: str | None) -> list[Candidate]:
    return _read_candidates(found) if found is not None else []


def referral_row(referral: ReferralStatus) -> list[Any]:
    return [getattr(referral, name) for name in REFERRAL_COLUMNS]


def referral_of(row: RowMapping) -> ReferralStatus:
    return ReferralStatus(
        referral_id=row["referral_id"],
        case_id=row["case_id"],
        office=row["office"],
        area=row["area"],
        category=row["category"],
        field=Field(row["field"]),
        role=ReferralRole(row["role"]),
        state=ReferralState(row["state"]),
        round=row["round"],
        dispatched_at=row["dispatched_at"],
        signed_at=row["signed_at"],
        last_contact_at=row["last_contact_at"],
        ended_at=row["ended_at"],
        returns=row["returns"],
    )
