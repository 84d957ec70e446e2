"""Stalled services among those who own clocks, as readiness and the board show them."""

from dataclasses import dataclass

import structlog

from contracts.events.clocks import SilentWriter

log = structlog.get_logger()


@dataclass(slots=True)
class StalledWriters:
    """As of the last look."""

    writers: tuple[SilentWriter, ...] = ()

    def update(self, writers: tuple[SilentWriter, ...]) -> None:
        """Logged when it changes."""
        if [one.service for one in writers] != [one.service for one in self.writers]:
            names = [one.service for one in writers]
            log.warning("services stand still", services=names) if names else log.info("no service stands still")
        self.writers = writers

    def message(self) -> str:
        """Empty while none is stalled."""
        return "; ".join(f"{one.service} stands still since {_moment(one)}" for one in self.writers)


def _moment(writer: SilentWriter) -> str:
    return writer.since.isoformat(timespec="seconds") if writer.since is not None else "before it was ever seen"
