"""Notify keeps to its OpenAPI document, whatever it is asked."""

import asyncio

import pytest

from tests.conformance import examples, faults_of, thorough
from tests.integration.notify.api import application
from tests.integration.notify.harness import HOUR, Notify
from tests.integration.notify.test_escalation_queries import OFFICE, SUPERVISED, is_supervised, late_case
from tests.integration.web import one_of_each_role
from tests.sockets import listening


@pytest.mark.timeout(20000 if thorough() else 600)
async def test_notify_answers_as_its_document_says(notify: Notify) -> None:
    await late_case(notify)
    await is_supervised(notify)
    tokens = one_of_each_role(OFFICE)
    async with listening(application(notify, now=SUPERVISED + HOUR)) as address:
        found = await asyncio.to_thread(
            faults_of, address, tokens=tokens, known={"code": [OFFICE]}, examples=examples()
        )
    assert found == [], "\n".join(found)
