"""The running policy, read again when its files change. A wrong pack is refused, and the running one stays."""

from pathlib import Path
from typing import Final

import structlog

from services.policies.load import load_policy, pack_chain
from services.policies.model import Policy
from services.policies.reading import Fault, PolicyRefused

Signature = tuple[tuple[str, int, int], ...]
TOLD: Final = 20
"""Faults that one line of the log names."""

log = structlog.get_logger()


class PolicyWatch:
    """Holds one policy. Call `refresh` now and then; `refused` says what is wrong with the files that stand there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.refused: tuple[Fault, ...] = ()
        self._seen = self._signature()
        self.policy: Policy = load_policy(folder)

    def refresh(self) -> bool:
        """Whether a new policy runs now."""
        signature = self._signature()
        if signature == self._seen:
            return False
        self._seen = signature
        try:
            policy = load_policy(self.folder)
        except PolicyRefused as error:
            self.refused = error.faults
            told = [str(fault) for fault in error.faults[:TOLD]]
            log.error("policy refused, the running one stays", running=self.policy.version, faults=told)  # noqa: TRY400
            return False
        self.refused = ()
        changed = policy.version != self.policy.version
        self.policy = policy
        log.info("policy taken over", version=policy.version)
        return changed

    def _signature(self) -> Signature:
        files = sorted(path for pack in pack_chain(self.folder) for path in pack.glob("*.*"))
        return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files)
