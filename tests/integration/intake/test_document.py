"""Intake keeps to its OpenAPI document, whatever it is asked."""

import asyncio

import pytest

from tests.conformance import examples, faults_of, thorough
from tests.integration.intake.test_access import Stage, own_stage, staged
from tests.integration.web import one_of_each_role

__all__ = ["own_stage"]


@pytest.mark.timeout(20000 if thorough() else 600)
async def test_intake_answers_as_its_document_says(own_stage: Stage) -> None:
    others = [await staged(own_stage.http, own_stage.engine, number) for number in range(2, 6)]
    known = [str(own_stage.case_id), *(one.number for one in others)]
    found = await asyncio.to_thread(
        faults_of,
        str(own_stage.http.base_url),
        tokens=one_of_each_role("civil_affairs-130722000000"),
        known={"key": known},
        examples=examples(),
    )
    assert found == [], "\n".join(found)
