"""Who stands still of those who own clocks, as readiness and the board tell it."""

from dataclasses import dataclass

import structlog

from contracts.events.clocks import SilentWriter

log = structlog.get_logger()


@dataclass(slots=True)
class Standing:
    """As it was found last."""

    writers: tuple[SilentWriter, ...] = ()

    def found(self, writers: tuple[SilentWriter, ...]) -> None:
        """Said in the log when it changes."""
        if [one.service for one in writers] != [one.service for one in self.writers]:
            names = [one.service for one in writers]
            log.warning("services stand still", services=names) if names else log.info("no service stands still")
        self.writers = writers

    def told(self) -> str:
        """Empty while all of them go on."""
        return "; ".join(f"{one.service} stands still since {_moment(one)}" for one in self.writers)


def _moment(writer: SilentWriter) -> str:
    return writer.since.isoformat(timespec="seconds") if writer.since is not None else "before it was ever heard"
