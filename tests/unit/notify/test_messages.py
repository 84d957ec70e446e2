"""Who is owed which message of which event, once each; when it waits for quiet hours to end, and in which words."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.clocks import ClockExtended, ClockStarted, LimitBasis
from contracts.codes import (
    Audience,
    CaseState,
    ClockKind,
    Confidence,
    DeliveryChannel,
    ReferralRole,
    ReferralState,
    SupervisionLevel,
)
from contracts.events import CaseBound
from contracts.events.alerts import SupervisionSupervised
from contracts.events.cases import CaseApplicantNotReached, CaseResolved
from contracts.events.clocks import ClockDueSoon
from contracts.events.referrals import ReferralExtended, ReferralReturnRequested
from contracts.submissions import Applicant
from libraries.policies.messages import QuietHours
from services.notify.domain.addresses import address_of_applicant
from services.notify.domain.messages import TOO_OLD, Message, ends_of_quiet, messages_of
from services.notify.domain.wording import AboutCase, NoWords, written
from tests.civil_time import CALENDAR
from tests.unit.notify.builders import AREA, CITY, COUNTY, COUNTY_GOVERNMENT, OFFICE, civil, the_policy

ALL = frozenset({DeliveryChannel.EMAIL, DeliveryChannel.SMS})
NOW = civil("04 10:00")
CASE, REFERRAL, CLOCK, EVENT = (UUID(int=n) for n in range(1, 5))
KNOWN = AboutCase(
    number="130722-20260304-00001-1",
    area=AREA,
    category="education.student_aid",
    window="township-130722100000",
    erased=False,
)


class AsTheyAre:
    """Places of which none has changed."""

    def within(self, code: str, area: str) -> bool:
        return code.startswith(area.rstrip("0"))

    def office_now(self, code: str) -> str:
        return code


def owed(event: CaseBound, *, channels: frozenset[DeliveryChannel] = ALL, now: datetime = NOW) -> list[Message]:
    return list(messages_of(event, EVENT, the_policy(), channels=channels, places=AsTheyAre(), now=now))


def readers(event: CaseBound) -> set[tuple[str, str]]:
    return {(one.channel.value, one.reader) for one in owed(event)}


def clock(kind: ClockKind, office: str = OFFICE, of: type[Any] = ClockStarted, **more: Any) -> Any:
    basis = LimitBasis(policy_version="p", row="r", source="s", confidence=Confidence.U)
    return of(
        clock_id=CLOCK,
        kind=kind,
        version=1,
        office=office,
        area=AREA,
        limit="5wd",
        started_at=NOW,
        due_at=civil("11 18:00"),
        basis=basis,
        **more,
    )


def extended(role: ReferralRole = ReferralRole.LEAD) -> ReferralExtended:
    changed = clock(ClockKind.HANDLING, of=ClockExtended, added="5wd", approver="superior", reason="complex")
    values = {"referral_id": REFERRAL, "office": OFFICE, "role": role, "state": ReferralState.IN_PROGRESS, "at": NOW}
    return ReferralExtended(case_id=CASE, clocks=(changed,), **values)


def soon(**more: Any) -> ClockDueSoon:
    values = {"clock_id": CLOCK, "kind": ClockKind.HANDLING, "version": 1, "office": OFFICE, "area": AREA}
    return ClockDueSoon(**{"case_id": CASE, **values, "due_at": NOW + timedelta(days=1), "fired_at": NOW, **more})


def test_the_applicant_hears_of_more_time_of_the_lead_alone() -> None:
    assert readers(extended()) == {("sms", ""), ("email", "")}
    assert not owed(extended(ReferralRole.CO))
    (sms,) = [one for one in owed(extended()) if one.channel is DeliveryChannel.SMS]
    words = written(sms, KNOWN, the_policy())
    assert "延长办理期限" in words.text
    assert "2026年3月11日18:00" in words.text
    assert KNOWN.number in words.text
    assert "{" not in words.text + words.subject


def test_of_a_return_hears_who_decides_on_it_and_of_supervision_whom_the_ladder_names() -> None:
    asked = ReferralReturnRequested(
        case_id=CASE,
        referral_id=REFERRAL,
        office=OFFICE,
        role=ReferralRole.LEAD,
        state=ReferralState.RETURN_REQUESTED,
        at=NOW,
        reason="not_competent",
        clocks=(clock(ClockKind.RETURN_DECISION, office=COUNTY),),
    )
    assert readers(asked) == {("email", COUNTY)}
    supervised = SupervisionSupervised(
        case_id=CASE,
        clock_id=CLOCK,
        office=OFFICE,
        area=AREA,
        level=SupervisionLevel.SUPERVISED,
        recipients=(OFFICE, COUNTY, COUNTY_GOVERNMENT, OFFICE),
        at=NOW,
        kind=ClockKind.HANDLING,
        due_at=NOW,
    )
    assert {one for channel, one in readers(supervised) if channel == "email"} == {OFFICE, COUNTY, COUNTY_GOVERNMENT}
    assert readers(soon()) == {("email", OFFICE)}


def test_the_same_event_owes_the_same_message_and_each_reader_and_channel_its_own() -> None:
    first, again = owed(extended()), owed(extended())
    assert [one.id for one in first] == [one.id for one in again]
    assert len({one.id for one in first}) == len(first) == 2
    assert len({one.lane for one in first}) == 1, "one reader, one order"
    assert first[0].lane != owed(soon())[0].lane


def test_nothing_is_owed_by_a_channel_that_is_not_set_up_nor_of_what_is_old() -> None:
    assert not owed(extended(), channels=frozenset())
    assert {one.channel for one in owed(extended(), channels=frozenset({DeliveryChannel.SMS}))} == {DeliveryChannel.SMS}
    assert owed(extended(), now=NOW + TOO_OLD)
    assert not owed(extended(), now=NOW + TOO_OLD + timedelta(seconds=1))


def test_the_call_back_is_told_of_when_it_is_due_and_when_it_reached_nobody() -> None:
    solved = CaseResolved(
        case_id=CASE, state=CaseState.RESOLVED, resolved_at=NOW, round=1, clocks=(clock(ClockKind.CALLBACK),)
    )
    texts = [written(one, KNOWN, the_policy()).text for one in owed(solved)]
    assert all("2026年3月11日18:00前对您回访" in one for one in texts)
    missed = CaseApplicantNotReached(case_id=CASE, state=CaseState.RESOLVED, called_at=NOW)
    assert readers(missed) == {("sms", "")}


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("04 20:59", None),
        ("04 21:00", "05 08:00"),
        ("04 23:59", "05 08:00"),
        ("05 00:00", "05 08:00"),
        ("05 07:59", "05 08:00"),
        ("05 08:00", None),
    ],
)
def test_quiet_hours_reach_over_midnight(at: str, ends: str | None) -> None:
    quiet = QuietHours(begins=time(21), ends=time(8))
    assert ends_of_quiet(quiet, civil(at), CALENDAR) == (civil(ends) if ends is not None else None)
    assert ends_of_quiet(None, civil(at), CALENDAR) is None
    noon = QuietHours(begins=time(12), ends=time(14))
    assert ends_of_quiet(noon, civil("04 13:00"), CALENDAR) == civil("04 14:00")
    assert ends_of_quiet(noon, civil("04 14:00"), CALENDAR) is None


def test_words_are_in_each_language_asked_for_and_a_fact_is_never_read_as_a_place() -> None:
    (mail,) = [one for one in owed(extended()) if one.channel is DeliveryChannel.EMAIL]
    both = Message(**{name: getattr(mail, name) for name in Message.__struct_fields__} | {"languages": ("zh", "en")})
    words = written(both, KNOWN._replace(number="{until}\r\nBcc: x"), the_policy())
    assert "延长" in words.text
    assert "More time" in words.subject
    assert "\n" not in words.subject
    assert "{until}" in words.text
    gone = Message(**{name: getattr(mail, name) for name in Message.__struct_fields__} | {"template": "gone"})
    with pytest.raises(NoWords):
        written(gone, KNOWN, the_policy())


@pytest.mark.parametrize(
    ("phone", "number"),
    [
        ("130 0000-0000", "13000000000"),
        ("+86 130-0000-0000", "+8613000000000"),
        ("+852 0000 0000", "+85200000000"),
        ("(0313) 0000000-801", ""),
        ("+86 (313) 000 0000", ""),
        ("see the form", ""),
        ("", ""),
        ("1300000\n0000", "13000000000"),
        ("13000000000,13000000001", ""),
    ],
)
def test_a_number_is_one_number(phone: str, number: str) -> None:
    assert address_of_applicant(Applicant(name="a", phone=phone), DeliveryChannel.SMS) == number


def test_an_applicant_is_told_apart_from_an_office() -> None:
    assert {one.audience for one in owed(extended())} == {Audience.APPLICANT}
    assert {one.audience for one in owed(soon())} == {Audience.OFFICE}
    assert CITY not in {one.reader for one in owed(soon())}
