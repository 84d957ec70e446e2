"""What the figures make of a case that became another matter: a wrong office once, and a desk never."""

from contracts.codes import FeedbackAction as A
from contracts.codes import Field
from services.notify.domain.outcomes import LeadOutcome, Outcomes, ReferralOutcome, last, note
from tests.unit.routing.builders import CASE, CIVIL_AFFAIRS, EDUCATION, Scenario
from tests.unit.routing.test_reclassifying import MEDICAL, UNCLASSIFIED, becomes

REIMBURSEMENT = "health.manual_reimbursement"


class Watched:
    """A scenario of routing, and what notify keeps of what it says."""

    def __init__(self, category: str) -> None:
        self.outcomes = Outcomes()
        self.scenario = Scenario(category)
        self.hears()

    def hears(self) -> None:
        for event in self.scenario.last.events:
            note(event, self.outcomes)

    def of(self, office: str) -> ReferralOutcome:
        found = last(self.outcomes.referrals[self.scenario.of(office).id])
        assert found is not None
        return found

    @property
    def lead(self) -> LeadOutcome:
        found = last(self.outcomes.leads[CASE])
        assert found is not None
        return found


def test_another_office_means_that_it_was_dispatched_wrongly() -> None:
    watched = Watched("education.student_aid")
    assert watched.scenario.answers(A.ACCEPT) is None
    watched.hears()
    assert becomes(watched.scenario, REIMBURSEMENT) is None
    watched.hears()
    assert watched.of(EDUCATION).reassigned_at is not None
    assert watched.of(EDUCATION).category == "education.student_aid", "what an office had stays what it was"
    assert (watched.of(MEDICAL).category, watched.of(MEDICAL).reassigned_at) == (REIMBURSEMENT, None)
    assert (watched.lead.category, watched.lead.field, watched.lead.sendings) == (REIMBURSEMENT, Field.HEALTH, 2)


def test_the_same_office_was_the_right_one() -> None:
    watched = Watched("health.medical_assistance")
    assert becomes(watched.scenario, REIMBURSEMENT) is None
    watched.hears()
    one = watched.of(MEDICAL)
    assert (one.category, one.reassigned_at, one.cancelled_at) == (REIMBURSEMENT, None, None)
    assert (watched.lead.category, watched.lead.sendings) == (REIMBURSEMENT, 1)


def test_a_desk_was_no_wrong_office_and_classifying_is_no_sending() -> None:
    watched = Watched(UNCLASSIFIED)
    assert watched.scenario.answers(A.CLASSIFY, office=CIVIL_AFFAIRS, category="education.student_aid") is None
    watched.hears()
    desk = [one for one in watched.outcomes.referrals.values() if one[1].cancelled_because == "classified"]
    assert [(one[1].office, one[1].reassigned_at, one[1].responded_at is not None) for one in desk] == [
        (CIVIL_AFFAIRS, None, True)
    ]
    assert (watched.lead.office, watched.lead.sendings) == (EDUCATION, 1)
