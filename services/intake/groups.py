"""What requests in flight do together, in one transaction for each group: register, and act at the window."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.held import Held
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import Rejected
from libraries.runtime.web.sharing import Busy, Shared
from services.intake.acting import Acted, Asked, act_all
from services.intake.receipts import Codes, list_codes
from services.intake.registration import Outcome, Registered, Sent, register

Told = tuple[Outcome, Codes]
"""What became of a submission, and the codes of receipts of its group."""


@dataclass(slots=True, kw_only=True)
class Groups:
    """Of one process."""

    engine: AsyncEngine
    policy: PolicyWatch
    sealer: Sealer
    clock: Clock
    registering: Shared[Sent, Told] = field(init=False)
    acting: Shared[Asked, Acted] = field(init=False)

    def __post_init__(self) -> None:
        self.registering = Shared(self.engine, self._register)
        self.acting = Shared(self.engine, self._act)

    async def register(self, conn: AsyncConnection, sent: Sequence[Sent]) -> list[Told]:
        now = self.clock.now()
        outcomes = await register(sent, conn, policy=self.policy.at(now), sealer=self.sealer, now=now)
        codes = await list_codes(conn, [one for one in outcomes if isinstance(one, Registered)], self.sealer)
        return [(outcome, codes) for outcome in outcomes]

    async def _register(self, conn: AsyncConnection, sent: Sequence[Sent], held: Held) -> list[Told]:
        """Nothing is there yet that somebody could hold."""
        del held
        return await self.register(conn, sent)

    async def _act(self, conn: AsyncConnection, asked: Sequence[Asked], held: Held) -> list[Acted | Rejected | Busy]:
        at = self.clock.now()
        return await act_all(conn, asked, policy=self.policy.at(at), sealer=self.sealer, at=at, held=held)
