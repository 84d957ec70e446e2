"""Registers submissions, one or hundreds in a transaction: HTTP and Kafka come to the same function."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.documents import DocumentKind
from contracts.refusals import Fault, Refused
from contracts.submissions import Submission
from contracts.tracing import Trace
from libraries.ids import new_id
from libraries.policies import Policy
from libraries.runtime.audit.doers import Doer
from libraries.runtime.encryption import Sealer
from libraries.runtime.web.auth import Initiator
from services.intake import store
from services.intake.consents import save_consents
from services.intake.domain import registering
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.numbers import case_number, county_of, day_of
from services.intake.domain.submission import canonical, parse
from services.intake.issuing import Issue, issue
from services.intake.people import save_match_keys
from services.intake.publishing import CaseLog

Body = bytes | Fault
"""A submission as it came, or why there is none to look at."""
NOT_YOUR_SOURCE = Fault("source", "not_your_source")
NO_CONSENT = Fault("consent", "missing")
NOT_YOUR_AREA = Fault("area", "not_your_area")
ERASED = Fault("submission_id", "erased")
CONFLICT = Fault("submission_id", "conflict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The one case of a submission; `repeated` if it was there before."""

    case: Case
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a sender may register, and which cases it may be shown. Over Kafka whoever may write to the topic may."""

    sources: frozenset[str] | None = None
    within: Callable[[str], bool] | None = None
    """Whether an area of the policy is the sender's own."""
    sees: Callable[[Case], bool] | None = None
    acts_for_others: bool = False
    """Says of each matter how the applicant agreed to that."""

    def faults(self, submission: Submission, policy: Policy) -> tuple[Fault, ...]:
        found = []
        if self.sources is not None and submission.source not in self.sources:
            found.append(NOT_YOUR_SOURCE)
        area = policy.area_for(submission.area)
        if self.within is not None and area is not None and not self.within(area.code):
            found.append(NOT_YOUR_AREA)
        if self.acts_for_others and submission.consent is None:
            found.append(NO_CONSENT)
        return tuple(found)


UNBOUND = Bounds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A submission, with who sends it and what of its trace is known."""

    body: Body
    initiator: Initiator
    """Its office was asked first; any window takes any matter for any area (一门受理)."""
    bounds: Bounds = UNBOUND
    trace: Trace | None = None
    doer: Doer | None = None
    """Both where they are not those of the request or the record at hand."""


Outcome = Registered | Refused
Key = tuple[str, str]


async def register(
    sent: Sequence[Sent], conn: AsyncConnection, *, policy: Policy, sealer: Sealer, now: datetime
) -> list[Outcome]:
    """One outcome for each, in order. The same submission twice, here or before, is one case."""
    read = [_read(one, policy, now) for one in sent]
    whole: dict[Key, Submission] = {}
    senders: dict[Key, Sent] = {}
    for found, one in zip(read, sent, strict=True):
        if isinstance(found, Submission):
            whole.setdefault(_key(found), found)
            senders.setdefault(_key(found), one)
    known = await store.find_submitted(conn, list(whole))
    prints = {key: fingerprint(found, sealer) for key, found in whole.items()}
    fresh = {key: found for key, found in whole.items() if key not in known}
    new = await _new_cases(fresh, prints, senders, conn, policy, now)
    # In one order for everybody, so that two who save the same submissions do not wait for each other.
    new.sort(key=lambda change: (change.case.source, change.case.submission_id))
    sealed = [
        (change.case, _sealed(whole[change.case.source, change.case.submission_id], change.case, sealer))
        for change in new
    ]
    saved = await store.save_new(conn, sealed, policy)
    made = {(c.case.source, c.case.submission_id): c.case for c in new if c.case.id in saved}
    agreed = [
        (case.id, consent, senders[key].initiator, senders[key].doer)
        for key, case in made.items()
        if (consent := whole[key].consent) is not None
    ]
    await save_match_keys(conn, {case.id: whole[key].applicant for key, case in made.items()}, sealer)
    await save_consents(conn, agreed, at=now)
    # Another transaction may have saved the same submission since we looked: its commit is visible by now.
    lost = [key for key in whole if key not in known and key not in made]
    known |= await store.find_submitted(conn, lost)
    log = CaseLog(before={case.id: case for case in made.values()})
    kept = [change for change in new if change.case.id in saved]
    for change in kept:
        sender = senders[change.case.source, change.case.submission_id]
        log.add(change, sender.initiator.subject, sender.trace, sender.doer)
    await log.write(conn, policy)
    keys = {case.id: one.wrapped_key for case, one in sealed}
    receipts = [Issue(case=change.case, kind=DocumentKind.RECEIPT, wrapped_key=keys[change.case.id]) for change in kept]
    await issue(conn, receipts, {}, sealer=sealer, policy=policy, at=now)
    seen: set[Key] = set()
    return [_outcome(found, known, made, seen, sealer, one.bounds) for found, one in zip(read, sent, strict=True)]


def fingerprint(submission: Submission, sealer: Sealer) -> bytes:
    """Tells whether a submission came before. Keyed: whoever reads the table cannot try out what he guesses."""
    return sealer.keyed_hash("submission", canonical(submission))


def _read(sent: Sent, policy: Policy, now: datetime) -> Submission | tuple[Fault, ...]:
    if isinstance(sent.body, Fault):
        return (sent.body,)
    found = parse(sent.body, policy, now)
    return found if isinstance(found, tuple) else sent.bounds.faults(found, policy) or found


async def _new_cases(
    fresh: Mapping[Key, Submission],
    prints: Mapping[Key, bytes],
    senders: Mapping[Key, Sent],
    conn: AsyncConnection,
    policy: Policy,
    now: datetime,
) -> list[Change]:
    day = day_of(now, policy.calendar)
    areas = [policy.area_for(submission.area) for submission in fresh.values()]
    places = [(county_of(area.code), day) for area in areas if area is not None]
    wanted = Counter(places)
    last = await store.take_serials(conn, wanted)
    used = Counter[Key]()
    made = []
    for (key, submission), place in zip(fresh.items(), places, strict=True):
        used[place] += 1
        made.append(
            registering.register(
                submission,
                case_id=new_id(),
                number=case_number(*place, last[place] - wanted[place] + used[place]),
                content=prints[key],
                by=senders[key].initiator.actor,
                policy=policy,
                now=now,
            )
        )
    return made


def _sealed(submission: Submission, case: Case, sealer: Sealer) -> store.Sealed:
    wrapped = sealer.new_data_key()
    applicant = msgspec.json.encode(submission.applicant)
    return store.Sealed(
        wrapped_key=wrapped,
        applicant=sealer.seal(wrapped, applicant, f"{case.id}/applicant"),
        summary=sealer.seal(wrapped, submission.summary.encode(), f"{case.id}/summary"),
    )


def _key(submission: Submission) -> Key:
    return submission.source, submission.submission_id


def _outcome(
    found: Submission | tuple[Fault, ...],
    known: dict[Key, Case],
    made: dict[Key, Case],
    seen: set[Key],
    sealer: Sealer,
    bounds: Bounds,
) -> Outcome:
    if not isinstance(found, Submission):
        return Refused.of(*found)
    key = _key(found)
    case = made.get(key) or known[key]
    repeated = key in known or key in seen
    seen.add(key)
    if case.erased:
        return Refused.of(ERASED)
    foreign = repeated and bounds.sees is not None and not bounds.sees(case)
    if foreign or case.fingerprint != fingerprint(found, sealer):
        return Refused.of(CONFLICT)
    return Registered(case=case, repeated=repeated)
