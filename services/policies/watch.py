"""The running policy, read again when its files change. A wrong pack is refused, and the running one stays."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import structlog

from services.deadlines.limits import civil_day
from services.policies.load import load_policy, pack_chain
from services.policies.model import Policy
from services.policies.pack_files import Signature, signature
from services.policies.reading import Fault, PolicyRefused

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
        signature = self._signature()
        if signature == self._seen:
            return self._turned()
        self._seen = signature
        try:
            policy = load_policy(self.folder, self._today())
        except PolicyRefused as error:
            self.refused = error.faults
            told = [str(fault) for fault in error.faults[:TOLD]]
            log.error(  # noqa: TRY400
                "policy refused, the running one stays",
                pack=str(self.folder),
                running=self.policy.version,
                number=len(error.faults),
                faults=told,
            )
            return False
        self.refused = ()
        changed = policy.version != self.policy.version
        self.policy = policy
        log.info("policy taken over", version=policy.version)
        return changed

    def within(self, code: str, area: str) -> bool:
        """Whether a code lies in an area, by the running policy."""
        return self.policy.within(code, area)

    def area_now(self, code: str) -> str:
        """The area that has the work of a code today; the code itself where nothing is known of it."""
        place = self.policy.tree.place(code)
        return place.code if place is not None else code

    def office_now(self, code: str) -> str:
        """The office that has the work of another today; the code itself where nothing is known of it."""
        office = self.policy.office_now(code)
        return office.code if office is not None else code

    def _turned(self) -> bool:
        """Whether a day has come on which areas or offices change."""
        policy = self.policy.on(self._today())
        if policy is self.policy:
            return False
        self.policy = policy
        log.info("areas and offices changed today", version=policy.version)
        return True

    def _today(self) -> date:
        return date.fromordinal(civil_day(self._now()))

    def refusal(self) -> str:
        """Which pack was refused and why, and what runs instead; empty while all is well."""
        if not self.refused:
            return ""
        told = "; ".join(str(fault) for fault in self.refused[:NAMED])
        more = f"; and {len(self.refused) - NAMED} more" if len(self.refused) > NAMED else ""
        return f"{self.folder} was refused, {self.policy.version} goes on: {told}{more}"

    def _signature(self) -> Signature:
        return signature(pack_chain(self.folder))
