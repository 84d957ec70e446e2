"""Three cases told day by day, from what the topics said of them: no name, no number of a person."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from console.date_format import lines_by_day
from console.demo.ledger import Case
from contracts.codes import LEAD_WORK, ReferralRole
from contracts.events import CaseBound
from contracts.events import cases as c
from contracts.events import clocks as k
from contracts.events import referrals as r
from libraries.clocks.wording import address_of, describe
from libraries.policies import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    at: datetime
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    title: str
    about: str
    lines: tuple[Line, ...]


def choose(cases: Iterable[Case], policy: Policy) -> list[Story]:
    """One that went well, one that was returned and sent on, one that somebody left lying."""
    wanted: list[tuple[str, Callable[[Case], bool]]] = [
        ("顺利办结 · all went well", _smooth),
        ("退件后改派 · returned and sent on", _sent_on),
        ("超期 · too late", _late),
    ]
    known = sorted(cases, key=lambda case: case.registered.number)
    stories = []
    for title, fits in wanted:
        found = [case for case in known if fits(case)]
        if found:
            stories.append(_story(title, max(found, key=_richness), policy))
    return stories


def _smooth(case: Case) -> bool:
    leads = _with_role(case, r.ReferralDispatched, ReferralRole.LEAD)
    others = _with_role(case, r.ReferralCompleted, ReferralRole.CO)
    return _ended_well(case) and len(leads) == 1 and bool(others) and not _has(case, k.ClockBreached, r.ReferralOnHold)


def _sent_on(case: Case) -> bool:
    return _ended_well(case) and _has(case, r.ReferralReturned) and not _has(case, k.ClockBreached)


def _late(case: Case) -> bool:
    late = any(isinstance(e, k.ClockBreached) and e.kind in LEAD_WORK for e in _events(case))
    return late and not _has(case, k.ClockCleared) and _has(case, r.ReferralCompleted, r.ReferralDeemedAccepted)


def _ended_well(case: Case) -> bool:
    return any(isinstance(event, c.CaseClosed) and event.satisfied for event in _events(case)) and case.round == 1


def _richness(case: Case) -> tuple[int, str]:
    """Different things that happened; the number breaks ties, so that equal runs tell equal stories."""
    return len({type(event) for event in _events(case)}), case.registered.number


def _events(case: Case) -> Iterator[CaseBound]:
    for envelope in case.events:
        if isinstance(envelope.data, CaseBound):
            yield envelope.data


def _has(case: Case, *kinds: type[CaseBound]) -> bool:
    return any(isinstance(event, kinds) for event in _events(case))


def _with_role(case: Case, kind: type[r.ReferralEvent], role: ReferralRole) -> list[r.ReferralEvent]:
    return [event for event in _events(case) if isinstance(event, kind) and event.role is role]


def _story(title: str, case: Case, policy: Policy) -> Story:
    category = policy.categories[case.registered.category]
    lines = []
    for envelope in case.in_order():
        described = describe(envelope.data, policy) if isinstance(envelope.data, CaseBound) else None
        if described is not None:
            lines.append(Line(at=envelope.time, zh=described[0], en=described[1]))
    about = f"{case.registered.number} {category.zh} ({category.en}), {address_of(policy, case.registered.area)}"
    return Story(title=title, about=about, lines=tuple(lines))


def drawn(story: Story, zone: tzinfo) -> Iterator[str]:
    """Lines for a terminal."""
    yield f"{story.title}: {story.about}"
    yield from lines_by_day(((line.at, f"{line.zh}  · {line.en}") for line in story.lines), zone)
