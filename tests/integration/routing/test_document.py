"""Routing keeps to its OpenAPI document, whatever it is asked."""

import asyncio
from uuid import UUID

import pytest

from tests.conformance import examples, faults_of, thorough
from tests.integration.routing.test_access import HOUSING, Stage, stage, staged
from tests.integration.web import one_of_each_role

__all__ = ["stage"]


@pytest.mark.timeout(20000 if thorough() else 600)
async def test_routing_answers_as_its_document_says(stage: Stage) -> None:
    known = [referral for scene in (await staged(stage)).values() for referral in scene.of.values()]
    found = await asyncio.to_thread(
        faults_of,
        str(stage.http.base_url),
        tokens=one_of_each_role(HOUSING, UUID(known[0])),
        known={"referral_id": known},
        examples=examples(),
    )
    assert found == [], "\n".join(found)
