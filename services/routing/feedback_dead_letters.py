"""Answers that had to be set aside, or were given up: whoever waits for what becomes of them hears of it."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import FeedbackOutcome
from contracts.events.base import BY_OPERATOR
from contracts.events.referrals import FeedbackReceived
from libraries.policies import Policy
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from services.routing import store
from services.routing.domain.feedback import ReceivedFeedback
from services.routing.domain.feedback_body import Misread
from services.routing.feedback_refusals import own, referral_ids
from services.routing.publishing import SERVICE
from services.routing.translate import copies_of


async def report_dead_letters(
    received: Sequence[ReceivedFeedback | Misread], outcome: FeedbackOutcome, conn: AsyncConnection, policy: Policy
) -> None:
    """Of those to referrals of their own office. Once an answer is replayed, what became of it is said as of any."""
    owned = await store.find_owned(conn, referral_ids(received))
    said = []
    for one in received:
        known = own(one, owned, policy)
        if known is None:
            continue
        named = one.feedback if isinstance(one, ReceivedFeedback) else one
        event = FeedbackReceived(
            case_id=known.case_id,
            referral_id=known.referral_id,
            feedback_id=named.feedback_id,
            sender=one.sender,
            action=named.action,
            outcome=outcome,
            received_at=one.received_at,
            by=BY_OPERATOR if outcome is FeedbackOutcome.DROPPED else one.by,
        )
        copies = copies_of(event, policy)
        said.append(Outgoing(event=event, at=one.received_at, copies=copies, trace=one.trace))
    await journal.add(conn, SERVICE, said)
