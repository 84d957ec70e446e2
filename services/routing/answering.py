"""Answers of offices over HTTP, one or many in a transaction: each about a case of its own, with its own outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.datastructures import State
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.codes import FeedbackOutcome
from contracts.refusals import Refused
from libraries.policies import Policy
from libraries.runtime.audit.doers import Doer
from libraries.runtime.database.held import Held
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Principal
from libraries.runtime.web.preconditions import is_stale, last_seen, stale
from libraries.runtime.web.sharing import BUSY, Busy, Shared
from services.routing import store
from services.routing.domain.feedback import ReceivedFeedback
from services.routing.domain.referral import Referral, Routing
from services.routing.feedback import FeedbackResult, handle_feedback, used_before, was_taken
from services.routing.handlers import Router
from services.routing.store import Owned
from services.routing.translate import moment_of, version_of

Call = Request[Principal, Any, State]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An answer, and the request that brings it."""

    request: Call
    answer: ReceivedFeedback
    doer: Doer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of it; the case is as the answer left it."""

    routing: Routing
    policy: Policy
    refused: Refused | None = None
    version: str | None = None
    """Of the referral, unless it was refused for another reason than having changed."""
    on_record: bool = False


Outcome = Answered | Rejected | Busy


@dataclass(slots=True, kw_only=True)
class Answering:
    """Of one process."""

    engine: AsyncEngine
    router: Router
    group: Shared[Asked, Answered] = field(init=False)

    def __post_init__(self) -> None:
        self.group = Shared(self.engine, self._answer)

    async def _answer(
        self, conn: AsyncConnection, asked: Sequence[Asked], held: Held
    ) -> list[Answered | Rejected | Busy]:
        """The second answer about a case is `BUSY`, as the first is not committed yet; so is one by another policy."""
        context = self.router.context(asked[0].answer.received_at)
        owned = await store.find_owned(conn, {one.answer.feedback.referral_id for one in asked})
        cases = _cases_of(asked, owned)
        routings = await store.lock_routings(conn, cases.values(), held)
        outcomes: dict[int, Outcome] = {}
        taken: dict[int, ReceivedFeedback] = {}
        done = set()
        for place, one in enumerate(asked):
            answer, known = one.answer, owned.get(one.answer.feedback.referral_id)
            if known is None or not _is_own(one, known):
                outcomes[place] = Rejected("not_found")
            elif known.case_id in done or known.case_id not in routings or not self._in_force(answer, context.policy):
                outcomes[place] = BUSY
            elif refused := await _stale(conn, one, routings[known.case_id], context.policy):
                outcomes[place] = refused
            else:
                taken[place] = answer
                done.add(known.case_id)
        answers, doers = list(taken.values()), [asked[place].doer for place in taken]
        results = await handle_feedback(answers, cases, conn, context, self.router.sealer, before=routings, doers=doers)
        for (place, answer), result in zip(taken.items(), results, strict=True):
            outcomes[place] = await _answered(conn, answer, result, context.policy)
        return [outcomes[place] for place in range(len(asked))]

    def _in_force(self, answer: ReceivedFeedback, policy: Policy) -> bool:
        return self.router.context(answer.received_at).policy.version == policy.version


def _cases_of(asked: Sequence[Asked], owned: Mapping[UUID, Owned]) -> dict[UUID, UUID]:
    """By referral, of those who ask about their own: a stranger locks nothing."""
    ids = [one.answer.feedback.referral_id for one in asked]
    known = [(one, owned[referral_id]) for one, referral_id in zip(asked, ids, strict=True) if referral_id in owned]
    return {mine.referral_id: mine.case_id for one, mine in known if _is_own(one, mine)}


def _is_own(one: Asked, known: Owned) -> bool:
    user = one.request.user
    return user.speaks_for(known.office) and user.referral in {None, known.referral_id}


async def _stale(conn: AsyncConnection, one: Asked, routing: Routing, policy: Policy) -> Answered | None:
    """The refusal, if the caller has seen another version, and it was not this very answer that made it."""
    referral = routing.referral(one.answer.feedback.referral_id)
    if not is_stale(one.request, version_of(referral)) or await was_taken(one.answer, conn):
        return None
    refused = await stale_since(conn, one.request, referral)
    return Answered(routing=routing, policy=policy, refused=refused, version=version_of(referral))


async def stale_since(conn: AsyncConnection, request: Call, referral: Referral) -> Refused:
    since = moment_of(last_seen(request))
    changed = await store.list_done_since(conn, referral.id, since) if since is not None else []
    return stale(changed or [referral.state.value])


async def _answered(
    conn: AsyncConnection, answer: ReceivedFeedback, result: FeedbackResult, policy: Policy
) -> Answered:
    repeated = result.outcome is FeedbackOutcome.REPEATED
    refused = await used_before(answer, conn, policy) if repeated else result.refused
    version = version_of(result.routing.referral(answer.feedback.referral_id)) if refused is None else None
    return Answered(routing=result.routing, policy=policy, refused=refused, version=version, on_record=True)
