"""The portal follows the policy that is in force for as long as it runs, and not for as long as one token lives."""

from datetime import timedelta

import httpx
import pytest

from libraries.policies import PolicyWatch
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import read_token
from services.portal import remote
from services.portal.policy import Follower
from tests.packs import PACKS

KEY = "a key of this test alone, long enough"


async def test_each_look_has_a_token_that_is_valid_then(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []

    def routing(request: httpx.Request) -> httpx.Response:
        try:
            read_token(KEY, request.headers["authorization"].removeprefix("Bearer "))
        except Rejected:
            answers.append(401)
        else:
            answers.append(200)
        return httpx.Response(answers[-1], json=[] if answers[-1] == 200 else {"status": 401})

    async with httpx.AsyncClient(transport=httpx.MockTransport(routing)) as client:
        services = remote.Services(client=client, urls={"routing": "http://routing"}, token_key=KEY)
        monkeypatch.setattr(remote, "TOKEN_LIVES", timedelta(seconds=-1))
        follower = Follower(services, PolicyWatch(PACKS / "zhangjiakou"))
        monkeypatch.undo()
        await follower.look()

    assert answers == [200]
