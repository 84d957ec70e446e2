"""What people do in several stories."""

import asyncio
import re

from playwright.async_api import Page, expect

from tests.browser.conftest import faults_of

FOR_AXE = {"java_script_enabled": True, "bypass_csp": True}
"""How a person is signed in whose pages `fit` looks at: axe is a script, and never ends where scripts are off."""
PHONE = {"width": 360, "height": 740}
NUMBER = re.compile(r"\d{6}-\d{8}-\d{5}-\d")


async def register(page: Page, category: str, name: str, summary: str, *, phone: str = "") -> str:
    """The number of the case."""
    await page.goto(f"/counter/new?category={category}")
    await page.fill("[id='applicant.name']", name)
    await page.fill("[id='applicant.phone']", phone)
    await page.fill("#summary", summary)
    await page.click("main button:text-is('登记')")
    await expect(page.locator(".told")).to_have_text("已登记。")
    return (await page.locator("dd.number").inner_text()).strip()


async def open_referral(page: Page, number: str) -> None:
    """It takes a moment from the window to the office."""
    for _ in range(100):
        await page.goto("/inbox")
        row = page.locator("tr", has_text=number)
        if await row.count():
            await row.locator("th a").click()
            break
        await asyncio.sleep(0.2)
    for _ in range(100):
        if not await page.get_by_text("正在同步").count():
            return
        await asyncio.sleep(0.2)
        await page.reload()
    raise AssertionError(await page.content())


async def until_text(page: Page, text: str) -> None:
    for _ in range(100):
        if await page.get_by_text(text).count():
            return
        await asyncio.sleep(0.2)
        await page.reload()
    raise AssertionError(f"{text} never stood on {page.url}")


async def code_of(clerk: Page) -> str:
    """The code of the receipt, as it stands on the page after registering."""
    return (await clerk.locator(".code").inner_text()).strip()


async def look_up(page: Page, number: str, code: str) -> None:
    await page.goto(f"/status?number={number}")
    await page.fill("#receipt", code)
    await page.click("main button:text-is('查询')")


async def solve(officer: Page, number: str) -> None:
    """Signed, accepted and completed."""
    await open_referral(officer, number)
    await officer.click("main button:text-is('签收')")
    await officer.click("main button:text-is('接收承办')")
    await officer.click("summary:has-text('办结')")
    await officer.fill("details[open] [name=text]", "已办结（示例）")
    await officer.click("details[open] button")
    await expect(officer.locator(".told")).to_have_text("已办结，窗口将回访申请人。")


async def fit(*pages: Page) -> None:
    """Axe finds nothing, dark or light, and nothing is wider than a phone."""
    for page in pages:
        await page.emulate_media(color_scheme="dark")
        faults = await faults_of(page, "color-contrast")  # the one rule that looks at colours
        await page.emulate_media(color_scheme="light")
        faults += await faults_of(page)
        assert faults == [], (page.url, faults)
        await page.set_viewport_size(PHONE)
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url
