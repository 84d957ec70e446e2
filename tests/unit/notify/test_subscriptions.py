"""Who hears of which event."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.codes import CaseState, ClockKind, DeliveryChannel, Field, ReferralRole, ReferralState, Role
from contracts.codes import SubmissionChannel as Channel
from contracts.events import CaseBound
from contracts.events.cases import CaseClosed, CaseRegistered
from contracts.events.clocks import ClockBreached
from contracts.events.referrals import ReferralSigned, RoutingDecided
from services.notify.domain.subscriptions import (
    RELATION_OF,
    SUBSCRIBES,
    CaseFacts,
    Filter,
    Holder,
    Listener,
    hears,
    knows_attributes,
)
from tests.unit.notify.builders import AREA, COUNTY, OFFICE, the_policy

CASE = UUID(int=1)
AT = datetime(2026, 3, 4, tzinfo=UTC)
FACTS = CaseFacts(area=AREA, category="school_enrolment", field="education", source="township-a")
OPS = Holder(subject="ops", role=Role.OPS)


class Places:
    """The demo city's, with an office that has passed into another."""

    def within(self, code: str, area: str) -> bool:
        return the_policy().within(code, area)

    def office_now(self, code: str) -> str:
        return OFFICE if code == "schools-130722000000" else code


def listener(holder: Holder = OPS, **wanted: Any) -> Listener:
    return Listener(id=uuid4(), channel=DeliveryChannel.WEBHOOK, holder=holder, filter=Filter(**wanted))


def signed(office: str = OFFICE) -> ReferralSigned:
    return ReferralSigned(
        case_id=CASE, referral_id=CASE, office=office, role=ReferralRole.LEAD, state=ReferralState.SIGNED, at=AT
    )


def breached(office: str = OFFICE) -> ClockBreached:
    return ClockBreached(
        case_id=CASE,
        clock_id=CASE,
        kind=ClockKind.HANDLING,
        version=1,
        office=office,
        area=AREA,
        due_at=AT,
        fired_at=AT,
    )


def registered(source: str = "township-a") -> CaseRegistered:
    return CaseRegistered(
        case_id=CASE,
        state=CaseState.REGISTERED,
        number="130722-20260304-00001-1",
        category="school_enrolment",
        field=Field.EDUCATION,
        area=AREA,
        channel=Channel.WINDOW,
        source=source,
        submission_id="s",
        received_at=AT,
        registered_at=AT,
        first_contact_office="township_window-130722100000",
    )


CLOSED = CaseClosed(case_id=CASE, state=CaseState.CLOSED, closed_at=AT)
DECIDED = RoutingDecided(case_id=CASE, decision_id=CASE, policy_version="p", rule="r", lead=OFFICE, decided_at=AT)


@pytest.mark.parametrize(
    ("wanted", "heard"),
    [
        ({}, True),
        ({"events": ("referral",)}, True),
        ({"events": ("referral.signed", "case")}, True),
        ({"events": ("referral.sign",)}, False),
        ({"events": ("case", "clock")}, False),
        ({"area": "130722000000"}, True),
        ({"area": AREA}, True),
        ({"area": "130730000000"}, False),
        ({"fields": ("education", "health")}, True),
        ({"fields": ("health",)}, False),
        ({"categories": ("school_enrolment",)}, True),
        ({"categories": ("another",)}, False),
        ({"offices": (OFFICE,)}, True),
        ({"offices": ("schools-130722000000",)}, True),
        ({"offices": (COUNTY,)}, False),
        ({"events": ("referral",), "area": AREA, "fields": ("education",), "offices": (OFFICE,)}, True),
        ({"events": ("referral",), "area": AREA, "fields": ("education",), "offices": (COUNTY,)}, False),
    ],
)
def test_every_part_of_a_filter_narrows(wanted: dict[str, Any], heard: bool) -> None:
    assert hears(listener(**wanted), signed(), FACTS, Places()) is heard


@pytest.mark.parametrize("role", [Role.OFFICER, Role.HEAD])
def test_an_office_hears_of_its_own_referrals_alone(role: Role) -> None:
    own = listener(Holder(subject="s", role=role, office=OFFICE, area="130722000000"))
    assert [hears(own, event, FACTS, Places()) for event in (signed(), breached(), signed("schools-130722000000"))] == [
        True
    ] * 3
    others: list[CaseBound] = [signed(COUNTY), breached(COUNTY), registered(), CLOSED, DECIDED]
    assert not any(hears(own, event, FACTS, Places()) for event in others)
    assert not hears(listener(Holder(subject="s", role=role)), signed(), FACTS, Places())


def test_a_township_hears_of_what_its_own_systems_registered() -> None:
    own = listener(Holder(subject="s", role=Role.TOWNSHIP, area=AREA, sources=("township-a",)))
    assert all(hears(own, event, FACTS, Places()) for event in (registered(), CLOSED, signed(), DECIDED))
    other = CaseFacts(area=AREA, category="school_enrolment", field="education", source="township-b")
    unknown = CaseFacts(area=AREA, category="school_enrolment", field="education")
    assert not hears(own, registered("township-b"), other, Places())
    assert not any(hears(own, CLOSED, facts, Places()) for facts in (other, unknown))
    everything = listener(Holder(subject="s", role=Role.TOWNSHIP))
    assert hears(everything, CLOSED, other, Places())


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.OPS])
def test_others_hear_of_what_lies_in_their_area(role: Role) -> None:
    inside = listener(Holder(subject="s", role=role, area="130722000000"))
    outside = listener(Holder(subject="s", role=role, area="130730000000"))
    for event in (registered(), signed(), breached(), CLOSED):
        assert hears(inside, event, FACTS, Places())
        assert not hears(outside, event, FACTS, Places())


@pytest.mark.parametrize("role", [role for role in Role if role not in SUBSCRIBES])
def test_no_other_role_hears_of_anything(role: Role) -> None:
    assert not hears(listener(Holder(subject="s", role=role, office=OFFICE)), signed(), FACTS, Places())


def test_the_matrix_decides_who_knows_the_answers_of_a_case() -> None:
    assert set(RELATION_OF) == set(SUBSCRIBES)
    assert [role for role in SUBSCRIBES if not knows_attributes(Holder(subject="s", role=role))] == [Role.OPS]
