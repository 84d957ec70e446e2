"""Answers that are none: no JSON, no action, no referral of the office that wrote them. Each is told to its sender.

Nothing of them is kept but what is told: the record itself lies on the office's own topic, and was wrong for good.
"""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID
from zlib import crc32

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import FeedbackOutcome
from contracts.events.referrals import FeedbackReceived
from contracts.events.rejections import FeedbackRejected
from contracts.refusals import field_errors
from contracts.topics import OFFICE_REFERRALS
from libraries.policies import Policy
from libraries.policies.moving import had
from libraries.runtime import metrics
from libraries.runtime.kafka import inbox
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from services.routing.domain.feedback import FOREIGN, ReceivedFeedback
from services.routing.domain.feedback_body import Misread
from services.routing.publishing import SERVICE
from services.routing.store import Owned
from services.routing.translate import copies_of, hears_by_kafka

log = structlog.get_logger()


def referral_ids(received: Sequence[ReceivedFeedback | Misread]) -> Iterator[UUID]:
    for one in received:
        referral_id = _about(one)
        if referral_id is not None:
            yield referral_id


def apart(
    received: Sequence[ReceivedFeedback | Misread], owned: Mapping[UUID, Owned], policy: Policy
) -> tuple[list[ReceivedFeedback], list[Misread]]:
    """Answers to a referral of their sender, and everything else."""
    answers, nonsense = [], []
    for one in received:
        if isinstance(one, Misread):
            nonsense.append(one)
        elif own(one, owned, policy) is not None:
            answers.append(one)
        elif one.record is not None:
            nonsense.append(
                Misread(
                    sender=one.sender,
                    received_at=one.received_at,
                    record=one.record,
                    content=crc32(msgspec.json.encode(one.feedback)),
                    faults=(FOREIGN,),
                    feedback_id=one.feedback.feedback_id,
                    referral_id=one.feedback.referral_id,
                    action=one.feedback.action,
                    trace=one.trace,
                )
            )
    return answers, nonsense


async def refuse(
    nonsense: Sequence[Misread], owned: Mapping[UUID, Owned], conn: AsyncConnection, policy: Policy
) -> None:
    """Say of each once what is wrong with it. The caller holds the cases that they belong to."""
    fresh = await inbox.fresh(conn, [_key(one) for one in nonsense])
    told = []
    for one in nonsense:
        # Not under its own id: that stays free for the answer that was meant.
        if _key(one) not in fresh:
            continue
        metrics.REFUSED.labels(one.sender, one.faults[0].code).inc()
        known = own(one, owned, policy)
        if known is not None:
            event = _received(one, known)
            copies = copies_of(event, policy)
            told.append(Outgoing(event=event, at=one.received_at, copies=copies, trace=one.trace))
        elif hears_by_kafka(one.sender, policy):
            topic = OFFICE_REFERRALS.named(one.sender)
            rejected = _rejected(one)
            told.append(Outgoing(event=rejected, at=one.received_at, key=one.sender, topic=topic, trace=one.trace))
        else:
            log.warning("answer refused, its office has no topic to hear it on", topic=one.record.topic)
    await journal.add(conn, SERVICE, told)


def _received(one: Misread, known: Owned) -> FeedbackReceived:
    """Of a referral of the sender: part of the timeline of its case, so that nobody waits for this answer any more."""
    return FeedbackReceived(
        case_id=known.case_id,
        referral_id=known.referral_id,
        feedback_id=one.feedback_id,
        sender=one.sender,
        action=one.action,
        outcome=FeedbackOutcome.REFUSED,
        received_at=one.received_at,
        code="invalid_feedback",
        faults=field_errors(one.faults),
        record=one.record,
        by=one.by,
    )


def _rejected(one: Misread) -> FeedbackRejected:
    return FeedbackRejected(
        office=one.sender,
        feedback_id=one.feedback_id,
        referral_id=one.referral_id,
        record=one.record,
        faults=field_errors(one.faults),
        rejected_at=one.received_at,
    )


def own(one: ReceivedFeedback | Misread, owned: Mapping[UUID, Owned], policy: Policy) -> Owned | None:
    """The referral of its sender that it is about, or of whoever has the sender's work today."""
    referral_id = _about(one)
    known = owned.get(referral_id) if referral_id is not None else None
    if known is None or policy.same_office(one.sender, known.office):
        return known
    # What somebody has sent to the heir by hand was never at an office from which the area moved away.
    moved = any(had(policy, office, known.area, heir=known.office) for office in known.sent_to)
    mine = moved and had(policy, one.sender, known.area, heir=known.office, at=one.received_at)
    return known if mine else None


def _about(one: ReceivedFeedback | Misread) -> UUID | None:
    return one.referral_id if isinstance(one, Misread) else one.feedback.referral_id


def _key(one: Misread) -> str:
    """The record itself, with what it says: a broker that was lost counts its offsets from the beginning."""
    place = one.record
    return f"{place.topic}/{place.partition}/{place.offset}/{one.content}"
