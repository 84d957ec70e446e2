"""Templates of messages to people, and what each event can tell: a subject and a text with {places} for facts.

As with documents a template is data and runs nothing: a place is the name of a fact in braces.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from contracts.codes import Audience, CaseState, Code, ReferralState
from libraries.policies.document_templates import Labels

LANGUAGES: Final = ("zh", "en")
OF_ALL: Final[Labels] = MappingProxyType(
    {
        "number": ("事项编号", "Case"),
        "matter": ("事项", "Matter"),
        "place": ("属地", "Place"),
        "window": ("首问窗口", "First-contact window"),
    }
)
UNTIL: Final[Labels] = MappingProxyType({"until": ("期限", "Until")})
OFFICE: Final[Labels] = MappingProxyType({"office": ("单位", "Office")})
CLOCK: Final[Labels] = MappingProxyType({"clock": ("时限种类", "Which limit")})
LEVEL: Final[Labels] = MappingProxyType({"level": ("督办级别", "Level")})
GO_TO: Final[Labels] = MappingProxyType({"go_to": ("可向其提出", "Turn to")})
LABELS: Final[Labels] = MappingProxyType({**OF_ALL, **UNTIL, **OFFICE, **CLOCK, **LEVEL, **GO_TO})
"""Everything that any message can tell."""


class MessageEvent(NamedTuple):
    """Who can be told of an event, in which states it can leave its case or referral, and which facts it has."""

    audience: Audience
    states: type[Code] | None
    facts: Labels


def _about(audience: Audience, states: type[Code] | None, *more: Labels) -> MessageEvent:
    facts = {name: words for labels in (OF_ALL, *more) for name, words in labels.items()}
    return MessageEvent(audience, states, MappingProxyType(facts))


def _person(*more: Labels) -> MessageEvent:
    return _about(Audience.APPLICANT, CaseState, *more)


def _office(*more: Labels) -> MessageEvent:
    return _about(Audience.OFFICE, ReferralState, OFFICE, UNTIL, *more)


def _time(*more: Labels) -> MessageEvent:
    return _about(Audience.OFFICE, None, OFFICE, UNTIL, CLOCK, *more)


EVENTS: Final[Mapping[str, MessageEvent]] = MappingProxyType(
    {
        "case.accepted": _person(),
        "case.not_accepted": _person(GO_TO),
        "case.supplement_requested": _person(UNTIL),
        "case.resolved": _person(UNTIL),
        "case.applicant_not_reached": _person(),
        "case.closed": _person(),
        "case.terminated": _person(),
        "referral.extended": _about(Audience.APPLICANT, ReferralState, OFFICE, UNTIL),
        "referral.dispatched": _office(),
        "referral.return_requested": _office(),
        "referral.returned": _office(),
        "referral.return_refused": _office(),
        "referral.rework_requested": _office(),
        "referral.urged": _office(),
        "clock.due_soon": _time(),
        "clock.due": _time(),
        "clock.breached": _time(),
        "supervision.reminded": _time(LEVEL),
        "supervision.urged": _time(LEVEL),
        "supervision.supervised": _time(LEVEL),
        "supervision.listed": _time(LEVEL),
    }
)
"""Of which events people can be told. Of a return that is asked for the office hears that decides on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTemplate:
    """The words of a message, by language; what it lacks it is never asked for."""

    code: str
    subjects: Mapping[str, str]
    """For channels that have one."""
    texts: Mapping[str, str]
    where: str
