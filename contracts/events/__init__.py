"""One class per event; `EVENTS` finds it by the name it has on the wire."""

from contracts.events import alerts, audit, cases, clocks, partners, policies, progress, referrals, rejections
from contracts.events.alerts import AnyNotification, AnySupervision
from contracts.events.audit import AuditHeadSigned
from contracts.events.base import Actor, CaseBound, Event
from contracts.events.cases import AnyCaseEvent
from contracts.events.clocks import AnyClockAlert, ClockLapsed, ClockRecalculated
from contracts.events.partners import AnyPartnerEvent
from contracts.events.policies import PolicyActivated
from contracts.events.progress import ProgressNoted
from contracts.events.referrals import AnyReferralEvent, AnyRoutingEvent, FeedbackReceived
from contracts.events.rejections import FeedbackRejected, SubmissionRejected


def _leaves(cls: type[Event]) -> list[type[Event]]:
    below = [leaf for child in cls.__subclasses__() for leaf in _leaves(child)]
    return ([cls] if cls.TYPE else []) + below


EVENTS: dict[str, type[Event]] = dict(sorted((event.wire_type(), event) for event in _leaves(Event)))

KnownOfCase = (
    AnyCaseEvent
    | AnyReferralEvent
    | AnyRoutingEvent
    | FeedbackReceived
    | ClockLapsed
    | ClockRecalculated
    | AnyClockAlert
    | AnySupervision
    | AnyNotification
)
"""Every event of a case, as a closed union: readers match over it, or over a part of it, to the last."""
Known = (
    KnownOfCase
    | SubmissionRejected
    | FeedbackRejected
    | ProgressNoted
    | PolicyActivated
    | AuditHeadSigned
    | AnyPartnerEvent
)
"""Every event of ours."""

__all__ = [
    "EVENTS",
    "Actor",
    "CaseBound",
    "Event",
    "Known",
    "KnownOfCase",
    "alerts",
    "audit",
    "cases",
    "clocks",
    "partners",
    "policies",
    "progress",
    "referrals",
    "rejections",
]
