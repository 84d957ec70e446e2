"""The board's page may read answers of a service with the token that it has; pages of others may not."""

import httpx
import pytest
from litestar import get

from libraries.runtime.web.app import build_app
from libraries.runtime.web.auth import Role, requires

BOARD = "https://board.example:8443"


@get("/dates", guards=[requires(Role.OPS)], sync_to_thread=False)
def dates() -> str:
    return "why"


async def asked(method: str, origin: str, *, board: tuple[str, ...] = (BOARD,)) -> httpx.Response:
    async def probe() -> dict[str, str]:
        return {}

    app = build_app("test", [dates], state={"token_key": "t" * 32}, probe=probe, board=board)
    wanted = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.request(method, "/dates", headers={"origin": origin} | wanted)


async def test_the_board_may_ask_with_a_token() -> None:
    before = await asked("OPTIONS", BOARD)
    assert before.is_success
    assert before.headers["access-control-allow-origin"] == BOARD
    assert "authorization" in before.headers["access-control-allow-headers"].lower()
    assert before.headers["access-control-allow-methods"] == "GET"
    assert "access-control-allow-credentials" not in before.headers
    refused = await asked("GET", BOARD)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, BOARD)


@pytest.mark.parametrize("board", [(), (BOARD,)])
@pytest.mark.parametrize("origin", ["https://elsewhere.example", "https://board.example", "null"])
async def test_nobody_else_may(origin: str, board: tuple[str, ...]) -> None:
    for method in ("OPTIONS", "GET"):
        reply = await asked(method, origin, board=board)
        assert "access-control-allow-origin" not in reply.headers
