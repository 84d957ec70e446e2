"""Takes the answers of offices, one or hundreds in a transaction: HTTP and Kafka come to the same function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import FeedbackOutcome
from contracts.refusals import Refused
from contracts.submissions import Feedback
from libraries.policies import Policy
from libraries.runtime.encryption import Sealer
from libraries.runtime.kafka import inbox
from libraries.runtime.outbox import journal
from services.routing import store
from services.routing.domain.feedback import Answer, not_before_dispatch, received, take
from services.routing.domain.referral import Change, Routing
from services.routing.domain.timing import Desk
from services.routing.store import SavedAnswer
from services.routing.translate import to_outgoing

SERVICE = "routing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of an answer, and the routing after it."""

    outcome: FeedbackOutcome
    routing: Routing
    refused: Refused | None = None


async def take_answers(
    answers: Sequence[Answer], cases: Mapping[UUID, UUID], conn: AsyncConnection, desk: Desk, sealer: Sealer
) -> list[Taken]:
    """One outcome per answer, in order. Each is about a referral of its sender, and `cases` knows the case of that."""
    if not answers:
        return []
    before = await store.lock_routings(conn, {cases[answer.feedback.referral_id] for answer in answers})
    fresh = await inbox.fresh(conn, [_key(answer) for answer in answers])
    texts = {cases[answer.feedback.referral_id] for answer in answers if answer.feedback.text}
    keys = await store.claim_keys(conn, {case_id: sealer.new_data_key() for case_id in sorted(texts)})
    now, changes, taken, saved = dict(before), [], [], []
    for came in answers:
        answer = not_before_dispatch(came, now[cases[came.feedback.referral_id]])
        case_id = cases[answer.feedback.referral_id]
        repeated = _key(answer) not in fresh
        fresh.discard(_key(answer))
        change, refused = _take(now[case_id], answer, desk, repeated=repeated)
        now[case_id] = change.routing
        changes.append(change)
        outcome = FeedbackOutcome.REPEATED if repeated else FeedbackOutcome.APPLIED
        outcome = FeedbackOutcome.REFUSED if refused is not None else outcome
        taken.append(Taken(outcome=outcome, routing=change.routing, refused=refused))
        if not repeated:
            sealed = None
            if answer.feedback.text and keys[case_id]:
                sealed = sealer.seal(keys[case_id], answer.feedback.text.encode(), _context(case_id, answer))
            saved.append(_saved(case_id, answer, outcome, refused, sealed, desk.policy))
    await store.save_changes(conn, before, latest(changes), desk.policy)
    await store.save_answers(conn, saved)
    said = [to_outgoing([change], desk.policy, trace=came.trace) for came, change in zip(answers, changes, strict=True)]
    await journal.add(conn, SERVICE, list(chain.from_iterable(said)))
    return taken


async def used_before(answer: Answer, conn: AsyncConnection, policy: Policy) -> Refused | None:
    """Of an answer whose id came before: a refusal, unless it is the same answer and that one was taken."""
    feedback = answer.feedback
    known = await store.list_answers(conn, feedback.referral_id)
    mine = (one for one in known if (one.sender, one.feedback_id) == (answer.sender, feedback.feedback_id))
    first = next(mine, None)
    if first is None:
        return Refused(code="feedback_id_used", facts={"outcome": FeedbackOutcome.APPLIED})
    said = (first.action, first.reason, first.occurred_at)
    says = (feedback.action.value, _known_reason(feedback, policy), feedback.occurred_at)
    if first.outcome == FeedbackOutcome.APPLIED and said == says:
        return None
    return Refused(code="feedback_id_used", facts={"outcome": FeedbackOutcome(first.outcome)})


def _known_reason(feedback: Feedback, policy: Policy) -> str:
    """An answer that was refused may hold anything there."""
    return feedback.reason if feedback.reason in policy.reasons else ""


def latest(changes: Sequence[Change]) -> list[Change]:
    """The last state of each case, with all its decisions."""
    found: dict[UUID, Change] = {}
    for change in changes:
        earlier = found.get(change.case_id)
        decisions = (*earlier.decisions, *change.decisions) if earlier is not None else change.decisions
        found[change.case_id] = replace(change, decisions=decisions)
    return list(found.values())


def _take(routing: Routing, answer: Answer, desk: Desk, *, repeated: bool) -> tuple[Change, Refused | None]:
    if repeated:
        said = received(routing, answer, FeedbackOutcome.REPEATED)
        return Change(routing=routing, at=answer.received_at, by=answer.by).says(said), None
    return take(routing, answer, desk)


def _key(answer: Answer) -> str:
    return f"{answer.sender}/{answer.feedback.feedback_id}"


def _context(case_id: UUID, answer: Answer) -> str:
    return f"{case_id}/{answer.sender}/{answer.feedback.feedback_id}"


def _saved(
    case_id: UUID,
    answer: Answer,
    outcome: FeedbackOutcome,
    refused: Refused | None,
    sealed: bytes | None,
    policy: Policy,
) -> SavedAnswer:
    feedback = answer.feedback
    return SavedAnswer(
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
