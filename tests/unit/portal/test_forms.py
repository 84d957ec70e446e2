"""What a browser may send, where a page may lead, and what of an explanation is taken over."""

import pytest

from contracts.refusals import FieldError
from libraries.runtime.web.pages import Page
from services.portal.coordinator import body_of as decision_of
from services.portal.counter import body_of
from services.portal.explaining import main_part
from services.portal.forms import BadForm, Form
from services.portal.pages import faults_of
from services.portal.remote import Problem
from services.portal.visits import local_path


def test_a_form_is_read_as_it_was_typed() -> None:
    form = Form.read(b"a=+x+&b=1&b=2&c=%F0%A0%AE%B7&d=1%0D%0A2&kept.x=y")
    assert form.get("a") == "x"
    assert form.typed("a") == " x "
    assert form.all("b") == ["1", "2"]
    assert (form.get("c"), form.get("d"), form.get("none")) == ("𠮷", "1\n2", "")
    assert list(form.below("kept.")) == [("x", "y")]
    assert form.without("a", "b").pairs == (("c", "𠮷"), ("d", "1\n2"), ("kept.x", "y"))


@pytest.mark.parametrize("body", [b"a=\xff", b"a=%FF", b"a=%00", b"&".join([b"a=1"] * 301)])
def test_what_no_browser_sends_is_no_form(body: bytes) -> None:
    with pytest.raises(BadForm):
        Form.read(body)


@pytest.mark.parametrize("path", ["/", "/inbox?view=late", "/counter/cases/130722-20260302-00001-4?done=accept"])
def test_a_page_leads_on_within_the_portal(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "inbox",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\r\nb",
        "\t/x",
    ],
)
def test_and_nowhere_else(path: str) -> None:
    assert local_path(path) == "/"


def test_faults_stand_at_their_fields_and_the_rest_above() -> None:
    problem = Problem(
        status=422,
        detail="several",
        errors=(
            FieldError(field="reason", code="unknown_reason", detail="choose"),
            FieldError(field="submission_id", code="conflict", detail="other content"),
        ),
    )
    assert faults_of(problem, ["reason"]) == ({"reason": "choose"}, "other content")
    assert faults_of(Problem(status=409, detail="moved on"), ["reason"]) == ({}, "moved on")


def test_an_explanation_is_taken_over_without_its_title_and_as_it_was_escaped() -> None:
    page = Page(title="t", main="<h1>t</h1>\n<p>&lt;script&gt;</p>").document("zh-CN")
    assert main_part(page).strip() == "<p>&lt;script&gt;</p>"
    assert main_part("no page") == ""


@pytest.mark.parametrize(
    ("act", "sent", "body"),
    [
        ("accept", "", {}),
        ("decline", "reason=a&go_to=b", {"reason": "a", "go_to": "b"}),
        ("request-supplement", "missing=a&missing=b", {"missing": ["a", "b"]}),
        ("callback", "satisfied=yes&reason=a", {"satisfied": True}),
        ("callback", "satisfied=no&reason=a", {"satisfied": False, "reason": "a"}),
        ("applicant-told", "about=extension", {"about": "extension"}),
    ],
)
def test_an_act_tells_intake_what_was_chosen(act: str, sent: str, body: dict[str, object]) -> None:
    assert body_of(act, Form.read(sent.encode())) == body


@pytest.mark.parametrize(
    ("decision", "sent", "body"),
    [
        ("approve-return", "", {"approve": True}),
        ("approve-return", "to=a&reason=b", {"approve": True, "to": "a", "reason": "b"}),
        ("refuse-return", "to=a", {"approve": False}),
        ("reassign", "to=a", {"to": "a", "reason": ""}),
        ("resume", "", {}),
    ],
)
def test_a_decision_tells_routing_what_was_chosen(decision: str, sent: str, body: dict[str, object]) -> None:
    assert decision_of(decision, Form.read(sent.encode())) == body
