"""The running policy, read again when its files change. A wrong pack is refused, and the running one stays."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import structlog

from libraries.deadlines.limits import civil_day
from libraries.policies.load import load_policy, pack_chain
from libraries.policies.model import Policy
from libraries.policies.moving import ownerless, ownerless_later
from libraries.policies.pack_files import Signature, signature
from libraries.policies.rows import Fault, PolicyRefused

OpenWork = Callable[[Sequence[str]], Awaitable[Mapping[str, int]]]
"""How much is open at each of these areas and offices, or of an office in one area, `office/area`; else left out."""
TOLD: Final = 20
"""Faults that one line of the log names."""
NAMED: Final = 3
"""Faults that readiness names."""

log = structlog.get_logger()


class PolicyWatch:
    """Holds one policy. Call `refresh` now and then; `refused` says what is wrong with the files that stand there."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.folder = folder
        self.refused: tuple[Fault, ...] = ()
        self._now = now
        self._seen = self._signature()
        self.policy: Policy = load_policy(folder, self._today())

    def refresh(self) -> bool:
        """Whether a new policy runs now."""
        found = self._read()
        return self._take(found) if found is not None else False

    async def refresh_unless(self, work: OpenWork) -> bool:
        """The same, but a policy that leaves open work without an owner is refused, and the work is named."""
        found = self._read()
        lost = _lost(self.policy, found) if found is not None and found.version != self.policy.version else []
        left = await work(lost) if lost else {}
        if found is None:
            return False
        if left:
            self._refuse([_left_alone(found.pack, code, number) for code, number in sorted(left.items())])
            return False
        return self._take(found)

    def note_strays(self, codes: frozenset[str]) -> None:
        """Codes of areas that stand in what is kept and in no row of the policy."""
        self.policy = self.policy.with_strays(codes)

    def _read(self) -> Policy | None:
        """What is to run now, if it is another one than before: of other files, or of another day."""
        signature = self._signature()
        if signature == self._seen:
            policy = self.policy.on(self._today())
            return policy if policy is not self.policy else None
        self._seen = signature
        try:
            return load_policy(self.folder, self._today())
        except PolicyRefused as error:
            self._refuse(error.faults)
            return None

    def _take(self, policy: Policy) -> bool:
        changed = policy.version != self.policy.version
        turned = policy.offices is not self.policy.offices
        self.refused = ()
        self.policy = policy.with_strays(self.policy.tree.strays)
        log.info("policy taken over" if changed else "areas and offices changed today", version=policy.version)
        return changed or turned

    def _refuse(self, faults: Sequence[Fault]) -> None:
        self.refused = tuple(faults)
        log.error(
            "policy refused, the running one stays",
            pack=str(self.folder),
            running=self.policy.version,
            number=len(self.refused),
            faults=[str(fault) for fault in self.refused[:TOLD]],
        )

    def within(self, code: str, area: str) -> bool:
        """Whether a code lies in an area, by the running policy."""
        return self.policy.within(code, area)

    def area_now(self, code: str) -> str:
        """The area that has the work of a code today; the code itself where nothing is known of it."""
        return self.policy.area_code_now(code)

    def office_now(self, code: str) -> str:
        """The office that has the work of another today; the code itself where nothing is known of it."""
        return self.policy.office_code_now(code)

    def _today(self) -> date:
        return date.fromordinal(civil_day(self._now()))

    def refusal(self) -> str:
        """Which pack was refused and why, and what runs instead; empty while all is well."""
        if not self.refused:
            return ""
        message = "; ".join(str(fault) for fault in self.refused[:NAMED])
        more = f"; and {len(self.refused) - NAMED} more" if len(self.refused) > NAMED else ""
        return f"{self.folder} was refused, {self.policy.version} goes on: {message}{more}"

    def _signature(self) -> Signature:
        return signature(pack_chain(self.folder))


def _lost(running: Policy, found: Policy) -> list[str]:
    """Areas and offices that would be nowhere, and offices that nobody would follow in an area that moves away."""
    alone = (ownerless(found) | ownerless_later(found)) - ownerless(running) - ownerless_later(running)
    return [*running.lost_in(found), *sorted(alone)]


def _left_alone(pack: str, code: str, number: int) -> Fault:
    """An area's code has digits alone, an office's names its role."""
    office, _, area = code.partition("/")
    if area:
        role = office.rpartition("-")[0]
        reason = f"area {area} moves away from {office}, which has {number} open there, and no {role} lies up its tree"
        return Fault(file=f"{pack}/areas.csv", line=1, reason=f"{reason}: give offices.yaml a row for one")
    what, file = ("office", "offices.yaml") if "-" in code else ("area", "areas.csv")
    reason = f"{what} {code} has {number} open and no row any more: keep its row, with valid_until and a successor"
    return Fault(file=f"{pack}/{file}", line=1, reason=reason)
