"""Timers and escalations for tests, and the policy of the demo city."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import uuid4

from contracts.codes import ClockKind
from libraries.marks import Mark
from libraries.policies import Policy, load_policy
from services.notify.domain.escalation import Escalation, start_escalation
from services.notify.domain.timers import AlertKind, PlannedAlert, Timer, initial_state
from services.notify.domain.writers import BY_ALL, Writers
from tests.civil_time import CIVIL_TIME

PACK = Path(__file__).parents[3] / "deploy" / "policies" / "zhangjiakou"
OFFICE = "education-130722000000"
COUNTY = "civil_affairs-130722000000"
COUNTY_GOVERNMENT = "government_office-130722000000"
CITY = "civil_affairs-130700000000"
CITY_GOVERNMENT = "government_office-130700000000"
AREA = "130722100000"
DAY = timedelta(days=1)

LAST = datetime(2200, 1, 1, tzinfo=UTC)
COME = Writers(marks=dict.fromkeys(BY_ALL, Mark(LAST, LAST)), now=LAST, tolerance=DAY)
"""All services have said everything."""


@cache
def the_policy() -> Policy:
    return load_policy(PACK)


def civil(text: str) -> datetime:
    """A moment of March 2026 as the window's clock shows it, for example `06 09:00`."""
    return datetime.strptime(f"2026-03-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=CIVIL_TIME)


def end_of(day: str) -> datetime:
    """The last instant of a day of March 2026."""
    return civil(f"{day} 00:00") + DAY - timedelta(microseconds=1)


FRIDAY = end_of("06")


def a_timer(
    kind: ClockKind = ClockKind.HANDLING,
    coming: tuple[PlannedAlert, ...] = (),
    due_at: datetime = FRIDAY,
    office: str = OFFICE,
    **more: object,
) -> Timer:
    status, alert, at = initial_state(kind, due_at, coming)
    values = {
        "clock_id": uuid4(),
        "case_id": uuid4(),
        "referral_id": None,
        "kind": kind,
        "office": office,
        "area": AREA,
        "version": 1,
        "started_at": civil("02 09:00"),
        "due_soon_at": civil("05 00:00"),
        "due_at": due_at,
        "status": status,
        "next_alert": alert,
        "next_fire_at": at,
        "pending": coming,
    }
    return Timer(**{**values, **more})


def late(kind: ClockKind = ClockKind.HANDLING, **more: object) -> Escalation:
    """The escalation of a clock whose limit broke."""
    found = start_escalation(None, a_timer(kind, **more), AlertKind.BREACHED, the_policy())
    assert found is not None
    return found
