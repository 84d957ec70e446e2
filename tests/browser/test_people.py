"""A person at the counter: found by what they say, with what they and their household have brought."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import City
from tests.browser.steps import FOR_AXE, fit, register

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]


async def test_a_person_is_found_with_their_cases(city: City) -> None:
    clerk = await city.signed_in("window", **FOR_AXE)
    numbers = [
        await register(clerk, category, "冯十一（示例）", "反映（示例）", phone="0313-0000011")
        for category in ("petition.request", "housing.public_rental")
    ]
    await clerk.click("nav a:text-is('对象管理')")
    await clerk.click("main button:text-is('查找')")
    await expect(clerk.locator(".summary")).to_contain_text("身份证号、电话、户编号、姓名中的至少一项")
    await clerk.fill("#name", "冯")
    await clerk.click("main button:text-is('查找')")
    await expect(clerk.locator("#name-fault")).to_contain_text("两个字")
    await clerk.fill("#name", "冯十")
    await clerk.fill("#phone", "0313 0000011")
    await clerk.click("main button:text-is('查找')")
    await expect(clerk.locator("#h-found")).to_have_text("找到 1 人")
    assert clerk.url.endswith("/counter/people")
    for number in numbers:
        await expect(clerk.locator("section.card:has(#person-1)")).to_contain_text(number)
    await fit(clerk)
    await clerk.fill("#phone", "0313 0000012")
    await clerk.click("main button:text-is('查找')")
    await expect(clerk.locator("#h-found")).to_have_text("没有查到相符的人员")
    other = await register(clerk, "petition.request", "冯改名（示例）", "反映（示例）", phone="0313-0000013")
    same = await register(clerk, "petition.request", "冯改名（示例）", "反映（示例）", phone="0313-0000011")
    await clerk.goto("/counter/people")
    await clerk.fill("#name", "冯改名")
    await clerk.click("main button:text-is('查找')")
    await expect(clerk.locator("#h-found")).to_have_text("找到 2 人")
    await clerk.click("summary:text-is('合并为同一对象')")
    await clerk.select_option("#one", other)
    await clerk.select_option("#other", same)
    await fit(clerk)
    await clerk.click("main button:text-is('合并为同一对象')")
    await expect(clerk.locator(".told")).to_have_text("已合并为同一对象。")
    await clerk.fill("#name", "冯改名")
    await clerk.click("main button:text-is('查找')")
    await expect(clerk.locator("#h-found")).to_have_text("找到 1 人")
    await clerk.click("main button:text-is('拆分')")
    await expect(clerk.locator(".told")).to_have_text("已拆分。")
