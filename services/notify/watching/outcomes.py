"""SQL of the facts behind the figures: read for a batch, written back as far as they changed."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import Field, ReferralRole, Sending
from contracts.events import CaseBound
from contracts.events.clocks import clocks_in
from contracts.events.referrals import ReferralEvent
from libraries.runtime.database.bulk import among, insert_rows
from services.notify.domain.outcomes import CaseOutcome, LeadOutcome, Outcomes, ReferralOutcome, Rounds, changed
from services.notify.tables import case_outcomes, referral_outcomes

REFERRAL_COLUMNS: Final = tuple(ReferralOutcome.__slots__)
CASE_COLUMNS: Final = tuple(CaseOutcome.__slots__)
LEAD_COLUMNS: Final = tuple(LeadOutcome.__slots__)
_PLACED: Final = ("area", "category", "field")


async def lock_outcomes(conn: AsyncConnection, events: Iterable[CaseBound]) -> Outcomes:
    """All rounds of the referrals and cases of which the events speak."""
    known = list(events)
    cases = {event.case_id for event in known}
    referrals = {event.referral_id for event in known if isinstance(event, ReferralEvent)}
    # A stop names no referral: it travels in the event of its own.
    facts = (clock for event in known for clock in clocks_in(event))
    referrals |= {id_ for clock in facts if (id_ := getattr(clock, "referral_id", None)) is not None}
    found = Outcomes()
    if referrals:
        key = (referral_outcomes.c.referral_id, referral_outcomes.c.round)
        statement = select(referral_outcomes).where(among(key[0], referrals)).order_by(*key).with_for_update()
        for row in (await conn.execute(statement)).mappings():
            found.referrals.setdefault(row["referral_id"], {})[row["round"]] = _referral(row)
    if cases:
        key = (case_outcomes.c.case_id, case_outcomes.c.round)
        statement = select(case_outcomes).where(among(key[0], cases)).order_by(*key).with_for_update()
        for row in (await conn.execute(statement)).mappings():
            if row["heard"]:
                found.cases.setdefault(row["case_id"], {})[row["round"]] = CaseOutcome(**_values(row, CASE_COLUMNS))
            if row["office"] is not None:
                found.leads.setdefault(row["case_id"], {})[row["round"]] = LeadOutcome(**_values(row, LEAD_COLUMNS))
    return found


def copied(outcomes: Outcomes) -> Outcomes:
    """To be written in, while the other stays as it was read."""
    return Outcomes(referrals=_copy(outcomes.referrals), cases=_copy(outcomes.cases), leads=_copy(outcomes.leads))


def _copy(rounds: Rounds[Any]) -> Rounds[Any]:
    return {key: dict(found) for key, found in rounds.items()}


async def save_outcomes(conn: AsyncConnection, before: Outcomes, now: Outcomes) -> None:
    """The window's words and the leads' stand in one row: each writes its own columns alone."""
    referrals = sorted(changed(before.referrals, now.referrals), key=lambda one: (one.referral_id, one.round))
    await insert_rows(
        conn,
        referral_outcomes,
        REFERRAL_COLUMNS,
        [_row(one, REFERRAL_COLUMNS) for one in referrals],
        then=_replacing(("referral_id", "round"), REFERRAL_COLUMNS),
    )
    cases = sorted(changed(before.cases, now.cases), key=lambda one: (one.case_id, one.round))
    columns = (*CASE_COLUMNS, "heard")
    await insert_rows(
        conn,
        case_outcomes,
        columns,
        [[*_row(one, CASE_COLUMNS), True] for one in cases],
        then=_replacing(("case_id", "round", *_PLACED), columns),
    )
    leads = sorted(changed(before.leads, now.leads), key=lambda one: (one.case_id, one.round))
    await insert_rows(
        conn,
        case_outcomes,
        LEAD_COLUMNS,
        [_row(one, LEAD_COLUMNS) for one in leads],
        then=_replacing(("case_id", "round"), LEAD_COLUMNS),
    )


def _replacing(kept: tuple[str, ...], columns: tuple[str, ...]) -> str:
    key = ", ".join(f'"{name}"' for name in kept[:2])
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in kept)
    return f"ON CONFLICT ({key}) DO UPDATE SET {changes}"


def _row(one: object, columns: tuple[str, ...]) -> list[Any]:
    return [getattr(one, name) for name in columns]


def _values(row: RowMapping, columns: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in columns} | {"field": Field(row["field"])}


def _referral(row: RowMapping) -> ReferralOutcome:
    values = {name: row[name] for name in REFERRAL_COLUMNS}
    coded = {
        "field": Field(row["field"]),
        "role": ReferralRole(row["role"]),
        "sent_as": Sending(row["sent_as"]),
    }
    return ReferralOutcome(**values | coded)
