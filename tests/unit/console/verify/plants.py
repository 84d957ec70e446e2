"""Planted faults in what the services hold of cases, referrals and journals: at least one for each check."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import msgspec

from console.verify.snapshot import Facts, Parked
from contracts.codes import CaseState, ReferralState
from contracts.topics import ALERTS, CASES, OFFICE_REFERRALS, REFERRALS, REJECTIONS
from tests.unit.console.verify.histories import AREA, EDUCATION, MONDAY, PENSIONS, known_as
from tests.unit.console.verify.look import ELSEWHERE, tree_where
from tests.unit.console.verify.planting import (
    Plant,
    changed,
    copied,
    doubled,
    fits,
    of_type,
    resaid,
    stray,
    swapped_on,
    without,
)

CLOSED, LATE, PAUSED, DECLINED, WITHDRAWN, FAILED = (known_as(1, 0, number) for number in range(1, 7))
NOBODY = UUID(int=99)
REGISTERED = of_type("case.registered")
COMPLETED = of_type("referral.completed")
PENSIONS_TOPIC = OFFICE_REFERRALS.named(PENSIONS)

LONG_AGO = MONDAY.isoformat()


def said_again(facts: Facts, type_: str, **more: str) -> Facts:
    """What was said of the lead of a case, of another referral too."""
    first = {"case_id": LATE, "type": of_type("referral.dispatched")}
    like = next(row for row in facts.said if fits(row, first))
    value = msgspec.json.encode(msgspec.json.decode(like.value) | {"referral_id": str(NOBODY), **more})
    return doubled(facts, "said", {"type": f"yimen.{type_}.v1", "sequence": 98, "value": value}, **first)


def signed(**by: str) -> Callable[[bytes], bytes]:
    """The same, by somebody else."""
    return lambda value: msgspec.json.encode(msgspec.json.decode(value) | {"by": {"door": "http", **by}})


def unsigned(value: bytes) -> bytes:
    return msgspec.json.encode({name: one for name, one in msgspec.json.decode(value).items() if name != "by"})


CASE_PLANTS = (
    Plant("registered_once", "said twice", lambda f: doubled(f, "said", type=REGISTERED)),
    Plant("registered_once", "never said", lambda f: without(f, "said", type=REGISTERED, case_id=LATE)),
    Plant("registered_once", "intake lost the case", lambda f: without(f, "cases", case_id=CLOSED)),
    Plant("noted_once", "lost in notify", lambda f: without(f, "noted", case_id=CLOSED)),
    Plant("noted_once", "another number", lambda f: changed(f, "noted", {"number": "x"}, case_id=LATE)),
    Plant("noted_once", "another state", lambda f: changed(f, "noted", {"state": CaseState.CLOSED}, case_id=LATE)),
    Plant("noted_once", "of nobody", lambda f: doubled(f, "noted", {"case_id": NOBODY})),
    Plant("routed_once", "lost in routing", lambda f: without(f, "routed", case_id=CLOSED)),
    Plant("routed_once", "never accepted", lambda f: doubled(f, "routed", {"case_id": DECLINED})),
    Plant("routed_once", "no decision", lambda f: changed(f, "routed", {"decisions": 0}, case_id=LATE)),
    Plant("routed_once", "of nobody", lambda f: doubled(f, "routed", {"case_id": NOBODY})),
    Plant("one_lead", "no lead", lambda f: without(f, "referrals", case_id=LATE)),
    Plant("one_lead", "two live leads", lambda f: doubled(f, "referrals", {"referral_id": NOBODY}, case_id=LATE)),
    Plant("one_lead", "intake follows another", lambda f: changed(f, "cases", {"lead": NOBODY}, case_id=LATE)),
    Plant("one_lead", "never moved on", lambda f: changed(f, "cases", {"state": CaseState.ACCEPTED}, case_id=LATE)),
    Plant(
        "one_lead",
        "closed with an open lead",
        lambda f: changed(f, "referrals", {"state": ReferralState.SIGNED}, case_id=CLOSED, role="lead"),
    ),
    Plant(
        "one_lead",
        "open with a finished lead",
        lambda f: changed(f, "cases", {"state": CaseState.IN_PROGRESS}, case_id=CLOSED),
    ),
    Plant(
        "one_lead",
        "withdrawn with an open lead",
        lambda f: changed(f, "referrals", {"state": ReferralState.SIGNED}, case_id=WITHDRAWN),
    ),
    Plant("legs_follow", "lost in notify", lambda f: without(f, "legs", case_id=LATE)),
    Plant("legs_follow", "another office", lambda f: changed(f, "legs", {"office": PENSIONS}, case_id=LATE)),
    Plant("legs_follow", "another state", lambda f: changed(f, "legs", {"state": "signed"}, case_id=LATE)),
    Plant("legs_follow", "routing lost it", lambda f: without(f, "referrals", case_id=CLOSED, role="co")),
    Plant(
        "gates_kept",
        "the co-handler never finished",
        lambda f: without(f, "said", type=COMPLETED, value=lambda value: b'"co"' in value),
    ),
    Plant(
        "gates_kept",
        "the co-handler finished afterwards",
        lambda f: changed(f, "said", {"sequence": 99}, type=COMPLETED, value=lambda value: b'"co"' in value),
    ),
)


def without_state(value: bytes) -> bytes:
    return msgspec.json.encode({name: one for name, one in msgspec.json.decode(value).items() if name != "state"})


LEG_PLANTS = (
    Plant(
        "one_live_leg",
        "the lead handles it with itself",
        lambda f: doubled(f, "referrals", {"referral_id": NOBODY, "role": "co"}, case_id=LATE),
    ),
    Plant("one_leg_told", "sent to the lead once more", lambda f: said_again(f, "referral.dispatched")),
    Plant(
        "one_leg_told",
        "handed on to an office that has a part",
        lambda f: said_again(
            f, "referral.office_succeeded", predecessor=PENSIONS, state="signed", dispatched_at=LONG_AGO
        ),
    ),
    Plant(
        "one_leg_told",
        "the co-handler is the lead",
        lambda f: resaid(f, "referral.dispatched", lambda value: value.replace(PENSIONS.encode(), EDUCATION.encode())),
    ),
)

ACT_PLANTS = (
    *(
        Plant("acts_have_actors", f"nobody did {type_}", lambda f, type_=type_: resaid(f, type_, unsigned))
        for type_ in (
            "case.registered",
            "case.accepted",
            "case.withdrawn",
            "referral.signed",
            "referral.progress_reported",
        )
    ),
    Plant("acts_have_actors", "a role of no office", lambda f: resaid(f, "referral.completed", signed(role="officer"))),
    Plant("acts_have_actors", "an office without a role", lambda f: resaid(f, "case.closed", signed(office=PENSIONS))),
    Plant(
        "acts_have_actors",
        "the rules closed it",
        lambda f: resaid(f, "case.closed", signed(office=PENSIONS, role="clerk", door="rules")),
    ),
)

PLACE_PLANTS = (
    Plant("told_to_somebody", "an alert", lambda f: changed(f, "alerts", {"recipients": ()}, case_id=LATE)),
    Plant(
        "told_to_somebody",
        "a rung of the ladder",
        lambda f: resaid(
            f,
            "supervision.urged",
            lambda value: msgspec.json.encode(msgspec.json.decode(value) | {"recipients": []}),
        ),
    ),
    Plant(
        "held_by_an_office",
        "a referral of an office that was abolished",
        lambda f: changed(f, "referrals", {"office": "education-130721000000"}, case_id=LATE),
    ),
    Plant(
        "held_by_an_office",
        "a clock of an office that was abolished",
        lambda f: changed(f, "watches", {"office": "education-130721000000"}, case_id=PAUSED, ended_at=None),
    ),
    Plant(
        "follows_its_area",
        "a referral stayed where the area was before",
        lambda f: changed(f, "referrals", {"office": f"education-{ELSEWHERE}"}, case_id=LATE),
    ),
    Plant(
        "follows_its_area",
        "a return waits for the county before",
        lambda f: changed(
            f, "watches", {"kind": "return_decision", "office": f"education-{ELSEWHERE}"}, case_id=PAUSED, ended_at=None
        ),
    ),
    Plant("follows_its_area", "the area has moved", lambda f: replace(f, trees=[tree_where(AREA, lies_in=ELSEWHERE)])),
    Plant("held_by_an_office", "the office is gone", lambda f: replace(f, offices=f.offices - {EDUCATION})),
)

JOURNAL_PLANTS = (
    Plant("sequences_whole", "a hole", lambda f: without(f, "said", case_id=CLOSED, service="intake", sequence=3)),
    Plant(
        "sequences_whole",
        "one number twice",
        lambda f: doubled(f, "said", {"event_id": NOBODY}, case_id=CLOSED, topic=CASES.name),
    ),
    Plant("sequences_whole", "the end is missing", lambda f: replace(f, last={**f.last, ("routing", LATE): 99})),
    Plant("sequences_whole", "nothing is left", lambda f: without(f, "said", case_id=LATE, service="routing")),
    Plant(
        "sequences_whole",
        "said without a counter",
        lambda f: replace(f, last={key: last for key, last in f.last.items() if key != ("intake", LATE)}),
    ),
    Plant("events_readable", "of the shape of before", lambda f: resaid(f, "referral.signed", without_state)),
    Plant("events_readable", "cut off", lambda f: resaid(f, "case.accepted", lambda value: value[:-1])),
    Plant(
        "one_content",
        "in the journals",
        lambda f: doubled(f, "said", {"value": b"{}"}, type=REGISTERED),
    ),
    Plant("one_content", "on a topic", lambda f: doubled(f, "heard", {"content": 1}, topic=CASES.name)),
    Plant("one_content", "in an office's copy", lambda f: changed(f, "said", {"value": b"{}"}, topic=PENSIONS_TOPIC)),
    Plant("copies_equal", "no original", lambda f: without(f, "said", topic=REFERRALS.name, case_id=CLOSED)),
    Plant("copies_equal", "another content", lambda f: changed(f, "said", {"value": b"{}"}, topic=PENSIONS_TOPIC)),
    Plant("copies_equal", "another number", lambda f: changed(f, "said", {"sequence": 99}, topic=PENSIONS_TOPIC)),
    Plant(
        "copies_equal",
        "to the wrong office",
        lambda f: changed(f, "said", {"topic": OFFICE_REFERRALS.named(EDUCATION)}, topic=PENSIONS_TOPIC),
    ),
    Plant(
        "copies_equal",
        "a refusal to the wrong office",
        lambda f: changed(f, "said", {"topic": PENSIONS_TOPIC}, type=of_type("feedback.rejected")),
    ),
    Plant("copies_complete", "no copy at all", lambda f: without(f, "said", topic=PENSIONS_TOPIC)),
    Plant(
        "copies_complete",
        "no copy of a clock",
        lambda f: without(f, "said", topic=copied, type=of_type("clock.lapsed")),
    ),
    Plant(
        "copies_complete",
        "no copy of a new date",
        lambda f: without(f, "said", topic=copied, type=of_type("clock.recalculated")),
    ),
    Plant("nothing_parked", "a record", lambda f: replace(f, parked=[Parked("intake", 1, "r", "not_json", None)])),
    Plant("relays_drained", "unsent events", lambda f: replace(f, unsent={"routing": 3})),
    Plant("readers_caught_up", "behind", lambda f: replace(f, behind=[("routing.cases", CLOSED, "2 of 3")])),
)

TOPIC_PLANTS = (
    Plant("journal_on_topics", "never sent", lambda f: without(f, "heard", topic=CASES.name, case_id=LATE)),
    Plant("journal_on_topics", "a copy never sent", lambda f: without(f, "heard", topic=PENSIONS_TOPIC)),
    Plant("topics_in_journal", "the next of a case", stray),
    Plant("topics_in_journal", "of a case that nobody has", lambda f: stray(f, case_id=NOBODY, sequence=1)),
    Plant("topics_in_journal", "without any header", lambda f: stray(f, case_id=None, sequence=None, writer="")),
    Plant("topics_in_journal", "a rejection", lambda f: stray(f, topic=REJECTIONS.name, case_id=None, sequence=None)),
    Plant(
        "topics_in_journal",
        "for another office",
        lambda f: doubled(f, "heard", {"topic": OFFICE_REFERRALS.named("housing-130722000000")}, topic=PENSIONS_TOPIC),
    ),
    Plant("order_kept", "two changed places", lambda f: swapped_on(f, CASES.name)),
    Plant("order_kept", "an office's copies changed places", lambda f: swapped_on(f, PENSIONS_TOPIC)),
    Plant("order_kept", "a hole", lambda f: without(f, "heard", topic=REFERRALS.name, case_id=CLOSED, sequence=3)),
    Plant("order_kept", "under another key", lambda f: changed(f, "heard", {"key": "k"}, topic=ALERTS.name)),
    Plant("order_kept", "in two partitions", lambda f: changed(f, "heard", {"partition": 11}, sequence=3)),
    Plant("order_kept", "by another service", lambda f: changed(f, "heard", {"writer": "notify"}, topic=CASES.name)),
)
