"""What the figures of the trade mean: each defined once, as data. SQL, the reference page and headings follow these."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from contracts.codes import Exclusion, Figure


class Subject(Enum):
    """What is counted, once in each round."""

    REFERRAL = "referral"
    CASE = "case"


class Moment(Enum):
    """When something belongs to a period."""

    SENT = "sent"
    ENDED_OR_DUE = "ended_or_due"
    ENDED = "ended"
    SETTLED = "settled"

    @property
    def zh(self) -> str:
        return _MOMENTS[self][0]

    @property
    def en(self) -> str:
        return _MOMENTS[self][1]


_MOMENTS: Final = {
    Moment.SENT: ("派单时间", "when it was dispatched"),
    Moment.ENDED_OR_DUE: ("办结时间；未办结的为到期时间", "when it ended; of what is open, when it is due"),
    Moment.ENDED: ("办结时间", "when it ended"),
    Moment.SETTLED: (
        "结案、重办、终止或者撤回时间；尚未回访的为办结时间",
        "when it was closed, reopened, terminated or withdrawn; before the callback, when it was resolved",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A figure is `numerator / denominator`; what is excluded is in neither, and is counted by its first reason."""

    figure: Figure
    subject: Subject
    moment: Moment
    numerator_zh: str
    numerator_en: str
    denominator_zh: str
    denominator_en: str
    exclusions: tuple[Exclusion, ...]
    """In the order in which they are asked: the first that holds is the reason."""
    more_is_better: bool = True
    is_average: bool = False
    """A number of times, not a share."""


NOT_JUDGED: Final = (Exclusion.COPY, Exclusion.CHECK, Exclusion.WITHDRAWN, Exclusion.MERGED, Exclusion.TAKEN_BACK)
"""Referrals by which no office is judged."""
TIMED: Final = (
    Exclusion.COPY,
    Exclusion.CHECK,
    Exclusion.CONSULTATION,
    Exclusion.WITHDRAWN,
    Exclusion.MERGED,
    Exclusion.WRONG_OFFICE,
    Exclusion.TAKEN_BACK,
    Exclusion.NO_LIMIT,
    Exclusion.CAME_LATE,
)
"""And what has no time of its own, or none that was the office's."""
OVER: Final = (Exclusion.WITHDRAWN, Exclusion.MERGED, Exclusion.CALLBACK_OPEN)

DEFINITIONS: Final[Mapping[Figure, Definition]] = MappingProxyType(
    {
        one.figure: one
        for one in (
            Definition(
                figure=Figure.DISPATCH_ACCURACY,
                subject=Subject.REFERRAL,
                moment=Moment.SENT,
                numerator_zh="既未退件、也未改派或者移送的转办件",
                numerator_en="referrals that were neither returned nor reassigned nor transferred",
                denominator_zh="首轮派单的转办件，已接收或者已有结果",
                denominator_en="referrals dispatched in the first round that were taken, or of which it is known",
                exclusions=(
                    *NOT_JUDGED,
                    Exclusion.CHOSEN_BY_LEAD,
                    Exclusion.LATER_ROUND,
                    Exclusion.RETURN_PENDING,
                    Exclusion.NOT_TAKEN_YET,
                ),
            ),
            Definition(
                figure=Figure.RETURN_RATE,
                subject=Subject.REFERRAL,
                moment=Moment.SENT,
                numerator_zh="申请过退件的转办件",
                numerator_en="referrals that the office asked to return",
                denominator_zh="首轮的转办件",
                denominator_en="referrals of the first round",
                exclusions=(*NOT_JUDGED, Exclusion.LATER_ROUND),
                more_is_better=False,
            ),
            Definition(
                figure=Figure.SENDINGS,
                subject=Subject.CASE,
                moment=Moment.SETTLED,
                numerator_zh="主办派单次数，重办计一次",
                numerator_en="times that a lead was sent the case; a rework counts as one",
                denominator_zh="已结案、重办或者终止的轮次",
                denominator_en="rounds of cases that were closed, reopened or terminated",
                exclusions=(*OVER, Exclusion.NEVER_SENT),
                more_is_better=False,
                is_average=True,
            ),
            Definition(
                figure=Figure.SIGNED_IN_TIME,
                subject=Subject.REFERRAL,
                moment=Moment.SENT,
                numerator_zh="在签收时限内由单位自己签收、接收或者申请退件的转办件；视为接收不算",
                numerator_en="referrals that the office itself signed, took or asked to return within the signing"
                " limit; silence does not count",
                denominator_zh="有签收时限，且已签收或者时限已过的转办件",
                denominator_en="referrals with a signing limit that were signed or whose limit has passed",
                exclusions=(*NOT_JUDGED, Exclusion.NO_LIMIT, Exclusion.OPEN_IN_TIME),
            ),
            Definition(
                figure=Figure.ENDED_IN_TIME,
                subject=Subject.REFERRAL,
                moment=Moment.ENDED_OR_DUE,
                numerator_zh="在办理时限内办结的转办件",
                numerator_en="referrals that were completed within their time",
                denominator_zh="已办结的转办件，和未办结而已经超期的转办件",
                denominator_en="referrals that were completed, and those that are open and late",
                exclusions=(*TIMED, Exclusion.FAILED, Exclusion.ON_HOLD, Exclusion.OPEN_IN_TIME),
            ),
            Definition(
                figure=Figure.DONE_AT_ONCE,
                subject=Subject.CASE,
                moment=Moment.SETTLED,
                numerator_zh="首轮结案、只派单一次、没有退件的事项",
                numerator_en="cases that were closed in the first round, sent once and never returned",
                denominator_zh="首轮已结案、重办或者终止的事项",
                denominator_en="cases whose first round was closed, reopened or terminated",
                exclusions=(*OVER, Exclusion.NEVER_SENT, Exclusion.LATER_ROUND),
            ),
            Definition(
                figure=Figure.EXTENSION_RATE,
                subject=Subject.REFERRAL,
                moment=Moment.ENDED,
                numerator_zh="批准过延期的转办件",
                numerator_en="referrals that were given more time at least once",
                denominator_zh="已办结或者答复无法办理的转办件",
                denominator_en="referrals that were completed or could not be done",
                exclusions=(Exclusion.COPY, Exclusion.CHECK, Exclusion.CONSULTATION, Exclusion.NO_LIMIT),
                more_is_better=False,
            ),
            Definition(
                figure=Figure.REWORK_RATE,
                subject=Subject.CASE,
                moment=Moment.SETTLED,
                numerator_zh="退回重办的轮次",
                numerator_en="rounds after which the case was reopened",
                denominator_zh="已结案、重办或者终止的轮次",
                denominator_en="rounds of cases that were closed, reopened or terminated",
                exclusions=(*OVER, Exclusion.NEVER_SENT),
                more_is_better=False,
            ),
            Definition(
                figure=Figure.RESPONSE_RATE,
                subject=Subject.REFERRAL,
                moment=Moment.SENT,
                numerator_zh="在办理时限内有实质答复的转办件：阶段反馈、办结、无法办理、暂停、申请延期或者退件",
                numerator_en="referrals on which the office said something of substance within its time: progress, an"
                " end, a hold, a request for more time or to return it",
                denominator_zh="有办理时限，且已有答复或者时限已过的转办件",
                denominator_en="referrals with a limit that were answered or whose limit has passed",
                exclusions=(
                    *NOT_JUDGED,
                    Exclusion.CONSULTATION,
                    Exclusion.NO_LIMIT,
                    Exclusion.CAME_LATE,
                    Exclusion.ON_HOLD,
                    Exclusion.OPEN_IN_TIME,
                ),
            ),
            Definition(
                figure=Figure.RESOLUTION_RATE,
                subject=Subject.CASE,
                moment=Moment.SETTLED,
                numerator_zh="结案而未重办的轮次",
                numerator_en="rounds that ended with the case closed, and not reopened",
                denominator_zh="已结案、重办或者终止的轮次",
                denominator_en="rounds of cases that were closed, reopened or terminated",
                exclusions=(*OVER, Exclusion.NEVER_SENT),
            ),
            Definition(
                figure=Figure.SATISFACTION_RATE,
                subject=Subject.CASE,
                moment=Moment.SETTLED,
                numerator_zh="申请人表示满意的轮次",
                numerator_en="rounds with which the applicant was content",
                denominator_zh="申请人作出评价的轮次；重办即不满意",
                denominator_en="rounds of which the applicant gave an opinion; a case that is reopened is a no",
                exclusions=(*OVER, Exclusion.NEVER_SENT, Exclusion.NOT_ASKED),
            ),
        )
    }
)
