"""Spans that no clock measures: how late a pause may be reported, and how long a case may be opened again."""

from dataclasses import dataclass

from contracts.codes import Confidence
from libraries.deadlines import Limit, Unit

THREE_DAYS = Limit(3, Unit.WORKING_DAY)
FIFTEEN_DAYS = Limit(15, Unit.WORKING_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateReports:
    """How many working days of an office may lie between a hold or resumption and its report."""

    within: Limit = THREE_DAYS
    source: str = "产品默认值 | product default"
    article: str = ""
    statutory: bool = False
    confidence: Confidence = Confidence.U


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening:
    """How long the applicant may have a case opened again; the later of two ends counts."""

    within: Limit = FIFTEEN_DAYS
    """From when it was resolved."""
    after_callback: Limit = THREE_DAYS
    """From the first call-back that reached the applicant."""
    source: str = "产品默认值 | product default"
    article: str = ""
    statutory: bool = False
    confidence: Confidence = Confidence.U
