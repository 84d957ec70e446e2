"""The status page before a real intake: tries are counted, nothing can be enumerated, a pass ends."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from libraries.runtime.web.auth import Principal, Role
from services.portal.remote import Services
from tests.databases import fresh_database
from tests.integration.intake.clients import open_client
from tests.integration.intake.test_registration import a_submission
from tests.integration.portal.conftest import KEY, Portal
from tests.integration.web import KEY as INTAKES_KEY
from tests.integration.web import bearer

assert INTAKES_KEY == KEY
WINDOW = Principal(subject="clerk", role=Role.CLERK, office="township-130722100000")
CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@pytest.fixture
async def receipt(portal: Portal, postgres: str) -> AsyncIterator[dict[str, str]]:
    """Of a case at a real intake, to which the portal turns."""
    async with fresh_database(postgres, "intake") as database, open_client(database) as (http, _):
        wired = portal.app.state.portal
        urls = {**wired.services.urls, "intake": str(http.base_url).rstrip("/")}
        services = Services(client=wired.services.client, urls=urls, token_key=KEY)
        portal.app.state.portal = replace(wired, services=services)
        told = await http.post("/v1/cases", content=a_submission(), headers=bearer(WINDOW))
        yield told.json()


async def tries(browser: httpx.AsyncClient, number: str, code: str) -> httpx.Response:
    csrf = CSRF.findall((await browser.get("/status")).text)[0]
    return await browser.post("/status", data={"csrf": csrf, "number": number, "receipt": code})


async def test_a_pass_opens_one_case_and_ends(portal: Portal, receipt: dict[str, str]) -> None:
    async with portal.browser() as browser:
        answer = await tries(browser, receipt["number"], receipt["receipt"])
        assert (answer.status_code, answer.headers["location"]) == (303, "/status/case")
        cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("yimen_status"))
        assert "HttpOnly" in cookie
        assert "Path=/status" in cookie
        shown = await browser.get("/status/case")  # routing is away, and the page says so
        assert shown.status_code == 503
        portal.passes(timedelta(minutes=31))
        over = await browser.get("/status/case")
        assert (over.status_code, over.headers["location"]) == (303, "/status")


async def test_tries_at_a_number_are_counted_from_wherever_they_come(portal: Portal, receipt: dict[str, str]) -> None:
    for number in range(5):
        async with portal.browser(address=f"10.0.0.{number}") as browser:
            spelled = receipt["number"].replace("-", "－") if number % 2 else receipt["number"]
            assert (await tries(browser, spelled, "0")).status_code == 422
    async with portal.browser(address="10.0.1.1") as browser:
        locked = await tries(browser, receipt["number"], receipt["receipt"])
        assert locked.status_code == 429
        portal.passes(timedelta(minutes=16))
        assert (await tries(browser, receipt["number"], receipt["receipt"])).status_code == 303


async def test_tries_from_an_address_are_counted_whatever_the_number(portal: Portal, receipt: dict[str, str]) -> None:
    async with portal.browser(address="10.9.9.9") as browser:
        for number in range(50):
            assert (await tries(browser, f"130722-20200101-{number:05d}-0", "0")).status_code == 422
        assert (await tries(browser, receipt["number"], receipt["receipt"])).status_code == 429


async def test_a_wrong_code_and_an_unknown_number_are_told_alike(portal: Portal, receipt: dict[str, str]) -> None:
    async with portal.browser() as browser:
        told = []
        for number, code in ((receipt["number"], "1"), ("130722-20200101-00001-5", receipt["receipt"]), ("x", "")):
            answer = await tries(browser, number, code)
            plain = CSRF.sub("", answer.text).replace(f'value="{number}"', "")
            told.append((answer.status_code, plain))
        assert told[0] == told[1] == told[2]


async def test_a_try_that_nobody_could_look_at_is_not_counted(portal: Portal) -> None:
    async with portal.browser() as browser:
        for _ in range(7):
            assert (await tries(browser, "130722-20200101-00001-5", "1")).status_code == 503


async def test_what_was_not_opened_is_not_acted_on(portal: Portal, receipt: dict[str, str]) -> None:
    async with portal.browser() as browser:
        csrf = CSRF.findall((await browser.get("/status")).text)[0]
        for path in ("/status/rate", "/status/reopen", "/status/leave", "/status/nothing"):
            answer = await browser.post(path, data={"csrf": csrf, "satisfied": "yes"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/status")
        assert (await browser.post("/status/rate", data={"satisfied": "yes"})).status_code == 403
