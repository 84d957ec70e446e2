"""Drafts at the counter: they come back after the browser is gone, to their writer alone, and not for ever."""

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from libraries.runtime.database.engine import transaction
from libraries.runtime.encryption import Sealer
from services.portal import draft_store
from services.portal.domain.drafts import LASTS, MOST
from tests.integration.portal.conftest import Portal
from tests.integration.portal.test_signing import csrf_of, sign_in

CATEGORY = "petition.request"
TYPED = {"category": CATEGORY, "applicant.name": "李一（示例）", "summary": '"><script>', "materials": "", "review": ""}


@pytest.fixture
async def drafting(portal: Portal) -> Portal:
    sealer = Sealer(b64encode(b"k" * 32).decode())
    portal.app.state.portal = replace(portal.app.state.portal, sealer=sealer)
    await portal.account("window")
    await portal.account("window2")
    return portal


async def save(browser: httpx.AsyncClient, draft: str = "", **headers: str) -> httpx.Response:
    csrf = await csrf_of(browser, f"/counter/new?category={CATEGORY}")
    return await browser.post("/counter/drafts", data={**TYPED, "csrf": csrf, "draft": draft}, headers=headers)


async def count(portal: Portal) -> int:
    async with transaction(portal.engine) as conn:
        return int((await conn.execute(text("SELECT count(*) FROM drafts"))).scalar_one())


async def test_a_draft_survives_the_browser_and_nobody_else_opens_it(drafting: Portal) -> None:
    async with drafting.browser() as browser:
        await sign_in(browser, "window")
        saved = await save(browser)
        assert saved.status_code == 303
        where = saved.headers["location"]
        assert "草稿已保存" in (await browser.get(where)).text
    async with drafting.browser() as again, drafting.browser() as other:
        await sign_in(again, "window")
        await sign_in(other, "window2")
        shown = await again.get(where.partition("&")[0])
        assert "李一（示例）" in shown.text
        assert "&#34;&gt;&lt;script&gt;" in shown.text
        assert "script-src 'self'" in shown.headers["content-security-policy"]
        refused = await other.get(where)
        assert (refused.status_code, "请返回窗口重新登记" in refused.text) == (404, True)
        draft = where.partition("draft=")[2].partition("&")[0]
        await save(other, draft)
        assert "李一" in (await again.get(where)).text, "who guesses an id overwrites nothing"
        async with transaction(drafting.engine) as conn:
            kept = (await conn.execute(text("SELECT d::text, wrapped, sealed FROM drafts d"))).all()
            assert "李一" not in str(kept)
            assert "李一".encode() not in kept[0].sealed
        await other.post(f"/counter/drafts/{draft}/drop", data={"csrf": await csrf_of(other, "/me")})
        assert (await again.get(where)).status_code == 200
        await again.post(f"/counter/drafts/{draft}/drop", data={"csrf": await csrf_of(again, "/me")})
        assert (await again.get(where)).status_code == 404
        assert await count(drafting) == 0
    async with transaction(drafting.engine) as conn:
        noted = text("SELECT what FROM audit_entries WHERE what LIKE 'draft.%' ORDER BY id")
        assert list(await conn.scalars(noted)) == ["draft.saved", "draft.dropped"], (
            "what changed nothing is not on record"
        )


async def test_the_script_is_told_the_id_and_saves_over_it(drafting: Portal) -> None:
    async with drafting.browser() as browser:
        await sign_in(browser, "window")
        first = await save(browser, **{"x-draft": "1"})
        again = await save(browser, first.text, **{"x-draft": "1"})
        assert first.text == again.text
        assert await count(drafting) == 1


async def test_drafts_are_bounded_in_number_size_and_time(drafting: Portal) -> None:
    async with drafting.browser() as browser:
        await sign_in(browser, "window")
        for _ in range(MOST + 2):
            drafting.passes(timedelta(seconds=1))
            last = (await save(browser)).headers["location"]
        assert await count(drafting) == MOST
        csrf = await csrf_of(browser, "/me")
        large = {"category": CATEGORY, "csrf": csrf, "summary": "x" * 70_000}
        assert (await browser.post("/counter/drafts", data=large)).status_code == 413
        assert (await browser.post("/counter/drafts", data={"category": "none", "csrf": csrf})).status_code == 422
        drafting.passes(LASTS)
        await sign_in(browser, "window")
        assert (await browser.get(last)).status_code == 404
    async with transaction(drafting.engine) as conn:
        await draft_store.forget(conn, drafting.at)
    assert await count(drafting) == 0


async def test_under_a_key_that_is_gone_a_draft_is_gone(drafting: Portal) -> None:
    async with drafting.browser() as browser:
        await sign_in(browser, "window")
        where = (await save(browser)).headers["location"]
        found = drafting.app.state.portal
        key = b64encode(b"n" * 32).decode()
        for before, status in (([b64encode(b"k" * 32).decode()], 200), ([], 404)):
            drafting.app.state.portal = replace(found, sealer=Sealer(key, before=before))
            assert (await browser.get(where)).status_code == status
        assert (await browser.get(f"/counter/new?draft={uuid4()}")).status_code == 404
        assert (await browser.get("/counter/new?draft=nonsense")).status_code == 404


async def test_without_a_sealing_key_nothing_is_kept(portal: Portal) -> None:
    await portal.account("window")
    async with portal.browser() as browser:
        await sign_in(browser, "window")
        assert "保存草稿" not in (await browser.get(f"/counter/new?category={CATEGORY}")).text
        assert (await save(browser)).status_code == 422
