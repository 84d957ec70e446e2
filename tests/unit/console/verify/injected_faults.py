"""Injected faults in what the services hold of cases, referrals and journals: at least one for each check."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import msgspec

from console.verify.snapshot import DeadLetter, Snapshot
from contracts.codes import CaseState, ReferralState
from contracts.topics import ALERTS, CASES, OFFICE_REFERRALS, REFERRALS, REJECTIONS
from tests.unit.console.verify.injecting import (
    InjectedFault,
    changed,
    copied,
    doubled,
    fits,
    of_type,
    rewritten,
    stray,
    swapped_on,
    without,
)
from tests.unit.console.verify.scenario import AREA, EDUCATION, MONDAY, PENSIONS, known_as
from tests.unit.console.verify.snapshots import ELSEWHERE, tree_where

CLOSED, LATE, PAUSED, DECLINED, WITHDRAWN, FAILED = (known_as(1, 0, number) for number in range(1, 7))
NOBODY = UUID(int=99)
REGISTERED = of_type("case.registered")
COMPLETED = of_type("referral.completed")
CONSENTED = of_type("case.consent_given")
CHECKED = known_as(1, 0, 17)
PENSIONS_TOPIC = OFFICE_REFERRALS.named(PENSIONS)

LONG_AGO = MONDAY.isoformat()


def published_again(snapshot: Snapshot, type_: str, **more: str) -> Snapshot:
    """What was said of the lead of a case, of another referral too."""
    first = {"case_id": LATE, "type": of_type("referral.dispatched")}
    like = next(row for row in snapshot.journal if fits(row, first))
    value = msgspec.json.encode(msgspec.json.decode(like.value) | {"referral_id": str(NOBODY), **more})
    return doubled(snapshot, "journal", {"type": f"yimen.{type_}.v1", "sequence": 98, "value": value}, **first)


SIGNED = "yimen.referral.signed.v1"


def signed(**by: str) -> Callable[[bytes], bytes]:
    """The same, by somebody else."""
    return lambda value: msgspec.json.encode(msgspec.json.decode(value) | {"by": {"door": "http", **by}})


def said(**values: str) -> Callable[[bytes], bytes]:
    """The same with other values."""
    return lambda value: msgspec.json.encode(msgspec.json.decode(value) | values)


def listing(**values: list[str]) -> Callable[[bytes], bytes]:
    """The same with other lists."""
    return lambda value: msgspec.json.encode(msgspec.json.decode(value) | values)


def unsigned(value: bytes) -> bytes:
    return msgspec.json.encode({name: one for name, one in msgspec.json.decode(value).items() if name != "by"})


CASE_FAULTS = (
    InjectedFault("registered_once", "said twice", lambda f: doubled(f, "journal", type=REGISTERED)),
    InjectedFault("registered_once", "never said", lambda f: without(f, "journal", type=REGISTERED, case_id=LATE)),
    InjectedFault("registered_once", "intake lost the case", lambda f: without(f, "cases", case_id=CLOSED)),
    InjectedFault("noted_once", "lost in notify", lambda f: without(f, "notify_cases", case_id=CLOSED)),
    InjectedFault("noted_once", "another number", lambda f: changed(f, "notify_cases", {"number": "x"}, case_id=LATE)),
    InjectedFault(
        "noted_once", "another state", lambda f: changed(f, "notify_cases", {"state": CaseState.CLOSED}, case_id=LATE)
    ),
    InjectedFault("noted_once", "of nobody", lambda f: doubled(f, "notify_cases", {"case_id": NOBODY})),
    InjectedFault("one_matter", "another at routing", lambda f: changed(f, "routed", {"category": "x"}, case_id=LATE)),
    InjectedFault(
        "one_matter", "another at notify", lambda f: changed(f, "notify_cases", {"category": "x"}, case_id=LATE)
    ),
    InjectedFault("routed_once", "lost in routing", lambda f: without(f, "routed", case_id=CLOSED)),
    InjectedFault("routed_once", "never accepted", lambda f: doubled(f, "routed", {"case_id": DECLINED})),
    InjectedFault("routed_once", "no decision", lambda f: changed(f, "routed", {"decisions": 0}, case_id=LATE)),
    InjectedFault("routed_once", "of nobody", lambda f: doubled(f, "routed", {"case_id": NOBODY})),
    InjectedFault("one_lead", "no lead", lambda f: without(f, "referrals", case_id=LATE)),
    InjectedFault(
        "one_lead", "two live leads", lambda f: doubled(f, "referrals", {"referral_id": NOBODY}, case_id=LATE)
    ),
    InjectedFault("one_lead", "intake follows another", lambda f: changed(f, "cases", {"lead": NOBODY}, case_id=LATE)),
    InjectedFault(
        "one_lead", "never moved on", lambda f: changed(f, "cases", {"state": CaseState.ACCEPTED}, case_id=LATE)
    ),
    InjectedFault(
        "one_lead",
        "closed with an open lead",
        lambda f: changed(f, "referrals", {"state": ReferralState.SIGNED}, case_id=CLOSED, role="lead"),
    ),
    InjectedFault(
        "one_lead",
        "open with a finished lead",
        lambda f: changed(f, "cases", {"state": CaseState.IN_PROGRESS}, case_id=CLOSED),
    ),
    InjectedFault(
        "one_lead",
        "withdrawn with an open lead",
        lambda f: changed(f, "referrals", {"state": ReferralState.SIGNED}, case_id=WITHDRAWN),
    ),
    InjectedFault("referral_status_agrees", "lost in notify", lambda f: without(f, "referral_status", case_id=LATE)),
    InjectedFault(
        "referral_status_agrees",
        "another office",
        lambda f: changed(f, "referral_status", {"office": PENSIONS}, case_id=LATE),
    ),
    InjectedFault(
        "referral_status_agrees",
        "another state",
        lambda f: changed(f, "referral_status", {"state": "signed"}, case_id=LATE),
    ),
    InjectedFault(
        "referral_status_agrees", "routing lost it", lambda f: without(f, "referrals", case_id=CLOSED, role="co")
    ),
    InjectedFault("asked_with_consent", "never given", lambda f: without(f, "journal", type=CONSENTED)),
    InjectedFault(
        "asked_with_consent",
        "to something else",
        lambda f: rewritten(f, "case.consent_given", said(purpose="status_check")),
    ),
    InjectedFault(
        "asked_with_consent",
        "still asked after it was withdrawn",
        lambda f: without(f, "journal", type=of_type("referral.cancelled"), case_id=CHECKED),
    ),
    InjectedFault(
        "gates_kept",
        "the co-handler never finished",
        lambda f: without(f, "journal", type=COMPLETED, value=lambda value: b'"co"' in value),
    ),
    InjectedFault(
        "gates_kept",
        "the co-handler finished afterwards",
        lambda f: changed(f, "journal", {"sequence": 99}, type=COMPLETED, value=lambda value: b'"co"' in value),
    ),
)


def without_state(value: bytes) -> bytes:
    return msgspec.json.encode({name: one for name, one in msgspec.json.decode(value).items() if name != "state"})


REFERRAL_FAULTS = (
    InjectedFault(
        "one_live_referral",
        "the lead handles it with itself",
        lambda f: doubled(f, "referrals", {"referral_id": NOBODY, "role": "co"}, case_id=LATE),
    ),
    InjectedFault(
        "one_live_referral_published", "sent to the lead once more", lambda f: published_again(f, "referral.dispatched")
    ),
    InjectedFault(
        "one_live_referral_published",
        "handed on to an office that has a part",
        lambda f: published_again(
            f, "referral.office_succeeded", predecessor=PENSIONS, state="signed", dispatched_at=LONG_AGO
        ),
    ),
    InjectedFault(
        "one_live_referral_published",
        "the co-handler is the lead",
        lambda f: rewritten(
            f, "referral.dispatched", lambda value: value.replace(PENSIONS.encode(), EDUCATION.encode())
        ),
    ),
)

ACTOR_FAULTS = (
    *(
        InjectedFault("acts_have_actors", f"nobody did {type_}", lambda f, type_=type_: rewritten(f, type_, unsigned))
        for type_ in (
            "case.registered",
            "case.accepted",
            "case.withdrawn",
            "referral.signed",
            "referral.progress_reported",
        )
    ),
    InjectedFault(
        "acts_have_actors", "a role of no office", lambda f: rewritten(f, "referral.completed", signed(role="officer"))
    ),
    InjectedFault(
        "acts_have_actors", "an office without a role", lambda f: rewritten(f, "case.closed", signed(office=PENSIONS))
    ),
    InjectedFault(
        "acts_have_actors",
        "the rules closed it",
        lambda f: rewritten(f, "case.closed", signed(office=PENSIONS, role="clerk", door="rules")),
    ),
)

LONGER_FAULTS = tuple(
    InjectedFault("longer_by_decision", what, inject)
    for what, inject in (
        ("nobody asked", lambda f: without(f, "journal", type=of_type("referral.extension_requested"))),
        ("by its officer", lambda f: rewritten(f, "referral.extended", signed(role="officer", office=EDUCATION))),
        ("by Kafka", lambda f: rewritten(f, "referral.extended", signed(role="head", office=EDUCATION, door="kafka"))),
        ("more than was asked", lambda f: rewritten(f, "referral.extension_requested", said(asked="5d"))),
        ("by another approver", lambda f: rewritten(f, "referral.extension_requested", said(approver="superior"))),
        ("after the time to decide", lambda f: rewritten(f, "referral.extended", said(at="2026-03-30T00:00:00Z"))),
        ("by something else", lambda f: changed(f, "journal", {"type": SIGNED}, type=of_type("referral.extended"))),
    )
)

REVIEWED = known_as(1, 0, 18)
REVIEW_FAULTS = tuple(
    InjectedFault("reviewed_by_others", what, inject)
    for what, inject in (
        ("after the time", lambda f: rewritten(f, "case.review_requested", said(requested_at="2026-06-30T00:00:00Z"))),
        ("by who has judged", lambda f: rewritten(f, "case.review_requested", listing(judged=[EDUCATION, PENSIONS]))),
        ("of nobody's result", lambda f: rewritten(f, "case.review_requested", listing(judged=[]))),
        ("without a result", lambda f: without(f, "journal", case_id=REVIEWED, type=of_type("case.resolved"))),
    )
)

PLACE_FAULTS = (
    InjectedFault("told_to_somebody", "an alert", lambda f: changed(f, "alerts", {"recipients": ()}, case_id=LATE)),
    InjectedFault(
        "told_to_somebody",
        "an escalation",
        lambda f: rewritten(
            f,
            "supervision.urged",
            lambda value: msgspec.json.encode(msgspec.json.decode(value) | {"recipients": []}),
        ),
    ),
    InjectedFault(
        "held_by_an_office",
        "a referral of an office that was abolished",
        lambda f: changed(f, "referrals", {"office": "education-130721000000"}, case_id=LATE),
    ),
    InjectedFault(
        "held_by_an_office",
        "a clock of an office that was abolished",
        lambda f: changed(f, "timers", {"office": "education-130721000000"}, case_id=PAUSED, ended_at=None),
    ),
    InjectedFault(
        "follows_its_area",
        "a referral stayed where the area was before",
        lambda f: changed(f, "referrals", {"office": f"education-{ELSEWHERE}"}, case_id=LATE),
    ),
    InjectedFault(
        "follows_its_area",
        "a return waits for the county before",
        lambda f: changed(
            f, "timers", {"kind": "return_decision", "office": f"education-{ELSEWHERE}"}, case_id=PAUSED, ended_at=None
        ),
    ),
    InjectedFault(
        "follows_its_area", "the area has moved", lambda f: replace(f, trees=[tree_where(AREA, lies_in=ELSEWHERE)])
    ),
    InjectedFault("held_by_an_office", "the office is gone", lambda f: replace(f, offices=f.offices - {EDUCATION})),
)

JOURNAL_FAULTS = (
    InjectedFault(
        "sequences_whole", "a hole", lambda f: without(f, "journal", case_id=CLOSED, service="intake", sequence=3)
    ),
    InjectedFault(
        "sequences_whole",
        "one number twice",
        lambda f: doubled(f, "journal", {"event_id": NOBODY}, case_id=CLOSED, topic=CASES.name),
    ),
    InjectedFault(
        "sequences_whole", "the end is missing", lambda f: replace(f, last={**f.last, ("routing", LATE): 99})
    ),
    InjectedFault(
        "sequences_whole", "nothing is left", lambda f: without(f, "journal", case_id=LATE, service="routing")
    ),
    InjectedFault(
        "sequences_whole",
        "said without a counter",
        lambda f: replace(f, last={key: last for key, last in f.last.items() if key != ("intake", LATE)}),
    ),
    InjectedFault(
        "events_readable", "of the shape of before", lambda f: rewritten(f, "referral.signed", without_state)
    ),
    InjectedFault("events_readable", "cut off", lambda f: rewritten(f, "case.accepted", lambda value: value[:-1])),
    InjectedFault(
        "one_content",
        "in the journals",
        lambda f: doubled(f, "journal", {"value": b"{}"}, type=REGISTERED),
    ),
    InjectedFault("one_content", "on a topic", lambda f: doubled(f, "records", {"content": 1}, topic=CASES.name)),
    InjectedFault(
        "one_content", "in an office's copy", lambda f: changed(f, "journal", {"value": b"{}"}, topic=PENSIONS_TOPIC)
    ),
    InjectedFault("copies_equal", "no original", lambda f: without(f, "journal", topic=REFERRALS.name, case_id=CLOSED)),
    InjectedFault(
        "copies_equal", "another content", lambda f: changed(f, "journal", {"value": b"{}"}, topic=PENSIONS_TOPIC)
    ),
    InjectedFault(
        "copies_equal", "another number", lambda f: changed(f, "journal", {"sequence": 99}, topic=PENSIONS_TOPIC)
    ),
    InjectedFault(
        "copies_equal",
        "to the wrong office",
        lambda f: changed(f, "journal", {"topic": OFFICE_REFERRALS.named(EDUCATION)}, topic=PENSIONS_TOPIC),
    ),
    InjectedFault(
        "copies_equal",
        "a refusal to the wrong office",
        lambda f: changed(f, "journal", {"topic": PENSIONS_TOPIC}, type=of_type("feedback.rejected")),
    ),
    InjectedFault("copies_complete", "no copy at all", lambda f: without(f, "journal", topic=PENSIONS_TOPIC)),
    InjectedFault(
        "copies_complete",
        "no copy of a clock",
        lambda f: without(f, "journal", topic=copied, type=of_type("clock.lapsed")),
    ),
    InjectedFault(
        "copies_complete",
        "no copy of a new date",
        lambda f: without(f, "journal", topic=copied, type=of_type("clock.recalculated")),
    ),
    InjectedFault(
        "nothing_parked", "a record", lambda f: replace(f, parked=[DeadLetter("intake", 1, "r", "not_json", None)])
    ),
    InjectedFault("relays_drained", "unsent events", lambda f: replace(f, unsent={"routing": 3})),
    InjectedFault("readers_caught_up", "behind", lambda f: replace(f, behind=[("routing.cases", CLOSED, "2 of 3")])),
)

TOPIC_FAULTS = (
    InjectedFault("journal_on_topics", "never sent", lambda f: without(f, "records", topic=CASES.name, case_id=LATE)),
    InjectedFault("journal_on_topics", "a copy never sent", lambda f: without(f, "records", topic=PENSIONS_TOPIC)),
    InjectedFault("topics_in_journal", "the next of a case", stray),
    InjectedFault("topics_in_journal", "of a case that nobody has", lambda f: stray(f, case_id=NOBODY, sequence=1)),
    InjectedFault(
        "topics_in_journal", "without any header", lambda f: stray(f, case_id=None, sequence=None, writer="")
    ),
    InjectedFault(
        "topics_in_journal", "a rejection", lambda f: stray(f, topic=REJECTIONS.name, case_id=None, sequence=None)
    ),
    InjectedFault(
        "topics_in_journal",
        "for another office",
        lambda f: doubled(
            f, "records", {"topic": OFFICE_REFERRALS.named("housing-130722000000")}, topic=PENSIONS_TOPIC
        ),
    ),
    InjectedFault("order_kept", "two changed places", lambda f: swapped_on(f, CASES.name)),
    InjectedFault("order_kept", "an office's copies changed places", lambda f: swapped_on(f, PENSIONS_TOPIC)),
    InjectedFault(
        "order_kept", "a hole", lambda f: without(f, "records", topic=REFERRALS.name, case_id=CLOSED, sequence=3)
    ),
    InjectedFault("order_kept", "under another key", lambda f: changed(f, "records", {"key": "k"}, topic=ALERTS.name)),
    InjectedFault("order_kept", "in two partitions", lambda f: changed(f, "records", {"partition": 11}, sequence=3)),
    InjectedFault(
        "order_kept", "by another service", lambda f: changed(f, "records", {"writer": "notify"}, topic=CASES.name)
    ),
)
