"""The matrix of messages and its words: the shipped packs are whole, and a wrong row is named with its line."""

from pathlib import Path

import pytest

from contracts.codes import ClockKind, DeliveryChannel, ReferralRole
from contracts.events import EVENTS as ALL_EVENTS
from libraries.policies import load_policy
from libraries.policies.message_templates import EVENTS
from tests.packs import PACKS, SHIPPED, refusals, small_city, write

ROW = "event: case.accepted, audience: applicant, channel: sms"
WORDS = "- {code: mine, text_zh: '您的{matter}', subject_zh: 好}\n"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write(small_city(tmp_path), "message_templates.yaml", WORDS)


def test_people_can_be_told_of_events_that_there_are() -> None:
    assert EVENTS.keys() <= {event.TYPE for event in ALL_EVENTS.values()}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_pack_tells_the_applicant_and_the_office(name: str) -> None:
    policy = load_policy(PACKS / name)
    told = {event: {(row.audience.value, row.channel.value) for row in rows} for event, rows in policy.messages.items()}
    for event in ("case.accepted", "referral.extended", "case.resolved", "case.applicant_not_reached"):
        assert ("applicant", "sms") in told[event]
    for event in ("referral.dispatched", "referral.return_requested", "clock.due_soon", "supervision.supervised"):
        assert ("office", "email") in told[event]
    for rows in policy.messages.values():
        for row in rows:
            assert set(policy.message_templates[row.template].texts) == {"zh", "en"}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("{event: case.acepted, audience: applicant, channel: sms, template: mine}", "did you mean case.accepted?"),
        ("{event: case.erased, audience: applicant, channel: sms, template: mine}", "nobody is told of it; only case"),
        ("{event: case.accepted, audience: office, channel: sms, template: mine}", "is told to the applicant alone"),
        (f"{{{ROW}, template: mien}}", "template mien: there is none; did you mean mine?"),
        (f"{{{ROW}}}", "template is missing"),
        (f"{{{ROW}, template: mine, languages: [en]}}", "template mine has no text_en: add it"),
        (f"{{{ROW}, template: mine, languages: [fr]}}", "language fr: there are zh and en"),
        (f"{{{ROW}, template: mine, states: [on_hold]}}", "unknown states on_hold"),
        (f"{{{ROW}, template: mine, roles: [lead]}}", "roles are of referral.* alone"),
        (f"{{{ROW}, template: mine, clocks: [handling]}}", "clocks are of clock.* and supervision.* alone"),
        (f'{{{ROW}, template: mine, quiet_from: "21:00"}}', "quiet_from and quiet_to go together"),
        (f'{{{ROW}, template: mine, quiet_from: "9", quiet_to: "10:00"}}', "quiet_from must be a time"),
        (f"{{{ROW}, template: mine, language: zh}}", "unknown key language: did you mean languages?"),
        (
            "{event: case.accepted, audience: applicant, channel: webhook, template: mine}",
            "a webhook is a subscription",
        ),
        ("{event: case.accepted, audience: applicant, channel: fax, template: mine}", "unknown channel fax"),
    ],
)
def test_a_wrong_row_is_named_with_file_and_line(pack: Path, row: str, told: str) -> None:
    found = refusals(write(pack, "messages.yaml", f"# a note\n- {row}\n"))
    assert any(fault.startswith("city/messages.yaml:2: ") and told in fault for fault in found), found


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("{code: mine, subject_zh: 好}", "text_zh is missing"),
        ("{code: mine, text_zh: '{go_to}'}", "mine, told of case.accepted: {go_to}: there is no such fact"),
        ("{code: mine, text_zh: '{number.__class__}'}", "a brace stands alone"),
        ("{code: other, text_zh: '{nobody}'}", "other: {nobody}: there is no such fact"),
        ("{code: mine, text_zh: 好}\n- {code: mine, text_zh: 好}", "a row above has the words of mine already"),
    ],
)
def test_wrong_words_are_named_with_file_and_line(pack: Path, words: str, told: str) -> None:
    write(pack, "message_templates.yaml", f"- {words}\n- {{code: spare, text_zh: 好}}\n")
    found = refusals(write(pack, "messages.yaml", f"- {{{ROW}, template: mine}}\n"))
    assert any(fault.startswith("city/message_templates.yaml:") and told in fault for fault in found), found


def test_an_email_needs_a_subject_and_a_row_that_says_nothing_new_is_refused(pack: Path) -> None:
    write(pack, "message_templates.yaml", "- {code: mine, text_zh: 好}\n")
    rows = "- {event: case.accepted, audience: applicant, channel: email, template: mine}\n" * 2
    found = refusals(write(pack, "messages.yaml", rows))
    assert any("has no subject_zh, which an e-mail needs" in fault for fault in found)
    assert any(fault.startswith("city/messages.yaml:2: a row above says case.accepted") for fault in found)


def test_a_local_pack_stands_in_the_place_of_its_parents_rows_and_can_silence_them(pack: Path) -> None:
    rows = (
        f"- {{{ROW}, template: mine}}\n"
        "- {event: case.resolved, audience: applicant, channel: sms, off: true}\n"
        "- {event: clock.due_soon, audience: office, channel: email, clocks: [handling], template: due_soon}\n"
    )
    policy = load_policy(write(pack, "messages.yaml", rows))
    (mine,) = [row for row in policy.messages["case.accepted"] if row.channel is DeliveryChannel.SMS]
    assert (mine.template, mine.quiet) == ("mine", None)
    by_email = [row for row in policy.messages["case.accepted"] if row.channel is DeliveryChannel.EMAIL]
    assert [row.template for row in by_email] == ["accepted"], "another channel stays as it was"
    assert not any(row.fits("resolved", None, None) for row in policy.messages["case.resolved"] if row.channel == "sms")
    (soon,) = policy.messages["clock.due_soon"]
    assert soon.fits("", None, ClockKind.HANDLING)
    assert not soon.fits("", None, ClockKind.CALLBACK)
    (copy, *_) = [row for row in policy.messages["referral.dispatched"] if row.template == "copy"]
    assert copy.fits("dispatched", ReferralRole.INFO, None)
    assert not copy.fits("dispatched", ReferralRole.LEAD, None)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("email: nobody", "email nobody: must be an e-mail address"),
        ("email: 'a@b.example, c@d.example'", "must be an e-mail address"),
        ("phone: none", "phone none: must be a phone number"),
    ],
)
def test_an_office_has_addresses_that_are_some(pack: Path, more: str, told: str) -> None:
    offices = (pack / "offices.yaml").read_text("utf-8")
    row = f"- {{role: education, levels: [county], areas: ['130722'], zh: 局, en: Bureau, {more}}}\n"
    found = refusals(write(pack, "offices.yaml", row + offices))
    assert any(told in fault and fault.startswith("city/offices.yaml:1: ") for fault in found), found


def test_the_address_of_an_office_has_the_code_of_its_area(pack: Path) -> None:
    offices = (pack / "offices.yaml").read_text("utf-8")
    row = (
        "- {role: education, levels: [county], areas: ['130722'], zh: 局, en: Bureau, email: 'edu-{code}@a.example'}\n"
    )
    policy = load_policy(write(pack, "offices.yaml", row + offices))
    office = policy.office("education-130722000000")
    assert office is not None
    assert office.email == "edu-130722000000@a.example"
