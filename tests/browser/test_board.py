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
    answer = await county.goto("/board?wall=1")
    assert answer is not None
    assert answer.headers["refresh"] == "30"
    foreign = await county.goto("/board?area=130723000000")
    assert foreign is not None
    assert foreign.status == 403
    await ops.goto("/")
    await expect(ops.locator("h1")).to_contain_text("看板")
    await clerk.goto("/board")
    await expect(clerk.locator("h1")).to_have_text("无权办理")
