"""All refusals by their code. To add one: a row in the file of its subject, then `make contracts`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from contracts.refusals import attachments, fields, ledgers, referrals, requests, reviews, taking_over
from contracts.refusals.row import Refusal

REFUSALS: Final[Mapping[str, Refusal]] = MappingProxyType(
    {
        row.code: row
        for row in (
            *requests.REQUESTS,
            *reviews.REVIEWS,
            *attachments.ATTACHMENTS,
            *taking_over.TAKING_OVER,
            *referrals.REFERRALS,
            *fields.FIELDS,
            *ledgers.LEDGERS,
        )
    }
)
