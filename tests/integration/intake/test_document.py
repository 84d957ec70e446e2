"""Intake keeps to its OpenAPI document, whatever it is asked."""

import asyncio

import pytest

from contracts.codes import Role
from libraries.ids import new_id
from libraries.runtime.web.auth import Principal, issue_token
from tests.conformance import examples, faults_of, thorough
from tests.integration.intake.clients import KEY
from tests.integration.intake.test_access import Stage, own_stage, staged

__all__ = ["own_stage"]


@pytest.mark.timeout(20000 if thorough() else 600)
async def test_intake_answers_as_its_document_says(own_stage: Stage) -> None:
    others = [await staged(own_stage.http, own_stage.engine, number) for number in range(2, 6)]
    known = [str(own_stage.case_id), *(one.number for one in others)]
    officer = Principal(subject="o", role=Role.OFFICER, office="civil_affairs-130722000000")
    link = Principal(subject="l", role=Role.LINK, office="civil_affairs-130722000000", referral=new_id())
    who = {role.value: Principal(subject="s", role=role, installation=True) for role in Role}
    who |= {"officer": officer, "link": link}
    found = await asyncio.to_thread(
        faults_of,
        str(own_stage.http.base_url),
        tokens={role: issue_token(KEY, principal) for role, principal in who.items()},
        known={"key": known},
        examples=examples(),
    )
    assert found == [], "\n".join(found)
