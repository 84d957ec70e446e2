"""What the overview and an office's performance look like as JSON."""

from datetime import datetime
from typing import TypedDict

from contracts.codes import CaseState, Field
from contracts.events.clocks import SilentWriter


class Figures(TypedDict):
    """Referrals without copies; of those that are open, how many are pressing."""

    dispatched: int
    open: int
    due_soon: int
    late: int
    silent: int
    supervised: int
    returned: int
    on_hold: int
    completed: int
    on_time: int
    parked: int


class FieldFigures(Figures):
    field: Field
    zh: str
    en: str


class OfficeFigures(Figures):
    office: str
    zh: str
    en: str


class AreaFigures(Figures):
    area: str
    zh: str


class CasesInState(TypedDict):
    state: CaseState
    zh: str
    en: str
    number: int


class EscalationsByLevel(TypedDict):
    """Open escalations by level."""

    reminded: int
    urged: int
    supervised: int
    listed: int


class Overview(TypedDict):
    now: datetime
    area: str
    area_zh: str
    office: str
    office_zh: str
    office_en: str
    total: Figures
    parked: int
    standing: list[SilentWriter]
    """Services that are stalled: a breach may be sent late."""
    supervision: EscalationsByLevel
    by_field: list[FieldFigures]
    by_office: list[OfficeFigures]
    by_area: list[AreaFigures]
    cases: list[CasesInState]


class Rates(TypedDict):
    """Shares between 0 and 1; `null` of nothing."""

    on_time: float | None
    returned: float | None
    reworked: float | None
    satisfied: float | None
    supervised: float | None


class Performance(TypedDict):
    office: str
    zh: str
    en: str
    dispatched: int
    open: int
    returned: int
    completed: int
    judged: int
    on_time: int
    late: int
    came_late: int
    signed_late: int
    reworked: int
    asked: int
    satisfied: int
    supervised: int
    median_days: float | None
    rates: Rates
