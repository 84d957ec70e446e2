"""The policies of a process, each with the moment from which it is in force. A moment has the one of its own."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol, TypeVar

from libraries.policies.heading import Language, default_place
from libraries.policies.load import load_policy
from libraries.policies.model import Policy
from libraries.policies.rows import PolicyRefused

SINCE_EVER: Final = datetime(1950, 1, 1, tzinfo=UTC)


class PolicyNotHeld(OSError):
    """The version in force at the moment is known by its name alone: like an engine that is away, it is waited for."""


@dataclass(slots=True, kw_only=True)
class Held:
    """A version from the moment at which it starts; without a policy, this process could not read it."""

    version: str
    starts_at: datetime
    policy: Policy | None


class Starts(Protocol):
    """An activation, or what is held of it."""

    @property
    def starts_at(self) -> datetime: ...


Started = TypeVar("Started", bound=Starts)


def in_force(line: Sequence[Started], at: datetime) -> Started | None:
    """Of those that have started the last that was activated; before the first start none."""
    return next((one for one in reversed(line) if one.starts_at <= at), None)


def in_force_since(line: Sequence[Started], at: datetime) -> Sequence[Started]:
    """Those that are in force at that moment or later, in the order of their activation."""
    begun = [place for place, one in enumerate(line) if one.starts_at <= at]
    return line[begun[-1] :] if begun else line


class PolicyWatch:
    """Begins with the pack of a folder, and has it as long as it was not told which versions were activated."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.folder = folder
        self.refused: PolicyRefused | None = None
        """What is wrong with the folder: of no interest once versions are held."""
        self.look: Callable[[], Awaitable[None]] | None = None
        """Learns of new versions."""
        self.now = now
        self._strays: frozenset[str] = frozenset()
        self._line: list[Held] = []
        try:
            self.have(load_policy(folder, at=now()))
        except PolicyRefused as error:
            self.refused = error

    @property
    def policy(self) -> Policy:
        """The one in force. Raises `PolicyRefused` or `PolicyNotHeld`."""
        return self.at(self.now())

    @property
    def language(self) -> Language:
        """Of pages and answers where nobody asked for another; also while no version is held."""
        try:
            return self.policy.language
        except (PolicyRefused, PolicyNotHeld):
            return default_place().language

    @property
    def held(self) -> dict[str, Policy]:
        """By version."""
        return {one.version: one.policy for one in self._line if one.policy is not None}

    async def fresh(self) -> None:
        """Before a decision: whoever stood still for a while learns first what was activated meanwhile."""
        if self.look is not None:
            await self.look()

    def at(self, moment: datetime) -> Policy:
        """The one that is in force at a moment, with the places of today. Raises `PolicyRefused` or `PolicyNotHeld`."""
        if not self._line:
            raise self.refused or PolicyNotHeld("no policy")
        entry = in_force(self._line, moment) or self._line[0]
        if entry.policy is None:
            raise PolicyNotHeld(entry.version)
        entry.policy = entry.policy.on(entry.policy.calendar.date_of(self.now())).with_strays(self._strays)
        return entry.policy

    def hold(self, line: Sequence[Held]) -> None:
        """In the order in which they were activated: of those that have started the last one is in force."""
        self._line = list(line)

    def note_strays(self, codes: frozenset[str]) -> None:
        """Codes of areas that stand in what is kept and in no row of the policy."""
        self._strays = codes

    def within(self, code: str, area: str) -> bool:
        """Whether a code lies in an area, by the policy in force."""
        return self.policy.within(code, area)

    def area_now(self, code: str) -> str:
        """The area that has the work of a code today; the code itself where nothing is known of it."""
        return self.policy.area_code_now(code)

    def office_now(self, code: str) -> str:
        """The office that has the work of another today; the code itself where nothing is known of it."""
        return self.policy.office_code_now(code)

    def have(self, policy: Policy) -> None:
        """This one alone, for whatever moment."""
        self.hold([Held(version=policy.version, starts_at=SINCE_EVER, policy=policy)])
