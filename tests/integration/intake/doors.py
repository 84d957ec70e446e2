"""One case at a real intake, over HTTP as its window, with what routing would say of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.reviews import ReviewResult
from libraries.policies import load_policy
from libraries.runtime.database.engine import transaction
from services.intake import store
from services.intake.domain import referral_updates
from services.intake.domain.case import Case
from services.intake.publishing import act
from tests.integration.intake.test_registration import PACK, WINDOW, a_submission
from tests.unit.intake.builders import LEAD


class Door:
    def __init__(self, http: httpx.AsyncClient, engine: AsyncEngine) -> None:
        self.http, self.engine, self.policy, self.case_id = http, engine, load_policy(PACK), ""

    async def registers(self, **changes: Any) -> None:
        self.case_id = (await self.http.post("/v1/cases", content=a_submission(**changes))).json()["case_id"]

    async def happens(self, *moves: Any) -> None:
        """What the rules make of the case, one after the other and all or none."""
        async with transaction(self.engine) as conn:
            await store.lock_cases(conn, [UUID(self.case_id)])
            for move in moves:
                await act(UUID(self.case_id), move, conn, self.policy, initiator=WINDOW)

    async def is_solved_by(self, office: str, at: datetime, result: ReviewResult | None = None) -> None:
        def sent(case: Case) -> Any:
            return referral_updates.dispatched(case, at, LEAD, office, self.policy)

        def done(case: Case) -> Any:
            return referral_updates.completed(case, at, LEAD, self.policy, result)

        await self.happens(sent, done)

    async def does(self, act: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        return await self.http.post(f"/v1/cases/{self.case_id}/{act}", json=body or {}, headers=headers)

    async def told(self) -> dict[str, Any]:
        return (await self.http.get(f"/v1/cases/{self.case_id}")).json()
