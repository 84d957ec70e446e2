"""Not sure which: registered, classified by the desk, put right by the coordinator, and told to the applicant."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import City
from tests.browser.steps import FOR_AXE, code_of, fit, look_up, open_referral, register, until_text

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]

AID, REIMBURSEMENT = "education.student_aid", "health.manual_reimbursement"


async def test_a_matter_is_classified_and_put_right_and_everybody_sees_both_dates(city: City) -> None:
    clerk, desk = await city.signed_in("window", **FOR_AXE), await city.signed_in("desk")
    county, applicant = await city.signed_in("county", **FOR_AXE), await city.person(**FOR_AXE)
    await clerk.goto("/counter/new")
    await clerk.click("main a:text-is('不确定属于哪一类')")
    category = clerk.url.partition("category=")[2]
    number = await register(clerk, category, "钱四（示例）", "不知道该找谁（示例）")
    code = await code_of(clerk)

    await open_referral(desk, number)
    await expect(desk.locator("main")).to_contain_text("归类时限")
    assert await desk.locator("summary:text-is('办结')").count() == 0
    await desk.click("summary:has-text('归类')")
    await desk.click("details[open] button")
    await expect(desk.locator(".summary a")).to_have_attribute("href", "#attributes.category")
    await desk.select_option("details[open] [name='attributes.category']", AID)
    await desk.click("details[open] button")
    await expect(desk.locator(".told")).to_have_text("已归类，已派至相应承办单位。")

    await _reclassify(city, county, number)
    await clerk.goto(f"/counter/cases/{number}")
    await until_text(clerk, "医疗费用手工报销")
    await until_text(clerk, "晚于原期限")
    await look_up(applicant, number, code)
    await expect(applicant.locator("main")).to_contain_text("本件于")
    await expect(applicant.locator("main")).to_contain_text("教育救助")
    await fit(clerk, applicant)


async def _reclassify(city: City, county: Page, number: str) -> None:
    schools = await city.signed_in("schools")
    await open_referral(schools, number)
    referral = schools.url.rpartition("/")[2].partition("?")[0]
    await county.goto(f"/coordinator/{referral}")
    await county.click("summary:text-is('改类')")
    await county.select_option("details[open] [name=category]", REIMBURSEMENT)
    await county.click("details[open] button")
    await expect(county.locator(".summary")).to_contain_text("原因")
    await county.select_option("details[open] [name=reason]", "wrong_category")
    await fit(county)
    await county.click("details[open] button")
    await expect(county.locator(".told")).to_have_text("已改类，已按新的事项派单。")
    await until_text(county, "教育救助 → 医疗费用手工报销")


async def test_a_window_puts_right_what_no_office_has_yet(city: City) -> None:
    clerk = await city.signed_in("window")
    await register(clerk, "petition.request", "冯五（示例）", "孩子上学（示例）")
    await clerk.click("summary:has-text('更正事项或者区划')")
    await clerk.select_option("details[open] [name=reason]", "wrong_category")
    await clerk.click("details[open] button")
    await expect(clerk.locator(".summary")).to_contain_text("没有变化")
    await clerk.select_option("details[open] [name=category]", AID)
    await clerk.click("details[open] button")
    await expect(clerk.locator(".told")).to_have_text("已更正。")
    await expect(clerk.locator("h1")).to_contain_text("教育救助")
