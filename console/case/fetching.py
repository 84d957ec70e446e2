"""What the services say of a case, as structs: its timeline, its clocks together with those of its referrals."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from console.case.services import Services
from contracts.events.clocks import ClockBreached, ClockCleared
from libraries.clocks.views import ClockView
from services.intake.time_report import TimeView
from services.intake.timeline import Entry
from services.intake.views import CaseView


class Referral(msgspec.Struct, frozen=True, kw_only=True):
    """As much of routing's referral as is told here."""

    referral_id: UUID
    clocks: tuple[ClockView, ...]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    items: list[Referral]
    next: str | None = None


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Why the dates of a case are what they are: the window's clocks, then each referral with its own, as told."""

    case: dict[str, Any]
    clocks: list[dict[str, Any]]
    calendar: dict[str, Any]
    referrals: list[dict[str, Any]]


class CaseOverview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one case that anybody may see who runs the installation."""

    case: CaseView
    clocks: list[ClockView]
    timeline: list[Entry]


def fetch_case(services: Services, number: str) -> CaseOverview:
    path = f"{services.intake}/v1/cases/{number}"
    case = services.ask(path, CaseView)
    timeline = services.ask(f"{path}/timeline", list[Entry])
    clocks = services.ask(f"{path}/clocks", list[ClockView])
    broken = _of(timeline, ClockBreached.TYPE) - _of(timeline, ClockCleared.TYPE)
    for referral in _referrals(services, case.case_id):
        clocks += [replace(clock, late=clock.late or clock.clock_id in broken) for clock in referral.clocks]
    return CaseOverview(
        case=case, clocks=sorted(clocks, key=lambda clock: clock.started_at), timeline=in_order(timeline)
    )


def _of(timeline: Iterable[Entry], event_type: str) -> set[UUID]:
    """Clocks of which this was said."""
    return {UUID(entry.data["clock_id"]) for entry in timeline if entry.type == event_type}


def fetch_time(services: Services, number: str) -> TimeView:
    return services.ask(f"{services.intake}/v1/cases/{number}/time", TimeView)


def fetch_explanations(services: Services, number: str) -> Explained:
    own = services.ask(f"{services.intake}/v1/cases/{number}/explain", dict[str, Any])
    case_id = UUID(own["case"]["case_id"])
    referrals = [services.ask(_explain(services, one), dict[str, Any]) for one in _referrals(services, case_id)]
    return Explained(case=own["case"], clocks=own["clocks"], calendar=own["calendar"], referrals=referrals)


def read_explanations(services: Services, number: str, language: str) -> list[str]:
    """The same in words: what each owner of clocks says of its own."""
    path = f"{services.intake}/v1/cases/{number}"
    case = services.ask(path, CaseView)
    # A copy for information has no clock.
    referrals = [one for one in _referrals(services, case.case_id) if one.clocks]
    addresses = [f"{path}/explain", *(_explain(services, one) for one in referrals)]
    return [services.read(address, lang=language) for address in addresses]


def _explain(services: Services, referral: Referral) -> str:
    return f"{services.routing}/v1/referrals/{referral.referral_id}/explain"


def in_order(timeline: Sequence[Entry]) -> list[Entry]:
    """By when a thing was so; what happened at one moment stays in the order in which it was heard."""
    return sorted(timeline, key=lambda entry: entry.at)


def _referrals(services: Services, case_id: UUID) -> list[Referral]:
    found: list[Referral] = []
    more: dict[str, str] = {}
    while True:
        page = services.ask(f"{services.routing}/v1/referrals", Page, case=str(case_id), **more)
        found += page.items
        if page.next is None:
            return found
        more = {"cursor": page.next}
