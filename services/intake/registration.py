"""Registers submissions, one or hundreds in a transaction: HTTP and Kafka come to the same function."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import RejectionCode
from contracts.events import Event
from contracts.events.rejections import SubmissionFault
from contracts.submissions import Submission
from services.intake import store, translate
from services.intake.domain import case as cases
from services.intake.domain.case import Case
from services.intake.domain.numbers import case_number, county_of, day_of
from services.intake.domain.submission import fingerprint, parse
from services.policies import Policy
from services.runtime import journal
from services.runtime.ids import new_id
from services.runtime.journal import Outgoing
from services.runtime.sealing import Sealer

CONFLICT = SubmissionFault(
    field="submission_id", code=RejectionCode.CONFLICT, detail="the id was used before for another content"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The one case of a submission; `repeated` if it was there before."""

    case: Case
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No case came of it."""

    faults: tuple[SubmissionFault, ...]


Outcome = Registered | Refused
Key = tuple[str, str]


async def register(
    bodies: Sequence[bytes],
    conn: AsyncConnection,
    *,
    policy: Policy,
    sealer: Sealer,
    officer: str,
    now: datetime,
) -> list[Outcome]:
    """One outcome per body, in order. The same submission twice, here or before, is one case."""
    read = [parse(body, policy, now) for body in bodies]
    whole: dict[Key, Submission] = {}
    for found in read:
        if isinstance(found, Submission):
            whole.setdefault(_key(found), found)
    known = await store.find_submitted(conn, list(whole))
    new = await _new_cases([whole[key] for key in whole if key not in known], conn, policy, officer, now)
    sealed = [(case, _sealed(whole[case.source, case.submission_id], case, sealer)) for case in new]
    saved = await store.save_new(conn, sealed)
    made = {(case.source, case.submission_id): case for case in new if case.id in saved}
    # Another transaction may have saved the same submission since we looked: its commit is visible by now.
    lost = [key for key in whole if key not in known and key not in made]
    known |= await store.find_submitted(conn, lost)
    await _announce(list(made.values()), conn, policy, now)
    seen: set[Key] = set()
    return [_outcome(found, known, made, seen) for found in read]


async def _new_cases(
    submissions: Sequence[Submission], conn: AsyncConnection, policy: Policy, officer: str, now: datetime
) -> list[Case]:
    day = day_of(now)
    areas = [policy.area(submission.area) for submission in submissions]
    places = [(county_of(area.code), day) for area in areas if area is not None]
    wanted = Counter(places)
    last = await store.take_serials(conn, wanted)
    used = Counter[Key]()
    made = []
    for submission, place in zip(submissions, places, strict=True):
        used[place] += 1
        made.append(
            cases.register(
                submission,
                case_id=new_id(),
                number=case_number(*place, last[place] - wanted[place] + used[place]),
                content=fingerprint(submission),
                officer=officer,
                policy=policy,
                now=now,
            )
        )
    return made


async def _announce(made: Sequence[Case], conn: AsyncConnection, policy: Policy, now: datetime) -> None:
    events: list[Event] = [event for case in made for event in translate.to_events(case, policy)]
    await journal.add(conn, "intake", [Outgoing(event=event, at=now) for event in events])
    await store.save_timeline(
        conn,
        [
            {"case_id": case.id, "at": now, "type": event.TYPE, "data": msgspec.to_builtins(event)}
            for case in made
            for event in translate.to_events(case, policy)
        ],
    )


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
    found: Submission | tuple[SubmissionFault, ...], known: dict[Key, Case], made: dict[Key, Case], seen: set[Key]
) -> Outcome:
    if not isinstance(found, Submission):
        return Refused(faults=found)
    key = _key(found)
    case = made.get(key) or known[key]
    if case.fingerprint != fingerprint(found):
        return Refused(faults=(CONFLICT,))
    repeated = key in known or key in seen
    seen.add(key)
    return Registered(case=case, repeated=repeated)
