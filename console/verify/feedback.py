"""An answer counts from when it came: never before it was asked for, and never before one that lies in front of it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

from console.verify.registry import check
from console.verify.snapshot import AnswerRow, Fault, Snapshot
from console.verify.timelines import decoded
from contracts.events.referrals import ReferralDispatched, ReferralEvent


@check("no answer counts from before its referral was sent")
def not_backdated(snapshot: Snapshot) -> Iterator[Fault | None]:
    for (service, case_id), rows in snapshot.journal_of.items():
        if service != "routing":
            continue
        sent: dict[UUID, datetime] = {}
        for row in rows:
            event = decoded(row)
            if isinstance(event, ReferralDispatched):
                sent[event.referral_id] = event.at
            elif isinstance(event, ReferralEvent) and event.feedback_id is not None and event.referral_id in sent:
                early = event.at < sent[event.referral_id]
                detail = f"sent at {sent[event.referral_id]}, answered at {event.at}"
                ids = {"referral_id": str(event.referral_id), "office": event.office}
                yield Fault(detail=detail, case_id=case_id, ids=ids) if early else None


@check("no answer counts from before one that lies in front of it on its office's topic")
def in_order_of_the_topic(snapshot: Snapshot) -> Iterator[Fault | None]:
    of_office: dict[str, list[AnswerRow]] = defaultdict(list)
    for answer in snapshot.answers:
        of_office[answer.office].append(answer)
    for answers in of_office.values():
        place, moment = -1, datetime.min.replace(tzinfo=UTC)
        for answer in sorted(answers, key=lambda one: one.id):
            if answer.offset is None:
                continue
            if answer.offset > place:
                early = answer.received_at < moment - snapshot.tolerance if place >= 0 else False
                detail = f"place {answer.offset} counts from {answer.received_at}, place {place} from {moment}"
                yield Fault(detail=detail, case_id=answer.case_id, ids={"office": answer.office}) if early else None
            # One that was set aside comes after those behind it, and on a new broker places begin again.
            if answer.offset > place or answer.received_at > moment:
                place, moment = answer.offset, answer.received_at
