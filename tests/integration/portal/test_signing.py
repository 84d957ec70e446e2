"""Signing in on a real database: sessions, forged forms, throttle, first password, and what stays on record."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from contracts.codes import Role
from libraries.runtime.database.engine import transaction
from services.portal import store
from services.portal.domain.accounts import LOCKED_FOR, MOST_FAILURES
from services.portal.domain.sessions import LONGEST
from tests.integration.portal.conftest import HOME, PASSWORD, Portal

CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


async def csrf_of(browser: httpx.AsyncClient, path: str) -> str:
    found = CSRF.search((await browser.get(path)).text)
    assert found is not None
    return found[1]


async def sign_in(browser: httpx.AsyncClient, login: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    fields = {"csrf": await csrf_of(browser, "/login"), "login": login, "password": password, **more}
    return await browser.post("/login", data=fields)


async def test_a_cookie_that_no_script_reads_and_no_token(portal: Portal) -> None:
    await portal.account("window")
    async with portal.browser() as browser:
        answer = await sign_in(browser, " Window ", next="/me")
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        page = await browser.get("/me")
        assert page.status_code == 200
        assert "eyJ" not in page.text
        assert "script" not in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        await browser.post("/logout", data={"csrf": await csrf_of(browser, "/me")})
    async with transaction(portal.engine) as conn:
        rows = await conn.execute(text("SELECT what, subject, role, about FROM audit_entries ORDER BY id"))
        told = [tuple(row) for row in rows if row.what.startswith(("sign_in", "session"))]
        account = str((await store.list_accounts(conn))[0].id)
    assert told == [
        ("sign_in.ok", "anonymous", "", account),
        ("session.begun", "anonymous", "", account),
        ("session.ended", account, "clerk", account),
    ]


async def test_behind_tls_cookies_are_for_tls_alone_and_forms_for_that_origin(portal: Portal) -> None:
    await portal.account("window")
    portal.app.state.portal = replace(portal.app.state.portal, origin="https://yimen.example")
    async with portal.browser(origin="https://yimen.example") as browser:
        shown = await browser.get("/login")
        assert "Secure" in shown.headers["set-cookie"]
        assert "max-age" in shown.headers["strict-transport-security"]
    async with portal.browser() as browser:
        assert (await browser.post("/login", data={"login": "window"})).status_code == 403


@pytest.mark.parametrize("login", ["window", "nobody"])
async def test_after_five_failures_a_name_waits_whether_it_is_there_or_not(portal: Portal, login: str) -> None:
    await portal.account("window")
    async with portal.browser() as browser:
        for _ in range(MOST_FAILURES):
            assert (await sign_in(browser, login, "wrong wrong")).status_code == 422
        locked = await sign_in(browser, login)
        assert locked.status_code == 429
        assert "15 分钟" in locked.text
        portal.passes(LOCKED_FOR + timedelta(seconds=1))
        assert (await sign_in(browser, login)).status_code == (303 if login == "window" else 422)


async def test_a_hundred_guesses_at_once_are_five(portal: Portal) -> None:
    await portal.account("window")
    async with portal.browser() as browser:
        csrf = await csrf_of(browser, "/login")
        fields = {"csrf": csrf, "login": "window", "password": "wrong wrong"}
        answers = await asyncio.gather(*(browser.post("/login", data=fields) for _ in range(30)))
    assert sum(answer.status_code == 422 for answer in answers) == MOST_FAILURES


async def test_an_address_that_guesses_names_waits_and_others_do_not(portal: Portal) -> None:
    await portal.account("window")
    async with transaction(portal.engine) as conn:
        await conn.execute(
            text(
                "INSERT INTO logins (at, name_hash, address, outcome)"
                " SELECT :at, n::text::bytea, '10.0.0.9', 'wrong' FROM generate_series(1, 50) AS n"
            ),
            {"at": portal.at},
        )
    async with portal.browser(address="10.0.0.9") as guesser, portal.browser() as other:
        assert (await sign_in(guesser, "window")).status_code == 429
        assert (await sign_in(other, "window")).status_code == 303


async def test_a_form_from_elsewhere_or_without_its_secret_does_nothing(portal: Portal) -> None:
    await portal.account("window")
    async with portal.browser() as browser:
        await sign_in(browser, "window")
        csrf = await csrf_of(browser, "/me")
        for fields, headers in (
            ({}, {}),
            ({"csrf": "0" * 80}, {}),
            ({"csrf": csrf}, {"origin": "https://evil.example"}),
            ({"csrf": csrf}, {"origin": "null"}),
        ):
            assert (await browser.post("/logout", data=fields, headers=headers)).status_code == 403
        assert (await browser.get("/me")).status_code == 200
    async with portal.browser() as other:
        await portal.account("other")
        await sign_in(other, "other")
        assert (await other.post("/logout", data={"csrf": csrf})).status_code == 403


async def test_a_session_ends_after_an_idle_hour_and_a_working_day(portal: Portal) -> None:
    await portal.account("window")
    async with portal.browser() as browser:
        await sign_in(browser, "window")
        portal.passes(timedelta(minutes=59))
        assert (await browser.get("/me")).status_code == 200
        portal.passes(timedelta(minutes=61))
        assert (await browser.get("/me")).headers["location"] == "/login?next=%2Fme"
        await sign_in(browser, "window")
        for _ in range(int(LONGEST / timedelta(minutes=50))):
            portal.passes(timedelta(minutes=50))
            assert (await browser.get("/me")).status_code == 200
        portal.passes(timedelta(minutes=30))
        assert (await browser.get("/me")).status_code == 303


async def test_signing_in_makes_a_new_secret_and_signing_out_ends_it(portal: Portal) -> None:
    await portal.account("window")
    async with portal.browser() as browser:
        browser.cookies.set("yimen_session", "chosen-by-somebody-else", domain="portal.test")
        await sign_in(browser, "window")
        secret = browser.cookies["yimen_session"]
        assert secret != "chosen-by-somebody-else"
        await browser.post("/logout", data={"csrf": await csrf_of(browser, "/me")})
        browser.cookies.set("yimen_session", secret, domain="portal.test")
        assert (await browser.get("/me")).status_code == 303


async def test_one_sees_where_one_is_signed_in_and_ends_it_there(portal: Portal) -> None:
    account = await portal.account("window")
    async with portal.browser() as here, portal.browser(**{"user-agent": "<b>lost phone</b>"}) as there:
        await sign_in(there, "window")
        await sign_in(here, "window")
        shown = (await here.get("/me")).text
        assert "&lt;b&gt;lost phone&lt;/b&gt;" in shown
        async with transaction(portal.engine) as conn:
            sessions = await store.list_sessions(conn, account, portal.at)
        lost = next(one for one in sessions if "lost" in one.agent)
        await here.post(f"/me/sessions/{lost.id}/end", data={"csrf": await csrf_of(here, "/me")})
        assert (await there.get("/me")).status_code == 303
        assert (await here.get("/me")).status_code == 200


async def test_the_first_password_is_changed_before_anything_else_and_ends_other_sessions(portal: Portal) -> None:
    await portal.account("window", first=True)
    async with portal.browser() as browser, portal.browser() as other:
        for one in (browser, other):
            assert (await sign_in(one, "window")).headers["location"] == "/password"
            assert (await one.get("/counter")).headers["location"] == "/password"
        fields = {"csrf": await csrf_of(browser, "/password"), "old": "no", "new": "short", "again": "x"}
        refused = await browser.post("/password", data=fields)
        assert refused.status_code == 422
        assert all(told in refused.text for told in ("现密码不正确", "至少 10 个字符", "不一致"))
        fields |= {"old": PASSWORD, "new": "four green chairs", "again": "four green chairs"}
        assert (await browser.post("/password", data=fields)).headers["location"] == "/"
        assert (await browser.get("/me")).status_code == 200
        assert (await other.get("/me")).status_code == 303
        assert (await sign_in(other, "window", "four green chairs")).status_code == 303


async def test_a_disabled_account_is_out_at_once(portal: Portal) -> None:
    account = await portal.account("window")
    async with portal.browser() as browser:
        await sign_in(browser, "window")
        async with transaction(portal.engine) as conn:
            await store.disable(conn, account, portal.at)
        assert (await browser.get("/me")).status_code == 303
        assert (await sign_in(browser, "window")).status_code == 422


async def test_one_acts_as_one_post_at_a_time(portal: Portal) -> None:
    account = await portal.account("both")
    office = "education-130722000000"
    async with transaction(portal.engine) as conn:
        await store.add_post(conn, account, role=Role.OFFICER, office=office, area=office[-12:], code="")
        held = (await store.find_account(conn, "both")).posts
    async with portal.browser() as browser:
        await sign_in(browser, "both")
        assert (await browser.get("/inbox")).status_code == 403
        officer = next(post for post in held if post.role is Role.OFFICER)
        await browser.post("/me/post", data={"csrf": await csrf_of(browser, "/me"), "post": str(officer.id)})
        assert (await browser.get("/")).headers["location"] == "/inbox"
        assert (await browser.get("/counter")).status_code == 403


async def test_what_was_typed_into_a_dead_session_comes_back(portal: Portal) -> None:
    await portal.account("window")
    async with portal.browser() as browser:
        await sign_in(browser, "window")
        portal.passes(timedelta(hours=2))
        typed = {"csrf": "old", "category": "petition.request", "summary": '"><script>'}
        asked = await browser.post("/counter/new", data=typed)
        assert asked.status_code == 401
        assert 'name="kept.summary" value="&#34;&gt;&lt;script&gt;"' in asked.text
        assert "kept.csrf" not in asked.text
        kept = {"kept.category": "petition.request", "kept.summary": '"><script>', "next": "/counter/new"}
        again = await sign_in(browser, "window", **kept)
        assert again.status_code == 200
        assert 'action="/counter/new"' in again.text
        fields = {"csrf": CSRF.findall(again.text)[-1], "review": "1", "category": "petition.request", "summary": "x"}
        form = await browser.post("/counter/new", data=fields)
        assert form.status_code == 200
        assert "请核对后提交" in form.text


async def test_every_error_wears_the_same_look(portal: Portal) -> None:
    await portal.account("window")
    async with portal.browser() as browser:
        await sign_in(browser, "window")
        csrf = await csrf_of(browser, "/me")
        for answer, status in (
            (await browser.get("/nothing"), 404),
            (await browser.get("/counter"), 503),
            (await browser.post("/me/post", data={"csrf": csrf, "post": "x"}), 404),
            (await browser.post("/login", content=b"a=%ff"), 400),
            (await browser.put("/login"), 405),
            (await browser.get("/inbox/not-a-uuid"), 404),
        ):
            assert answer.status_code == status
            assert "/static/portal.css" in answer.text
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_form_whose_service_is_away_keeps_what_was_typed_and_its_id(portal: Portal) -> None:
    await portal.account("window")
    async with portal.browser() as browser:
        await sign_in(browser, "window")
        fields = {"csrf": await csrf_of(browser, "/me"), "category": "petition.request", "submission_id": "s-1"}
        answer = await browser.post("/counter/new", data={**fields, "summary": "typed", "applicant.name": "n"})
        assert answer.status_code == 503
        assert 'name="submission_id" value="s-1"' in answer.text
        assert "typed</textarea>" in answer.text


async def test_no_form_leads_anywhere_else(portal: Portal) -> None:
    await portal.account("window")
    async with portal.browser() as browser:
        answer = await sign_in(browser, "window", next="//evil.example/")
        assert answer.headers["location"] == "/"
        assert (await browser.get("/language/en?next=https://evil.example")).headers["location"] == "/"


async def test_health_is_open_and_tells_of_services_that_are_away(portal: Portal) -> None:
    async with portal.browser() as browser:
        assert (await browser.get("/health/live")).status_code == 200
        ready = await browser.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json()["intake"].startswith("degraded")
        assert (await browser.get(f"{HOME}/static/none.css")).status_code == 404


async def test_the_record_has_every_try_and_no_name(portal: Portal) -> None:
    account = await portal.account("window")
    async with portal.browser() as browser:
        await sign_in(browser, "three blue doors", "window")
        await sign_in(browser, "window")
    async with transaction(portal.engine) as conn:
        rows = (await conn.execute(text("SELECT account_id, outcome, address FROM logins ORDER BY login_id"))).all()
        assert [tuple(row) for row in rows] == [(None, "wrong", "10.0.0.1"), (account, "ok", "10.0.0.1")]
        await store.forget(conn, portal.at + timedelta(days=200), tries_kept=timedelta(days=180))
        assert await conn.scalar(text("SELECT count(*) FROM logins")) == 0
        assert await conn.scalar(text("SELECT count(*) FROM sessions")) == 0
