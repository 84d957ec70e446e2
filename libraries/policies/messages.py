"""Reads messages.yaml and message_templates.yaml: who is told of what by which channel, in which words, and when not.

Of one event, audience and channel the rows of the most local pack stand, all of them together.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from contracts.codes import MESSAGE_CHANNELS, Audience, ClockKind, Code, DeliveryChannel, ReferralRole
from libraries.policies.cells import CODE_FORM
from libraries.policies.document_templates import text_faults
from libraries.policies.message_templates import EVENTS, LABELS, LANGUAGES, MessageTemplate
from libraries.policies.rows import Fault, Row, code_of, file_of

WEBHOOK = "a webhook is a subscription of its office (POST /v1/subscriptions), and no row here"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From one time of day to another, which may lie on the next day."""

    begins: time
    ends: time

    def holds(self, at: time) -> bool:
        if self.begins < self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One row of the matrix. What is empty always fits; a row that is off tells nobody anything."""

    event: str
    audience: Audience
    channel: DeliveryChannel
    states: frozenset[str]
    roles: frozenset[ReferralRole]
    clocks: frozenset[ClockKind]
    template: str
    languages: tuple[str, ...]
    quiet: QuietHours | None
    off: bool
    where: str

    def fits(self, state: str, role: ReferralRole | None, clock: ClockKind | None) -> bool:
        return (
            not self.off
            and (not self.states or state in self.states)
            and (not self.roles or role in self.roles)
            and (not self.clocks or clock in self.clocks)
        )


Key = tuple[str, Audience, DeliveryChannel]


def message_rows(rows: Sequence[Row]) -> dict[str, tuple[MessageRow, ...]]:
    """By event, in order."""
    found: dict[Key, list[MessageRow]] = {}
    for row in rows:
        told = _row(row)
        row.done()
        if told is None:
            continue
        before = found.setdefault((told.event, told.audience, told.channel), [])
        if before and file_of(before[0].where) != row.file:
            continue  # a more local pack has its own rows
        if any(_takes_all_of(one, told) for one in before):
            row.refuse(f"a row above says {told.event} to the {told.audience.value} by {told.channel.value} already")
        before.append(told)
    by_event: dict[str, list[MessageRow]] = {}
    for (event, _, _), each in found.items():
        by_event.setdefault(event, []).extend(each)
    return {event: tuple(each) for event, each in by_event.items()}


def _takes_all_of(one: MessageRow, other: MessageRow) -> bool:
    return all(
        not above or (bool(below) and below <= above)
        for above, below in ((one.states, other.states), (one.roles, other.roles), (one.clocks, other.clocks))
    )


def _row(row: Row) -> MessageRow | None:
    event = row.text("event")
    audience = code_of(row, "audience", Audience, row.text("audience"))
    channel = _channel(row)
    known = EVENTS.get(event)
    if event and known is None:
        near = difflib.get_close_matches(event, EVENTS, 1, 0.8)
        row.refuse(
            f"event {event}: nobody is told of it; "
            + (f"did you mean {near[0]}?" if near else f"only {', '.join(EVENTS)}"),
            "event",
        )
    states = frozenset(_states(row, known.states if known is not None else None))
    roles = frozenset(filter(None, [code_of(row, "roles", ReferralRole, one) for one in row.texts("roles")]))
    clocks = frozenset(filter(None, [code_of(row, "clocks", ClockKind, one) for one in row.texts("clocks")]))
    off = row.flag("off") if "off" in row.values else False
    row.asked.add("off")
    template = row.code("template", CODE_FORM, "" if off else None)
    languages, quiet = _languages(row), _quiet(row)
    if known is None or audience is None or channel is None:
        return None
    if audience is not known.audience:
        row.refuse(f"event {event} is told to the {known.audience.value} alone", "audience")
    if roles and not event.startswith("referral."):
        row.refuse("roles are of referral.* alone: take them out", "roles")
    if clocks and "clock" not in known.facts:
        row.refuse("clocks are of clock.* and supervision.* alone: take them out", "clocks")
    return MessageRow(
        event=event,
        audience=audience,
        channel=channel,
        states=states,
        roles=roles,
        clocks=clocks,
        template=template,
        languages=languages,
        quiet=quiet,
        off=off,
        where=row.where,
    )


def _channel(row: Row) -> DeliveryChannel | None:
    channel = code_of(row, "channel", DeliveryChannel, row.text("channel"))
    if channel is not None and channel not in MESSAGE_CHANNELS:
        row.refuse(f"channel {channel.value}: {WEBHOOK}", "channel")
    return channel if channel in MESSAGE_CHANNELS else None


def _states(row: Row, known: type[Code] | None) -> Iterator[str]:
    for one in row.texts("states"):
        if known is None:
            row.refuse("states are of case.* and referral.* alone: take them out", "states")
            return
        state = code_of(row, "states", known, one)
        if state is not None:
            yield state.value


def _languages(row: Row) -> tuple[str, ...]:
    languages = row.texts("languages") or LANGUAGES[:1]
    for one in languages:
        if one not in LANGUAGES:
            row.refuse(f"language {one}: there are {' and '.join(LANGUAGES)}", "languages")
    return tuple(one for one in languages if one in LANGUAGES)


def _quiet(row: Row) -> QuietHours | None:
    begins, ends = row.hour("quiet_from"), row.hour("quiet_to")
    if begins is None and ends is None:
        return None
    if begins is None or ends is None or begins == ends:
        row.refuse("quiet_from and quiet_to go together, and differ", "quiet_from")
        return None
    return QuietHours(begins=begins, ends=ends)


def message_templates(rows: Sequence[Row]) -> dict[str, MessageTemplate]:
    """Of two for one code the more local one stands, as a whole."""
    found: dict[str, MessageTemplate] = {}
    seen: dict[str, str] = {}
    for row in rows:
        code = row.code("code", CODE_FORM)
        subjects = {one: row.text(f"subject_{one}", "") for one in LANGUAGES}
        texts = {one: row.text(f"text_{one}", "") for one in LANGUAGES}
        row.done()
        if not any(texts.values()):
            row.refuse("text_zh is missing", "text_zh")
        if seen.setdefault(code, row.file) == row.file and code in found:
            row.refuse(f"a row above has the words of {code} already", "code")
        found.setdefault(
            code,
            MessageTemplate(
                code=code,
                subjects={one: text for one, text in subjects.items() if text},
                texts={one: text for one, text in texts.items() if text},
                where=row.where,
            ),
        )
    return found


def message_faults(
    rows: Mapping[str, Sequence[MessageRow]], templates: Mapping[str, MessageTemplate]
) -> Iterator[Fault]:
    """What a row of the matrix and its words must be to each other."""
    for each in rows.values():
        for row in each:
            if row.off:
                continue
            template = templates.get(row.template)
            if template is None:
                near = difflib.get_close_matches(row.template, templates, 1)
                hint = f"did you mean {near[0]}?" if near else "give message_templates.yaml a row of that code"
                yield Fault.at(row.where, f"template {row.template}: there is none; {hint}")
                continue
            for language in row.languages:
                yield from _words_faults(row, template, language)
    asked = {row.template for each in rows.values() for row in each}
    for template in templates.values():
        for reason in _unknown_places(template, [event for event, each in rows.items() if _asks(each, template)]):
            yield Fault.at(template.where, reason)
        if template.code not in asked:
            for text in (*template.texts.values(), *template.subjects.values()):
                for reason in text_faults(text, LABELS):
                    yield Fault.at(template.where, f"{template.code}: {reason}")


def _asks(rows: Sequence[MessageRow], template: MessageTemplate) -> bool:
    return any(not row.off and row.template == template.code for row in rows)


def _words_faults(row: MessageRow, template: MessageTemplate, language: str) -> Iterator[Fault]:
    if language not in template.texts:
        reason = f"template {row.template} has no text_{language}: add it, or take {language} out of languages"
        yield Fault.at(row.where, reason)
    if row.channel is DeliveryChannel.EMAIL and language not in template.subjects:
        yield Fault.at(row.where, f"template {row.template} has no subject_{language}, which an e-mail needs: add it")


def _unknown_places(template: MessageTemplate, events: Sequence[str]) -> Iterator[str]:
    for event in events:
        for text in (*template.texts.values(), *template.subjects.values()):
            for reason in text_faults(text, EVENTS[event].facts):
                yield f"{template.code}, told of {event}: {reason}"
