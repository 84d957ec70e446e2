"""Answers that had to be set aside, or were given up: whoever waits for what becomes of them hears of it."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import FeedbackOutcome
from contracts.events.referrals import FeedbackReceived
from services.policies import Policy
from services.routing import store
from services.routing.answering import SERVICE
from services.routing.domain.answers import Answer
from services.routing.translate import copies_of
from services.runtime import journal
from services.runtime.journal import Outgoing


async def tell_aside(
    answers: Sequence[Answer], outcome: FeedbackOutcome, conn: AsyncConnection, policy: Policy
) -> None:
    """Of those to referrals of their own office. Once an answer is replayed, what became of it is said as of any."""
    found = await store.find_offices_of(conn, (answer.feedback.referral_id for answer in answers))
    said = []
    for answer in answers:
        feedback = answer.feedback
        case_id, office = found.get(feedback.referral_id, (None, ""))
        if case_id is None or office != answer.sender:
            continue
        event = FeedbackReceived(
            case_id=case_id,
            referral_id=feedback.referral_id,
            feedback_id=feedback.feedback_id,
            sender=answer.sender,
            action=feedback.action,
            outcome=outcome,
            received_at=answer.received_at,
        )
        said.append(Outgoing(event=event, at=answer.received_at, copies=copies_of(event, policy)))
    await journal.add(conn, SERVICE, said)
