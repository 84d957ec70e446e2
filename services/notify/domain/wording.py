"""The words of a message: the template of the policy, filled with what is known of the case. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from libraries.deadlines import Calendar
from libraries.policies import Policy
from libraries.policies.document_templates import filled
from services.notify.domain.messages import Message

BEHIND = ("见系统", "see the system")
"""Where a date or a name is not known."""
BETWEEN = "\n\n"


class AboutCase(NamedTuple):
    """What is known of the case when a message is sent."""

    number: str
    area: str
    category: str
    window: str
    erased: bool


class Written(NamedTuple):
    """A message as it goes out; `subject` is for channels that have one."""

    subject: str
    text: str


class NoWords(LookupError):
    """The policy that is in force has no such template any more."""


def written(message: Message, case: AboutCase, policy: Policy) -> Written:
    """In each language that was asked for, one below the other. Raises `NoWords`."""
    template = policy.message_templates.get(message.template)
    if template is None:
        raise NoWords(message.template)
    languages = [one for one in message.languages if one in template.texts]
    if not languages:
        raise NoWords(message.template)
    facts = {one: _facts(message, case, policy, 0 if one == "zh" else 1) for one in languages}
    subjects = [filled(template.subjects[one], facts[one]) for one in languages if one in template.subjects]
    texts = [filled(template.texts[one], facts[one]) for one in languages]
    return Written(" / ".join(" ".join(one.split()) for one in subjects), BETWEEN.join(texts))


def _facts(message: Message, case: AboutCase, policy: Policy, place: int) -> Mapping[str, str]:
    category = policy.categories.get(case.category)
    area = policy.area(case.area)
    return {
        "number": case.number,
        "matter": (category.zh, category.en)[place] if category is not None else case.category,
        "place": area.name if area is not None else case.area,
        "window": _office(case.window, policy, place),
        "office": _office(message.office, policy, place),
        "until": _moment(message.until, policy.calendar, place),
        "clock": message.clock.label(("zh", "en")[place]) if message.clock is not None else BEHIND[place],
        "level": message.level.label(("zh", "en")[place]) if message.level is not None else BEHIND[place],
        "go_to": _office(message.go_to, policy, place),
    }


def _office(code: str, policy: Policy, place: int) -> str:
    if not code:
        return ("首问窗口", "the first-contact window")[place]
    found = policy.office(code) or policy.office_now(code)
    return (found.zh, found.en)[place] if found is not None else code


def _moment(at: datetime | None, calendar: Calendar, place: int) -> str:
    if at is None:
        return BEHIND[place]
    local = calendar.local(at)
    return (f"{local.year}年{local.month}月{local.day}日{local:%H:%M}", f"{local.day} {local:%B %Y, %H:%M}")[place]
