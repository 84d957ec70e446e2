"""Between rows and values: watches and legs as the tables hold them, in the order in which they are written."""

from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping

from contracts.codes import ClockKind, ClockStatus, Field, ReferralRole, ReferralState
from services.notify.domain.legs import Leg
from services.notify.domain.watch import Ahead, Alert, Watch

WATCH_COLUMNS: Final = tuple(Watch.__slots__)
LEG_COLUMNS: Final = tuple(Leg.__slots__)
_AHEAD: Final = WATCH_COLUMNS.index("ahead")
_encode: Final = msgspec.json.encode
_decode: Final = msgspec.json.Decoder(tuple[Ahead, ...]).decode


def watch_row(watch: Watch) -> list[Any]:
    values = [getattr(watch, name) for name in WATCH_COLUMNS]
    values[_AHEAD] = _encode(watch.ahead).decode()
    return values


def watch_of(row: RowMapping) -> Watch:
    return Watch(
        clock_id=row["clock_id"],
        case_id=row["case_id"],
        referral_id=row["referral_id"],
        kind=ClockKind(row["kind"]),
        office=row["office"],
        area=row["area"],
        version=row["version"],
        started_at=row["started_at"],
        due_soon_at=row["due_soon_at"],
        due_at=row["due_at"],
        provisional=row["provisional"],
        status=ClockStatus(row["status"]),
        next_alert=Alert(row["next_alert"]) if row["next_alert"] is not None else None,
        next_fire_at=row["next_fire_at"],
        ahead=_ahead(row["ahead"]),
        breached_at=row["breached_at"],
        ended_at=row["ended_at"],
    )


def _ahead(value: Any) -> tuple[Ahead, ...]:
    """Plain SQL gives JSON as text, a statement over the table as values."""
    return _decode(value) if isinstance(value, str) else msgspec.convert(value, tuple[Ahead, ...])


def leg_row(leg: Leg) -> list[Any]:
    return [getattr(leg, name) for name in LEG_COLUMNS]


def leg_of(row: RowMapping) -> Leg:
    return Leg(
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
        heard_at=row["heard_at"],
        ended_at=row["ended_at"],
        returns=row["returns"],
    )
