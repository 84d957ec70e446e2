"""Routing keeps to its OpenAPI document, whatever it is asked."""

import asyncio
from uuid import UUID

import pytest

from contracts.codes import Role
from libraries.runtime.web.auth import Principal, issue_token
from tests.conformance import examples, faults_of, thorough
from tests.integration.routing.clients import KEY
from tests.integration.routing.test_access import HOUSING, Stage, officer, stage, staged

__all__ = ["stage"]


@pytest.mark.timeout(20000 if thorough() else 600)
async def test_routing_answers_as_its_document_says(stage: Stage) -> None:
    known = [referral for scene in (await staged(stage)).values() for referral in scene.of.values()]
    who = {role.value: Principal(subject="s", role=role, installation=True) for role in Role}
    who |= {
        "officer": officer(HOUSING),
        "link": Principal(subject="l", role=Role.LINK, office=HOUSING, referral=UUID(known[0])),
    }
    found = await asyncio.to_thread(
        faults_of,
        str(stage.http.base_url),
        tokens={role: issue_token(KEY, one) for role, one in who.items()},
        known={"referral_id": known},
        examples=examples(),
    )
    assert found == [], "\n".join(found)
