"""Takes the answers of offices, one or hundreds in a transaction: HTTP and Kafka come to the same function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import FeedbackAction, FeedbackOutcome
from contracts.refusals import Refused
from contracts.submissions import Feedback
from libraries.policies import Policy
from libraries.runtime.audit.doers import Doer
from libraries.runtime.encryption import Sealer
from libraries.runtime.kafka import inbox
from services.routing import store
from services.routing.consents import with_consents
from services.routing.domain.checks import keeps_text
from services.routing.domain.feedback import ReceivedFeedback, not_before_dispatch, received, take
from services.routing.domain.referral import Change, Routing
from services.routing.domain.timing import Context
from services.routing.publishing import record
from services.routing.store import SavedFeedback

REQUEST_CHECK: Final = FeedbackAction.REQUEST_CHECK


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackResult:
    """What became of an answer, and the routing after it."""

    outcome: FeedbackOutcome
    routing: Routing
    refused: Refused | None = None


async def handle_feedback(
    answers: Sequence[ReceivedFeedback],
    cases: Mapping[UUID, UUID],
    conn: AsyncConnection,
    context: Context,
    sealer: Sealer,
    *,
    before: Mapping[UUID, Routing] | None = None,
    doers: Sequence[Doer | None] = (),
) -> list[FeedbackResult]:
    """One outcome per answer, in order. Each is about a referral of its sender, and `cases` knows the case of that.

    `before` are these cases, where the caller has locked them already; `doers` who gives each answer, where it is not
    whoever is at work.
    """
    if not answers:
        return []
    if before is None:
        before = await store.lock_routings(conn, {cases[answer.feedback.referral_id] for answer in answers})
    asking = {cases[one.feedback.referral_id] for one in answers if one.feedback.action is REQUEST_CHECK}
    if asking:
        before = {**before, **await with_consents(conn, {case_id: before[case_id] for case_id in asking})}
    fresh = await inbox.fresh(conn, [_key(answer) for answer in answers])
    texts = {cases[answer.feedback.referral_id] for answer in answers if answer.feedback.text}
    keys = await store.claim_keys(conn, {case_id: sealer.new_data_key() for case_id in sorted(texts)})
    now, changes, taken, saved = dict(before), [], [], []
    for came in answers:
        answer = not_before_dispatch(came, now[cases[came.feedback.referral_id]])
        case_id = cases[answer.feedback.referral_id]
        repeated = _key(answer) not in fresh
        fresh.discard(_key(answer))
        change, refused = _take(now[case_id], answer, context, repeated=repeated)
        now[case_id] = change.routing
        changes.append(change)
        outcome = FeedbackOutcome.REPEATED if repeated else FeedbackOutcome.APPLIED
        outcome = FeedbackOutcome.REFUSED if refused is not None else outcome
        taken.append(FeedbackResult(outcome=outcome, routing=change.routing, refused=refused))
        if not repeated:
            sealed = None
            about = now[case_id].referral(answer.feedback.referral_id)
            kept = keeps_text(answer.feedback.action, about, refused=refused is not None)
            if answer.feedback.text and keys[case_id] and kept:
                sealed = sealer.seal(keys[case_id], answer.feedback.text.encode(), _context(case_id, answer))
            saved.append(_saved(case_id, answer, outcome, refused, sealed, context.policy))
    await record(conn, before, changes, context.policy, traces=[came.trace for came in answers], doers=doers)
    await store.save_feedback(conn, saved)
    return taken


async def was_taken(answer: ReceivedFeedback, conn: AsyncConnection) -> bool:
    """Whether this sender's answer of this id came before: what changed since then is this answer itself."""
    return await _find_first(answer, conn) is not None


async def used_before(answer: ReceivedFeedback, conn: AsyncConnection, policy: Policy) -> Refused | None:
    """Of an answer whose id came before: a refusal, unless it is the same answer and that one was taken."""
    feedback = answer.feedback
    first = await _find_first(answer, conn)
    if first is None:
        return Refused(code="feedback_id_used", facts={"outcome": FeedbackOutcome.APPLIED})
    said = (first.action, first.reason, first.occurred_at)
    says = (feedback.action.value, _known_reason(feedback, policy), feedback.occurred_at)
    if first.outcome == FeedbackOutcome.APPLIED and said == says:
        return None
    return Refused(code="feedback_id_used", facts={"outcome": FeedbackOutcome(first.outcome)})


async def _find_first(answer: ReceivedFeedback, conn: AsyncConnection) -> SavedFeedback | None:
    """What is kept of the answer by which this sender has used the id."""
    mine = (answer.sender, answer.feedback.feedback_id)
    known = await store.list_feedback(conn, answer.feedback.referral_id)
    return next((one for one in known if (one.sender, one.feedback_id) == mine), None)


def _known_reason(feedback: Feedback, policy: Policy) -> str:
    """An answer that was refused may hold anything there."""
    return feedback.reason if feedback.reason in policy.reasons else ""


def _take(
    routing: Routing, answer: ReceivedFeedback, context: Context, *, repeated: bool
) -> tuple[Change, Refused | None]:
    if repeated:
        said = received(routing, answer, FeedbackOutcome.REPEATED)
        return Change(routing=routing, at=answer.received_at, by=answer.by).emit(said), None
    return take(routing, answer, context)


def _key(answer: ReceivedFeedback) -> str:
    return f"{answer.sender}/{answer.feedback.feedback_id}"


def _context(case_id: UUID, answer: ReceivedFeedback) -> str:
    return f"{case_id}/{answer.sender}/{answer.feedback.feedback_id}"


def opened(one: SavedFeedback, key: bytes, sealer: Sealer) -> str:
    """Its text; empty where nothing was written, or where it was erased."""
    if not one.sealed_text or not key:
        return ""
    return sealer.open(key, one.sealed_text, f"{one.case_id}/{one.sender}/{one.feedback_id}").decode()


def _saved(
    case_id: UUID,
    answer: ReceivedFeedback,
    outcome: FeedbackOutcome,
    refused: Refused | None,
    sealed: bytes | None,
    policy: Policy,
) -> SavedFeedback:
    feedback = answer.feedback
    return SavedFeedback(
        case_id=case_id,
        referral_id=feedback.referral_id,
        feedback_id=feedback.feedback_id,
        sender=answer.sender,
        action=feedback.action.value,
        reason=_known_reason(feedback, policy),
        outcome=outcome.value,
        code=refused.code if refused is not None else None,
        occurred_at=feedback.occurred_at,
        received_at=answer.received_at,
        sealed_text=sealed,
        door=answer.door.value,
        post=answer.post,
        subject=answer.subject,
        record_offset=answer.record.offset if answer.record is not None else None,
    )
