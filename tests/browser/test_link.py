"""An office without an account acts on one referral by a link: made, used, over, revoked."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import City
from tests.browser.steps import FOR_AXE, fit, open_referral, register

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]


async def made(maker: Page) -> str:
    """The address of a new link, from the page of a referral."""
    await maker.click("text=外单位办理链接")
    await maker.click("main button:text-is('生成链接')")
    return (await maker.locator("section:has(#h-new) bdi").inner_text()).strip()


async def test_an_outside_office_signs_and_returns_by_link(city: City) -> None:
    clerk, officer, outsider = await city.signed_in("window"), await city.signed_in("schools"), await city.person()
    number = await register(clerk, "education.school_placement", "赵六（示例）", "转学到实验小学")
    await open_referral(officer, number)
    referral = officer.url.rpartition("/")[2]
    address = await made(officer)
    assert address.startswith(f"{city.url}/link/open/")
    await outsider.goto(address)
    await expect(outsider).to_have_url(f"{city.url}/link/{referral}")
    await expect(outsider.locator("main")).to_contain_text("您正以张北县教育局名义办理本件")
    await expect(outsider.locator("main")).to_contain_text("转学到实验小学")
    await expect(outsider.locator("nav")).to_have_count(0)
    await outsider.click("main button:text-is('签收')")
    await expect(outsider.locator(".told")).to_have_text("已签收。")
    await outsider.locator("section:has(#h-clocks) a").first.click()
    await expect(outsider.locator("h1")).to_have_text("期限依据")
    await outsider.click("text=返回")
    await outsider.click("summary:has-text('申请退件')")
    await outsider.click("details[open] button")
    await expect(outsider.locator(".summary")).to_be_visible()
    await outsider.select_option("#reason", "not_competent")
    await outsider.fill("details[open] [name=text]", "不在本学区（示例）")
    await outsider.click("details[open] button")
    await expect(outsider.locator(".told")).to_have_text("已申请退件，等待审核。")

    await officer.goto(f"/inbox/{referral}")
    await expect(officer.locator("main")).to_contain_text("不在本学区（示例）")
    await officer.goto(f"/links/{referral}")
    await expect(officer.locator("tbody tr")).to_contain_text("4 次")
    for path in ("/inbox", "/counter", "/coordinator", f"/inbox/{referral}"):
        await outsider.goto(path)
        await expect(outsider).to_have_url(re.compile("/login"))
    await outsider.goto("/link/00000000-0000-0000-0000-000000000000")
    await expect(outsider.locator("main")).to_contain_text("链接无效")


async def test_a_link_that_is_revoked_opens_nothing_any_more(city: City) -> None:
    clerk, county, outsider = await city.signed_in("window"), await city.signed_in("county"), await city.person()
    officer = await city.signed_in("schools")
    number = await register(clerk, "education.school_placement", "钱一（示例）", "转学")
    await open_referral(officer, number)
    referral = officer.url.rpartition("/")[2]
    await clerk.goto(f"/counter/cases/{number}")
    address = await made(clerk)
    await outsider.goto(address)
    await county.goto(f"/links/{referral}")
    await expect(county.locator("tbody tr")).to_contain_text("window")
    await county.click("tbody button")
    await expect(county.locator("tbody tr")).to_contain_text("已撤销")
    await expect(county.locator("tbody tr")).to_contain_text("county")
    await outsider.click("main button:text-is('签收')")
    await expect(outsider.locator("main")).to_contain_text("链接已撤销")
    await outsider.goto(address)
    await expect(outsider.locator("main")).to_contain_text("链接已撤销")
    await outsider.goto("/link/open/nonsense")
    await expect(outsider.locator("main")).to_contain_text("链接无效")
    stranger = await city.signed_in("petitions")
    await stranger.goto(f"/links/{referral}")
    await expect(stranger.locator("h1")).to_have_text("未找到")


async def test_the_pages_of_links_are_fit_for_everybody(city: City) -> None:
    clerk, officer = await city.signed_in("window"), await city.signed_in("schools", **FOR_AXE)
    outsider = await city.person(**FOR_AXE)
    number = await register(clerk, "education.school_placement", "孙二（示例）", "转学")
    await open_referral(officer, number)
    address = await made(officer)
    await outsider.goto(address)
    await fit(officer, outsider)
    await officer.click("tbody button")
    await officer.goto(f"/language/en?next={officer.url.partition(city.url)[2]}")
    await expect(officer.locator("tbody tr")).to_contain_text("revoked")
    await outsider.goto(address)
    await fit(officer, outsider)
