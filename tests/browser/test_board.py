"""The board at the portal: figures of the own area, and for an officer of the own office."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import City
from tests.browser.steps import FOR_AXE, fit, open_referral, register, until_text

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]


async def test_everybody_sees_the_figures_of_the_own_area_or_office(city: City) -> None:
    clerk, officer = await city.signed_in("window"), await city.signed_in("schools", **FOR_AXE)
    county, ops = await city.signed_in("county", **FOR_AXE), await city.signed_in("ops")
    number = await register(clerk, "education.school_placement", "钱二（示例）", "转学")
    await open_referral(officer, number)
    await officer.goto("/board")
    await until_text(officer, "张北县教育局")
    await expect(officer.locator("h1")).to_contain_text("张北县教育局")
    await fit(officer)
    await county.goto("/board")
    await expect(county.locator("h1")).to_contain_text("张北县")
    await county.click("text=张北镇 >> nth=0")
    await expect(county.locator("h1")).to_contain_text("张北镇")
    await county.click("text=上一级地区")
    await county.locator(".tiles a").first.click()
    await expect(county.locator("#h-counted")).to_be_visible()
    await fit(county)
    await county.goto("/board?wall=1")
    await expect(county.locator("nav, .self").first).to_be_hidden()
    foreign = await county.goto("/board?area=130723000000")
    assert foreign is not None
    assert foreign.status == 403
    await ops.goto("/")
    await expect(ops.locator("h1")).to_contain_text("看板")
    await clerk.goto("/board")
    await expect(clerk.locator("h1")).to_have_text("无权办理")


async def test_a_wall_shows_what_is_new_by_itself_and_is_never_loaded_again(city: City) -> None:
    clerk, county = await city.signed_in("window"), await city.signed_in("county", java_script_enabled=True)
    plain = await city.signed_in("county")
    await county.goto("/board?wall=1")
    tile = county.locator(".tiles").first.locator("dd").first
    before = int(await tile.inner_text())
    await county.evaluate("document.body.dataset.stays = 'yes'")
    await register(clerk, "education.school_placement", "孙三（示例）", "转学")
    await expect(tile).to_have_text(str(before + 1))
    await expect(county.locator("body")).to_have_attribute("data-stays", "yes")
    await expect(county.locator("[data-fullscreen]")).to_be_visible()
    await plain.goto("/board?wall=1")
    await expect(plain.locator("meta[http-equiv=refresh]")).to_have_count(1)


async def test_months_are_drawn_and_can_be_read_as_a_table(city: City) -> None:
    county = await city.signed_in("county", **FOR_AXE)
    await county.goto("/board")
    await county.click("text=历史趋势")
    await expect(county.locator("h1")).to_contain_text("张北县")
    await expect(county.locator("svg.chart")).to_have_count(13)
    row = county.locator("tbody tr").last
    await expect(row.locator("th")).to_have_text("2026-03")
    assert int(await row.locator("td").first.inner_text()) >= 1
    await fit(county)
    await county.click("text=张北镇 >> nth=0")
    await expect(county.locator("h1")).to_contain_text("张北镇")
    await county.click("text=近 24 个月")
    await expect(county.locator("tbody tr")).to_have_count(24)
    officer, head = await city.signed_in("schools"), await city.signed_in("head")
    await head.click("nav a:text-is('看板')")
    await expect(head.locator("h1")).to_contain_text("张北县教育局")
    await officer.goto("/board/history?months=6")
    await expect(officer.locator("h1")).to_contain_text("张北县教育局")
    foreign = await county.goto("/board/history?area=130723000000")
    assert foreign is not None
    assert foreign.status == 403
