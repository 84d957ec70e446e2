"""How offices, windows and applicants behave: by weight, and fixed by the seed and the submission alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Final

from console.demo.hours import at_desk
from contracts.codes import ClockKind, FeedbackAction
from libraries.deadlines import Calendar
from libraries.policies import Category, LimitRow, Policy

SHORT = timedelta(days=3)
"""Where there is no more time than this, people answer at any hour and leave themselves room."""
HOLD_REASONS = ("hearing", "appraisal", "expert_review", "authority_conclusion")
RETURN_REASONS = ("not_competent", "wrong_area", "other_procedure")


class Profile(StrEnum):
    """What kind of office one has met."""

    PROMPT = "prompt"
    PAUSING = "pausing"
    EXTENDING = "extending"
    RETURNING = "returning"
    DEEMED = "deemed"
    LATE = "late"
    SILENT = "silent"
    FAILING = "failing"


LEADS: Final[Mapping[Profile, int]] = MappingProxyType(
    {
        Profile.PROMPT: 62,
        Profile.PAUSING: 8,
        Profile.EXTENDING: 6,
        Profile.RETURNING: 8,
        Profile.DEEMED: 5,
        Profile.LATE: 6,
        Profile.SILENT: 2,
        Profile.FAILING: 3,
    }
)
CO_HANDLERS: Final[Mapping[Profile, int]] = MappingProxyType({Profile.PROMPT: 90, Profile.DEEMED: 6, Profile.LATE: 4})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One answer of an office, when so large a share of its time and so many hours more have passed."""

    action: FeedbackAction
    share: float = 0.0
    hours: float = 0.0
    reason: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    def at(self, start: datetime, due_at: datetime, calendar: Calendar) -> datetime:
        time = due_at - start
        if time < SHORT:
            return start + time * self.share * 0.7 + timedelta(hours=self.hours / 4)
        return at_desk(start + time * self.share + timedelta(hours=self.hours), calendar)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What one office does with one referral."""

    profile: Profile
    steps: tuple[Step, ...]
    otherwise: tuple[Step, ...] = ()
    """What it does when its return is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """How the window asks the applicant; `hours` is `None` where it forgets to."""

    hours: float | None
    satisfied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowScript:
    """What window, applicant and coordinator do with one case. Hours that are `None` never come."""

    decides_hours: float | None
    accepts: bool
    notice_hours: float | None
    material_hours: float | None
    withdraws_hours: float | None
    return_hours: float
    approves_return: bool
    callbacks: tuple[Callback, ...]
    """One for each round."""
    reopens_hours: float | None
    extension_hours: float | None
    grants_extension: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Everything that will be done about one submission, by whoever gets it."""

    first_lead: Script
    next_lead: Script
    """The office that gets it after a return."""
    co_handler: Script
    rework: Script
    window: WindowScript


@dataclass(frozen=True, slots=True)
class Terms:
    """By what an office chooses what it does."""

    row: LimitRow
    policy: Policy


def behaviour(seed: int, submission_id: str, category: Category, policy: Policy) -> Behaviour:
    """The same seed and submission always behave the same, whatever else happens."""
    random = Random(f"{seed}/{submission_id}")  # noqa: S311 -- a simulation, not a secret
    row = policy.limit(ClockKind.HANDLING, category.code)
    leads = {profile: weight for profile, weight in LEADS.items() if profile is not Profile.EXTENDING or row.extension}
    return Behaviour(
        first_lead=script(random, _one(random, leads), row, policy),
        next_lead=script(random, Profile.PROMPT, row, policy),
        co_handler=script(random, _one(random, CO_HANDLERS), row, policy, within=0.4),
        rework=Script(profile=Profile.PROMPT, steps=_work(random)),
        window=_window(random),
    )


def script(random: Random, profile: Profile, row: LimitRow, policy: Policy, *, within: float = 1.0) -> Script:
    """`within` keeps a co-handler inside the time of the lead."""
    sign = random.uniform(0.5, 6)
    begin = (
        Step(action=FeedbackAction.SIGN, hours=sign),
        Step(action=FeedbackAction.ACCEPT, hours=sign + random.uniform(0.5, 3)),
    )
    work = _work(random, within)
    special = _SPECIAL.get(profile)
    if special is None:
        return Script(profile=profile, steps=begin + work)
    return special(random, begin, work, Terms(row, policy))


def reasons(policy: Policy, use: str, *first: str) -> Sequence[str]:
    """Of those that come to mind first what the policy has for this, or else all that it has."""
    fitting = [code for code, reason in policy.reasons.items() if use in reason.uses]
    return tuple(code for code in first if code in fitting) or tuple(fitting)


def _work(random: Random, within: float = 1.0) -> tuple[Step, ...]:
    done = random.uniform(0.25, 0.75) * within
    progress = Step(action=FeedbackAction.PROGRESS, share=done * 0.5)
    finished = Step(action=FeedbackAction.COMPLETE, share=done)
    return (progress, finished) if random.random() < 0.4 else (finished,)


def _pausing(random: Random, begin: tuple[Step, ...], work: tuple[Step, ...], terms: Terms) -> Script:
    held = 24 * random.uniform(2, 9)
    steps = (
        *begin,
        Step(
            action=FeedbackAction.HOLD, share=0.15, reason=random.choice(reasons(terms.policy, "hold", *HOLD_REASONS))
        ),
        Step(action=FeedbackAction.RESUME, share=0.15, hours=held),
        Step(action=FeedbackAction.COMPLETE, share=work[-1].share, hours=held),
    )
    return Script(profile=Profile.PAUSING, steps=steps)


def _extending(random: Random, begin: tuple[Step, ...], _: tuple[Step, ...], terms: Terms) -> Script:
    longer = terms.row.extension
    by = {"by": str(longer.limit)} if longer else {}
    reason = random.choice(reasons(terms.policy, "extend", "complex", "consultation"))
    steps = (
        *begin,
        Step(action=FeedbackAction.PROGRESS, share=0.4),
        Step(action=FeedbackAction.EXTEND, share=0.75, reason=reason, attributes=by),
        Step(action=FeedbackAction.COMPLETE, share=random.uniform(0.95, 1.2)),
    )
    return Script(profile=Profile.EXTENDING, steps=steps)


def _returning(random: Random, begin: tuple[Step, ...], work: tuple[Step, ...], terms: Terms) -> Script:
    back = Step(
        action=FeedbackAction.RETURN,
        hours=begin[0].hours + random.uniform(1, 12),
        reason=random.choice(reasons(terms.policy, "return", *RETURN_REASONS)),
    )
    return Script(profile=Profile.RETURNING, steps=(begin[0], back), otherwise=work)


def _deemed(random: Random, _: tuple[Step, ...], work: tuple[Step, ...], __: Terms) -> Script:
    """Not a word until silence counts as acceptance; then the work is done all the same."""
    started = Step(action=FeedbackAction.PROGRESS, hours=24 * random.uniform(5, 6))
    finished = Step(action=FeedbackAction.COMPLETE, share=work[-1].share * 0.5, hours=started.hours)
    return Script(profile=Profile.DEEMED, steps=(started, finished))


def _late(random: Random, begin: tuple[Step, ...], _: tuple[Step, ...], __: Terms) -> Script:
    finished = Step(action=FeedbackAction.COMPLETE, share=random.uniform(1.05, 1.25), hours=24)
    return Script(profile=Profile.LATE, steps=(*begin, finished))


def _silent(_: Random, __: tuple[Step, ...], ___: tuple[Step, ...], ____: Terms) -> Script:
    return Script(profile=Profile.SILENT, steps=())


def _failing(random: Random, begin: tuple[Step, ...], _: tuple[Step, ...], terms: Terms) -> Script:
    reason = random.choice(reasons(terms.policy, "fail", "not_eligible", "already_handled"))
    return Script(profile=Profile.FAILING, steps=(*begin, Step(action=FeedbackAction.FAIL, share=0.3, reason=reason)))


_SPECIAL: Final[Mapping[Profile, Callable[[Random, tuple[Step, ...], tuple[Step, ...], Terms], Script]]] = (
    MappingProxyType(
        {
            Profile.PAUSING: _pausing,
            Profile.EXTENDING: _extending,
            Profile.RETURNING: _returning,
            Profile.DEEMED: _deemed,
            Profile.LATE: _late,
            Profile.SILENT: _silent,
            Profile.FAILING: _failing,
        }
    )
)


def _window(random: Random) -> WindowScript:
    def perhaps(share: float, least: float, most: float) -> float | None:
        hours = random.uniform(least, most)
        return hours if random.random() < share else None

    return WindowScript(
        decides_hours=perhaps(0.96, 4, 96),
        accepts=random.random() < 0.9,
        notice_hours=perhaps(0.9, 1, 48),
        material_hours=perhaps(0.9, 24, 240),
        withdraws_hours=perhaps(0.015, 24, 240),
        return_hours=random.uniform(1, 16),
        approves_return=random.random() < 0.7,
        callbacks=(
            Callback(hours=perhaps(0.97, 2, 40), satisfied=random.random() < 0.95),
            Callback(hours=random.uniform(2, 40), satisfied=True),
            Callback(hours=random.uniform(2, 40), satisfied=True),
        ),
        reopens_hours=perhaps(0.015, 12, 160),
        extension_hours=perhaps(0.85, 1, 10),
        grants_extension=random.random() < 0.8,
    )


def _one(random: Random, weights: Mapping[Profile, int]) -> Profile:
    return random.choices([*weights], [*weights.values()])[0]
