"""A clock as it is written down: additive, so that what an older version wrote is still read."""

from datetime import datetime, time
from functools import lru_cache
from uuid import UUID

import msgspec

from contracts.clocks import LimitBasis
from contracts.codes import ClockKind, ClockStatus
from libraries.clocks.approvals import Grant
from libraries.clocks.clock import AnnouncedDates, LegalClock, Terms
from libraries.deadlines import CountingRules, Limit, Pause


class PackedClock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A clock as it is written down."""

    id: UUID
    kind: ClockKind
    office: str
    area: str
    limit: str
    roll: bool = True
    closes: time | None = None
    share: float
    warnings: tuple[str, ...] = ()
    basis: LimitBasis
    started_at: datetime
    referral_id: UUID | None = None
    round: int = 1
    version: int = 1
    status: ClockStatus = ClockStatus.RUNNING
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    stopped_at: datetime | None = None
    latest: datetime | None = None
    continues: UUID | None = None
    announced_dates: AnnouncedDates | None = msgspec.field(default=None, name="told")


def pack(clock: LegalClock) -> PackedClock:
    return PackedClock(
        id=clock.id,
        kind=clock.kind,
        office=clock.office,
        area=clock.area,
        limit=str(clock.terms.limit),
        roll=clock.terms.rules.roll_last_day,
        closes=clock.terms.rules.close_of_business,
        share=clock.terms.due_soon_share,
        warnings=clock.terms.warnings,
        basis=clock.terms.basis,
        started_at=clock.started_at,
        referral_id=clock.referral_id,
        round=clock.round,
        version=clock.version,
        status=clock.status,
        pauses=clock.pauses,
        extensions=tuple(map(str, clock.extensions)),
        grants=clock.grants,
        stopped_at=clock.stopped_at,
        latest=clock.latest,
        continues=clock.continues,
        announced_dates=clock.announced_dates,
    )


def unpack(packed: PackedClock) -> LegalClock:
    return LegalClock(
        id=packed.id,
        kind=packed.kind,
        office=packed.office,
        area=packed.area,
        terms=Terms(
            limit=_limit(packed.limit),
            rules=CountingRules(roll_last_day=packed.roll, close_of_business=packed.closes),
            due_soon_share=packed.share,
            basis=packed.basis,
            warnings=packed.warnings,
        ),
        started_at=packed.started_at,
        referral_id=packed.referral_id,
        round=packed.round,
        version=packed.version,
        status=packed.status,
        pauses=packed.pauses,
        extensions=tuple(map(_limit, packed.extensions)),
        grants=packed.grants,
        stopped_at=packed.stopped_at,
        latest=packed.latest,
        continues=packed.continues,
        announced_dates=packed.announced_dates,
    )


@lru_cache(maxsize=1024)
def _limit(text: str) -> Limit:
    """Few texts stand in many clocks."""
    return Limit.parse(text)
