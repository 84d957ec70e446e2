"""Signing in at a certified OpenID provider: who is let in as what, and each way in which it does not come about."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import text

from contracts.codes import Role
from libraries.runtime.database.engine import transaction
from services.portal import store
from services.portal.app import provider_of
from tests.integration.portal.conftest import HOME, PASSWORD, TOWN, Portal, portal_settings
from tests.integration.portal.test_signing import csrf_of, sign_in
from tests.provider.running import RunningProvider

COUNTY = "130722000000"
SCHOOLS = f"education-{COUNTY}"
PEOPLE = {
    "wang": [f"yimen/officer/{SCHOOLS}", f"yimen/clerk/{TOWN}", "staff"],
    "guest": ["staff", "<b>bold</b>"],
    "window": [f"yimen/clerk/{TOWN}"],
    "13800138000": [f"yimen/clerk/{TOWN}"],
}
ACTION = re.compile(r'<form[^>]* action="([^"]+)"')


@pytest.fixture(scope="module")
def running() -> Iterator[RunningProvider]:
    found = RunningProvider(homes=[HOME], people=PEOPLE)
    found.start()
    yield found
    found.stop()


@pytest.fixture
async def signing(portal: Portal, running: RunningProvider) -> AsyncIterator[Portal]:
    """The portal with a provider, at this moment: tokens are of now."""
    portal.at = datetime.now(UTC)
    settings = portal_settings("postgresql://nobody@127.0.0.1/none", portal_url=HOME, **running.settings())
    async with httpx.AsyncClient(trust_env=False) as client:
        portal.app.state.portal = replace(portal.app.state.portal, provider=provider_of(settings, client))
        yield portal


async def at_provider(address: str, login: str) -> str:
    """Where the provider sends the browser after its pages to sign in and to consent."""
    assert not address.startswith(HOME), address
    async with httpx.AsyncClient(trust_env=False) as outside:
        answer = await outside.get(address)
        for _ in range(20):
            if answer.is_redirect:
                wanted = answer.headers["location"]
                if wanted.startswith(HOME):
                    return str(wanted)
                answer = await outside.get(httpx.URL(address).join(wanted))
                continue
            found = ACTION.search(answer.text)
            assert found is not None, answer.text
            prompt = "login" if 'value="login"' in answer.text else "consent"
            fields = {"prompt": prompt, "login": login, "password": "of no account"}
            answer = await outside.post(httpx.URL(address).join(unescape(found[1])), data=fields)
    raise AssertionError("it goes round in a circle")


async def begun(browser: httpx.AsyncClient, wanted: str = "/me") -> str:
    answer = await browser.get(f"/login/provider?next={wanted}")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def arrive(browser: httpx.AsyncClient, login: str, wanted: str = "/me") -> httpx.Response:
    return await browser.get(await at_provider(await begun(browser, wanted), login))


async def test_a_person_comes_in_with_the_posts_of_all_groups(signing: Portal) -> None:
    async with signing.browser() as browser:
        way = await begun(browser)
        assert {"code_challenge_method=S256", "response_type=code"} <= set(urlsplit(way).query.split("&"))
        returned = await at_provider(way, "wang")
        answer = await browser.get(returned)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == "/me"
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "eyJ" not in str(answer.headers)
        shown = await browser.get("/me")
        assert "wang" in shown.text
        assert shown.text.count('name="post"') == 2
        assert "密码请在统一身份认证中修改" in shown.text
        assert (await browser.get("/password")).status_code == 403
        left = await browser.post("/logout", data={"csrf": await csrf_of(browser, "/me")})
        told = await browser.get(left.headers["location"])
        assert "/login/provider/leave" in told.text
        assert "/session/end?client_id=portal" in (await browser.get("/login/provider/leave")).headers["location"]
        assert (await browser.get("/me")).status_code == 303
    async with signing.browser() as browser:
        assert (await sign_in(browser, "wang", PASSWORD)).status_code == 422, "no password opens it"
    async with transaction(signing.engine) as conn:
        account = await store.find_account(conn, "wang")
        assert account is not None
        assert {(post.role, post.office) for post in account.posts} == {(Role.OFFICER, SCHOOLS), (Role.CLERK, TOWN)}
        kept = await conn.execute(text("SELECT i::text FROM identities i"))
        assert "wang" not in str(kept.all())


async def test_groups_that_are_gone_end_their_posts_and_what_an_administrator_gave_stays(
    signing: Portal, running: RunningProvider
) -> None:
    async with signing.browser() as browser, signing.browser() as other:
        await arrive(browser, "wang")
        async with transaction(signing.engine) as conn:
            account = await store.find_account(conn, "wang")
            assert account is not None
            await store.add_post(conn, account.id, role=Role.AUDITOR, office=None, area=COUNTY, code="")
        await running.again(people={**PEOPLE, "wang": [f"yimen/clerk/{TOWN}"]})
        signing.passes(timedelta(minutes=1))
        await arrive(other, "wang")
        assert (await browser.get("/me")).status_code == 303, "the session acted as the post that ended"
        async with transaction(signing.engine) as conn:
            account = await store.find_account(conn, "wang")
            assert account is not None
            assert {post.role for post in account.held(signing.at)} == {Role.CLERK, Role.AUDITOR}
        await running.again(people=PEOPLE)


async def test_a_group_without_a_row_is_told_what_to_do_and_makes_no_account(signing: Portal) -> None:
    async with signing.browser() as browser:
        answer = await arrive(browser, "guest")
        assert answer.status_code == 422
        assert "未对应本系统的任何岗位" in answer.text
        assert "&lt;b&gt;bold&lt;/b&gt;" in answer.text
        assert (await browser.get("/me")).status_code == 303
    async with transaction(signing.engine) as conn:
        assert await store.list_accounts(conn) == []


async def test_names_are_never_taken_over_and_a_telephone_number_is_none(signing: Portal) -> None:
    local = await signing.account("window")
    async with signing.browser() as browser, signing.browser() as other:
        assert (await arrive(browser, "window")).status_code == 303
        assert (await arrive(other, "13800138000")).status_code == 303
    async with transaction(signing.engine) as conn:
        names = {one.login: one for one in await store.list_accounts(conn)}
    assert names["window"].id == local
    assert len(names) == 3
    assert not [name for name in names if "138001" in name]


async def test_a_state_is_good_once_in_one_browser_for_ten_minutes(signing: Portal) -> None:
    async with signing.browser() as browser, signing.browser() as other:
        way = await begun(browser)
        cookie = browser.cookies["yimen_provider"]
        returned = await at_provider(way, "wang")
        stolen = await other.get(returned)
        assert stolen.status_code == 422
        assert "已失效或者已使用过" in stolen.text
        assert (await browser.get(returned)).status_code == 303
        other.cookies.set("yimen_provider", cookie, domain="portal.test", path="/login/provider")
        assert (await other.get(returned)).status_code == 422, "used before"
        returned = await at_provider(await begun(other), "wang")
        signing.passes(timedelta(minutes=11))
        assert (await other.get(returned)).status_code == 422, "too late"
        forged = f"{cookie.rpartition('.')[0]}.{'0' * 64}"
        other.cookies.set("yimen_provider", forged, domain="portal.test", path="/login/provider")
        assert (await other.get(returned)).status_code == 422


async def test_the_person_says_no_and_a_code_is_made_up(signing: Portal) -> None:
    async with signing.browser() as browser:
        state = httpx.URL(await begun(browser)).params["state"]
        denied = await browser.get(f"/login/provider/back?error=access_denied&state={state}")
        assert (denied.status_code, "未同意本次登录" in denied.text) == (422, True)
        state = httpx.URL(await begun(browser)).params["state"]
        made_up = await browser.get(f"/login/provider/back?code=made-up&state={state}")
        assert (made_up.status_code, "无法核实" in made_up.text) == (422, True)
        state = httpx.URL(await begun(browser)).params["state"]
        mixed_up = await browser.get(f"/login/provider/back?code=x&state={state}&iss=https://other.example")
        assert (mixed_up.status_code, "已失效" in mixed_up.text) == (422, True)


async def test_a_token_for_another_client_opens_nothing(signing: Portal, running: RunningProvider) -> None:
    await running.again(mislabelled="another")
    async with signing.browser() as browser:
        answer = await arrive(browser, "wang")
        assert (answer.status_code, "无法核实" in answer.text) == (422, True)
    await running.again(mislabelled="")


async def test_keys_of_the_provider_change(signing: Portal, running: RunningProvider) -> None:
    async with signing.browser() as browser:
        assert (await arrive(browser, "wang")).status_code == 303
        await running.again(key_number=running.key_number + 1)
        assert (await arrive(browser, "wang")).status_code == 303


async def test_while_the_provider_is_away_local_accounts_come_in(signing: Portal, running: RunningProvider) -> None:
    await signing.account("other")
    async with signing.browser() as browser:
        way = await begun(browser)
        running.stop()
        state = httpx.URL(way).params["state"]
        back = await browser.get(f"/login/provider/back?code=x&state={state}")
        assert (back.status_code, back.headers["retry-after"]) == (503, "5")
        provider = signing.app.state.portal.provider
        provider._told = None
        away = await browser.get("/login/provider?next=/me")
        assert away.status_code == 503
        assert "暂时无法访问" in away.text
        assert (await sign_in(browser, "other")).status_code == 303
    running.start()


async def test_an_account_that_is_disabled_here_stays_out(signing: Portal) -> None:
    async with signing.browser() as browser:
        await arrive(browser, "wang")
        async with transaction(signing.engine) as conn:
            account = await store.find_account(conn, "wang")
            assert account is not None
            await store.disable(conn, account.id, signing.at)
        assert (await browser.get("/me")).status_code == 303
        answer = await arrive(browser, "wang")
        assert (answer.status_code, "已停用" in answer.text) == (422, True)


async def test_without_a_provider_there_is_no_such_page(portal: Portal) -> None:
    async with portal.browser() as browser:
        for path in ("/login/provider", "/login/provider/back", "/login/provider/leave"):
            assert (await browser.get(path)).status_code == 404
        assert "统一身份认证" not in (await browser.get("/login")).text
