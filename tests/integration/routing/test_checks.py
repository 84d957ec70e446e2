"""An office is asked about the applicant, by whichever door: with consent, on record, and seeing nothing else."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.access import MATRIX, Access, Part, Relation
from contracts.codes import CaseState, Consent
from contracts.events.cases import CaseCheckRequested, CaseConsentGiven, CaseConsentWithdrawn, CaseNotAccepted
from libraries.runtime.web.auth import Principal, Role
from tests.integration.routing.test_access import (
    ARBITER,
    CLERK,
    COORDINATOR,
    DECIDER,
    EDUCATION,
    Stage,
    officer,
    opened,
)
from tests.integration.routing.test_deciding import told_last, tries
from tests.integration.routing.test_lead_acts import heard_by
from tests.integration.routing.test_routing import an_accepted_case, an_answer
from tests.integration.web import bearer
from tests.unit.routing.builders import NOON

ASKED = "social_security-130700000000"
PURPOSE = "means_check"
QUESTION, ANSWER = "是否领取养老保险待遇（示例）？", "未领取（示例）。"
ATTRIBUTES = {"office": ASKED, "purpose": PURPOSE}


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with opened(database) as stage:
        yield stage


async def at_work(stage: Stage) -> tuple[UUID, str]:
    case = await stage.brings("education.student_aid")
    lead = (await stage.referrals(case.case_id))[EDUCATION]
    await stage.does(officer(EDUCATION), lead, "accept")
    return case.case_id, lead


def consented(case_id: UUID) -> CaseConsentGiven:
    return CaseConsentGiven(
        case_id=case_id,
        state=CaseState.IN_PROGRESS,
        consent_id=uuid4(),
        purpose=PURPOSE,
        consent=Consent.WRITTEN,
        given_at=NOON,
    )


def withdrawn(given: CaseConsentGiven) -> CaseConsentWithdrawn:
    return CaseConsentWithdrawn(
        case_id=given.case_id,
        state=given.state,
        consent_id=given.consent_id,
        purpose=PURPOSE,
        withdrawn_at=NOON,
    )


async def kept_texts(stage: Stage, action: str) -> list[Any]:
    found = await stage.routing.rows(
        f"SELECT outcome, sealed_text IS NOT NULL FROM answers_of_offices WHERE action = '{action}' ORDER BY id"
    )
    return list(found)


@pytest.mark.parametrize("door", ["http", "kafka"])
async def test_a_check_is_asked_answered_and_read_by_whichever_door(stage: Stage, door: str) -> None:
    case_id, lead = await at_work(stage)

    async def answers(office: str, referral: str, action: str, number: int, **body: Any) -> None:
        if door == "http":
            await stage.http.post(
                f"/v1/referrals/{referral}/{action}",
                json={"feedback_id": f"{action}-{number}", **body},
                headers=bearer(officer(office)),
            )
        else:
            await stage.routing.is_answered(an_answer(referral, action, number, **body), office=office)

    asks = {"text": QUESTION, "attributes": ATTRIBUTES}
    await answers(EDUCATION, lead, "request-check", 1, **asks)
    refused = await told_last(stage, "feedback.received")
    assert (refused["code"], refused["outcome"]) == ("consent_needed", "refused")
    assert await kept_texts(stage, "request-check") == [("refused", False)]

    given = consented(case_id)
    await stage.routing.consumes(given)
    await answers(EDUCATION, lead, "request-check", 2, **asks)
    ((check, state, clock),) = await stage.routing.rows(
        "SELECT r.referral_id::text, r.state, c.kind FROM referrals r JOIN clocks c USING (referral_id)"
        " WHERE r.role = 'check'"
    )
    assert (state, clock) == ("dispatched", "check")
    sent = await told_last(stage, "referral.dispatched")
    assert (sent["purpose"], sent["consent_id"], sent["office"]) == (PURPOSE, str(given.consent_id), ASKED)
    assert [type_ for type_, _ in await heard_by(stage, EDUCATION)][-1] == "referral.lead_acted"

    asked = (await stage.asks(officer(ASKED), f"/v1/referrals/{check}")).json()
    assert (asked["role"], asked["purpose_zh"], asked["asked_by"]) == ("check", "社会救助家庭经济状况核对", EDUCATION)
    assert not {"attributes", "others"} & asked.keys()
    assert (asked["links"]["timeline"], asked["links"]["question"]) == (None, f"/v1/referrals/{check}/question")
    question = (await stage.asks(officer(ASKED), asked["links"]["question"])).json()
    assert (question["text"], question["purpose"], question["consent"]) == (QUESTION, PURPOSE, "written")
    assert (await stage.asks(officer(ASKED), f"/v1/referrals/{lead}")).status_code == 404

    await answers(ASKED, check, "complete", 3, text=ANSWER)
    assert (await told_last(stage, "referral.completed"))["role"] == "check"
    for who in (officer(EDUCATION), CLERK):
        words = (await stage.asks(who, f"/v1/referrals/{check}/answers")).json()
        assert [one["text"] for one in words] == [ANSWER]
    reads = (await stage.asks(COORDINATOR, f"/v1/referrals/{check}/reads")).json()
    assert [(one["part"], one["office"]) for one in reversed(reads)] == [
        ("question", ASKED),
        ("answers", EDUCATION),
        ("answers", CLERK.office),
    ]
    journal = str(await stage.routing.rows("SELECT value FROM journal"))
    assert "示例" not in journal
    assert "u793a" not in journal.lower()


async def test_a_withdrawal_in_the_middle_ends_it_and_keeps_no_word_of_a_late_answer(stage: Stage) -> None:
    case_id, lead = await at_work(stage)
    given = consented(case_id)
    await stage.routing.consumes(given)
    await stage.does(officer(EDUCATION), lead, "request-check", text=QUESTION, attributes=ATTRIBUTES)
    ((check,),) = await stage.routing.rows("SELECT referral_id::text FROM referrals WHERE role = 'check'")
    await stage.routing.consumes(withdrawn(given))
    await stage.routing.consumes(withdrawn(given))
    ended = await told_last(stage, "referral.cancelled")
    assert (ended["referral_id"], ended["reason"]) == (check, "consent_withdrawn")
    assert (await stage.routing.said()).count("referral.cancelled") == 1
    assert await tries(stage, officer(ASKED), check, "complete", text=ANSWER) == (409, "check_ended")
    await stage.routing.is_answered(an_answer(check, "complete", 9, text=ANSWER), office=ASKED)
    assert await kept_texts(stage, "complete") == [("refused", False), ("refused", False)]
    again = await tries(stage, officer(EDUCATION), lead, "request-check", text=QUESTION, attributes=ATTRIBUTES)
    assert again == (409, "consent_needed")
    mine = (await stage.asks(officer(ASKED), f"/v1/referrals/{check}")).json()
    assert (mine["state"], mine["relations"], mine["links"]["applicant"]) == ("cancelled", ["former_checker"], None)


async def test_a_consent_from_before_the_case_was_accepted_counts_and_that_of_another_case_does_not(
    stage: Stage,
) -> None:
    case = an_accepted_case("education.student_aid", first_contact_office=CLERK.office)
    await stage.routing.consumes(consented(case.case_id))
    await stage.routing.consumes(case)
    lead = (await stage.referrals(case.case_id))[EDUCATION]
    await stage.does(officer(EDUCATION), lead, "accept")
    await stage.does(officer(EDUCATION), lead, "request-check", text=QUESTION, attributes=ATTRIBUTES)
    _, other = await at_work(stage)
    tried = await tries(stage, officer(EDUCATION), other, "request-check", text=QUESTION, attributes=ATTRIBUTES)
    assert tried == (409, "consent_needed")


@pytest.mark.parametrize("relation", [Relation.WINDOW, Relation.LEAD, Relation.COORDINATOR, Relation.CO_HANDLER])
async def test_question_and_answer_are_for_who_asked_and_for_the_window(stage: Stage, relation: Relation) -> None:
    who = {
        Relation.WINDOW: CLERK,
        Relation.LEAD: officer(EDUCATION),
        Relation.COORDINATOR: COORDINATOR,
        Relation.CO_HANDLER: officer(DECIDER),
    }[relation]
    case_id, lead = await at_work(stage)
    await stage.routing.consumes(consented(case_id))
    await stage.does(officer(EDUCATION), lead, "request-check", text=QUESTION, attributes=ATTRIBUTES)
    ((check,),) = await stage.routing.rows("SELECT referral_id::text FROM referrals WHERE role = 'check'")
    knows = MATRIX[relation][Part.REFERRALS] is Access.ALLOWED
    opens = MATRIX[relation][Part.CHECK_ANSWERS] is Access.ALLOWED
    for door in ("question", "answers"):
        reply = await stage.asks(who, f"/v1/referrals/{check}/{door}")
        assert reply.status_code == (200 if opens else 403 if knows else 404), door
    stranger = Principal(subject="o", role=Role.OFFICER, office=ARBITER)
    assert (await stage.asks(stranger, f"/v1/referrals/{check}/question")).status_code == 404
    assert (await stage.asks(officer(EDUCATION), f"/v1/referrals/{lead}/question")).status_code == 404


async def test_what_a_window_asks_before_it_accepts_is_sent_and_ends_when_the_case_is_declined(stage: Stage) -> None:
    for declined in (False, True):
        case = an_accepted_case("education.student_aid", first_contact_office=CLERK.office)
        check = uuid4()
        asked = CaseCheckRequested(
            **{name: getattr(case, name) for name in ("case_id", "number", "category", "field", "area")},
            state=CaseState.REGISTERED,
            check_id=check,
            office=ASKED,
            purpose=PURPOSE,
            consent_id=uuid4(),
            consent=Consent.WRITTEN,
            first_contact_office=CLERK.office,
            requested_at=NOON,
        )
        await stage.routing.consumes(asked)
        seen = (await stage.asks(officer(ASKED), f"/v1/referrals/{check}")).json()
        assert (seen["state"], seen["asked_by"], seen["links"]["question"]) == (
            "dispatched",
            CLERK.office,
            f"/v1/cases/{case.case_id}/checks/{check}/question",
        )
        if declined:
            ends = CaseNotAccepted(
                case_id=case.case_id,
                state=CaseState.NOT_ACCEPTED,
                reason="out_of_scope",
                go_to=EDUCATION,
                declined_at=NOON,
            )
            await stage.routing.consumes(ends)
            assert (await told_last(stage, "referral.cancelled"))["reason"] == "check_not_needed"
            continue
        await stage.routing.consumes(case)
        assert EDUCATION in await stage.referrals(case.case_id)
        await stage.does(officer(ASKED), str(check), "complete", text=ANSWER)
        words = (await stage.asks(CLERK, f"/v1/referrals/{check}/answers")).json()
        assert [one["text"] for one in words] == [ANSWER]
