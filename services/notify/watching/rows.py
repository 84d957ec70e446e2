"""Between rows and values: watches and legs as the tables hold them, in the order in which they are written."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

import msgspec
from msgspec.structs import astuple
from sqlalchemy import RowMapping

from contracts.codes import Field, ReferralRole, ReferralState
from services.notify.domain.alerts import Candidate
from services.notify.domain.referral_status import Leg
from services.notify.domain.timers import Ahead, Watch

WATCH_COLUMNS: Final = Watch.__struct_fields__
WATCH: Final = f"json_build_array({', '.join(f'w.{name}' for name in WATCH_COLUMNS)})"
"""The SQL of a watch `w` as it is read here."""
LEG_COLUMNS: Final = tuple(Leg.__slots__)
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
    }
)
"""What the owner of a clock says of it; an alert or an end changes only the rest."""
HEARD: Final = "heard"
MOVED_COLUMNS: Final = tuple(name for name in WATCH_COLUMNS if name not in OWNED and name != HEARD)
"""What an alert or an end changes; an alert before the end also what was heard."""
_AHEAD: Final = WATCH_COLUMNS.index("ahead")
_HEARD: Final = WATCH_COLUMNS.index(HEARD)
_encode: Final = msgspec.json.encode
_read_watches: Final = msgspec.json.Decoder(list[Watch]).decode
_read_candidates: Final = msgspec.json.Decoder(list[Candidate]).decode
_read_steps: Final = msgspec.json.Decoder(dict[str, datetime]).decode
_moved: Final = itemgetter(*(WATCH_COLUMNS.index(name) for name in MOVED_COLUMNS))


def moments(found: tuple[Ahead, ...]) -> str:
    return _encode(found).decode() if found else "[]"


def watch_row(watch: Watch) -> list[Any]:
    values = list(astuple(watch))
    values[_AHEAD] = moments(watch.ahead)
    values[_HEARD] = moments(watch.heard)
    return values


def moved_row(watch: Watch) -> Sequence[Any]:
    values = list(astuple(watch))
    values[_AHEAD] = moments(watch.ahead)
    moved: Sequence[Any] = _moved(values)
    return moved


def watches_of(found: str | None) -> list[Watch]:
    """An array of arrays as JSON: read several times faster than columns, which counts where there are thousands."""
    return _read_watches(found) if found is not None else []


def steps_of(found: str) -> dict[str, datetime]:
    return _read_steps(found)


def candidates_of(found: str | None) -> list[Candidate]:
    return _read_candidates(found) if found is not None else []


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
