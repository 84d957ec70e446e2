"""The applicant follows the own matter with number and code of the receipt, and sees nobody's name."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import City
from tests.browser.steps import FOR_AXE, code_of, fit, look_up, open_referral, register, solve, until_text

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]
NAME = "张三（示例）"
WRONG = "编号或者查询码不正确"


async def accepted(clerk: Page, summary: str) -> tuple[str, str]:
    """Number and code."""
    number = await register(clerk, "petition.request", NAME, summary)
    code = await code_of(clerk)
    await clerk.click("main button:text-is('受理')")
    await expect(clerk.locator(".told")).to_have_text("已受理。")
    return number, code


async def test_an_applicant_follows_rates_and_reopens_a_matter(city: City) -> None:
    clerk, officer, applicant = await city.signed_in("window"), await city.signed_in("petitions"), await city.person()
    number, code = await accepted(clerk, "村口道路积水，请求维修")
    await clerk.click("a.button:has-text('打印回执')")
    await expect(clerk.locator("h1")).to_have_text("登记回执")
    await expect(clerk.locator(".code")).to_have_text(code)
    await expect(clerk.locator("svg.qr")).to_have_count(1)
    await expect(clerk.locator("article")).to_contain_text(f"/status?number={number}")
    await expect(clerk.locator("article")).not_to_contain_text(NAME)
    await expect(clerk.locator("article")).to_contain_text("信访局")

    await look_up(applicant, number, code.replace("-", ""))
    await expect(applicant).to_have_url(re.compile("/status/case$"))
    main = applicant.locator("main")
    await expect(main).to_contain_text("张北县信访局")
    await expect(main).to_contain_text("不缺材料")
    for secret in (NAME, "村口道路积水", "张三"):
        await expect(main).not_to_contain_text(secret)
    await open_referral(officer, number)
    await applicant.reload()
    await applicant.locator("section:has(#h-clocks) a").first.click()
    await expect(applicant.locator("h1")).to_have_text("期限依据")
    await applicant.click("text=返回")

    await solve(officer, number)
    await applicant.goto("/status/case")
    await until_text(applicant, "评价办理结果")
    await applicant.click("text=提交评价")
    await expect(applicant.locator(".summary")).to_contain_text("请选择满意或不满意")
    await applicant.check("#satisfied-yes")
    await applicant.click("text=提交评价")
    await expect(applicant.locator(".told")).to_have_text("已收到您的评价。")
    await expect(applicant.locator("h1")).to_contain_text("已结案")
    await applicant.click("section:has(#h-reopen) button")
    await expect(applicant.locator(".told")).to_contain_text("已重新办理")
    await clerk.goto(f"/counter/cases/{number}")
    await expect(clerk.locator(".story")).to_contain_text("申请人")
    await applicant.click("text=结束查询")
    await applicant.goto("/status/case")
    await expect(applicant).to_have_url(re.compile("/status$"))


async def test_what_is_missing_stands_there(city: City) -> None:
    clerk, applicant = await city.signed_in("window"), await city.person()
    number = await register(clerk, "social_security.work_injury_recognition", NAME, "在工地受伤")
    code = await code_of(clerk)
    await clerk.click("summary:has-text('一次性告知')")
    await clerk.click("details[open] button")
    await expect(clerk.locator("h1")).to_contain_text("待补正")
    await look_up(applicant, number, code)
    missing = applicant.locator("section:has(#h-missing)")
    await expect(missing.locator("li")).not_to_have_count(0)
    await expect(applicant.locator("section:has(#h-clocks)")).to_contain_text("截至")


async def test_a_wrong_code_tells_nothing_and_five_wait(city: City) -> None:
    clerk, applicant = await city.signed_in("window"), await city.person()
    number, code = await accepted(clerk, "咨询")
    told = []
    for typed, secret in ((number, "0000-0000-0000"), ("130722-20200101-00001-5", code), ("abc", code)):
        await look_up(applicant, typed, secret)
        await expect(applicant.locator(".summary")).to_contain_text(WRONG)
        told.append(await applicant.locator(".summary").inner_text())
    assert len(set(told)) == 1
    for _ in range(4):
        await look_up(applicant, number, "1111-1111-1111")
    await look_up(applicant, number, code)
    await expect(applicant.locator(".summary")).to_contain_text("15 分钟")
    await applicant.goto("/status/case")
    await expect(applicant).to_have_url(re.compile("/status$"))
    await applicant.context.add_cookies(
        [{"name": "yimen_status", "value": f"{'0' * 32}.{number}.9999999999.00", "url": f"{city.url}/status"}]
    )
    await applicant.goto("/status/case")
    await expect(applicant).to_have_url(re.compile("/status$"))


async def test_a_lost_code_is_issued_again_on_record(city: City) -> None:
    clerk, other, applicant = await city.signed_in("window"), await city.signed_in("window2"), await city.person()
    number, code = await accepted(clerk, "咨询")
    await other.goto(f"/counter/cases/{number}/receipt")
    await expect(other.locator("article")).to_contain_text("仅在登记或补发后十分钟内显示")
    await other.click("summary:has-text('补发查询码')")
    await other.click("details[open] button")
    again = await code_of(other)
    assert again != code
    await expect(other.locator("section:has(#h-issues) li")).to_have_count(1)
    await look_up(applicant, number, code)
    await expect(applicant.locator(".summary")).to_contain_text(WRONG)
    await look_up(applicant, number, again)
    await expect(applicant).to_have_url(re.compile("/status/case$"))


async def test_the_pages_are_fit_for_everybody(city: City) -> None:
    """Axe finds nothing, dark or light, Chinese or English; nothing is wider than a phone."""
    clerk, officer = await city.signed_in("window", **FOR_AXE), await city.signed_in("petitions")
    page = await city.person(**FOR_AXE)
    number, code = await accepted(clerk, "咨询")
    await clerk.goto(f"/counter/cases/{number}/receipt")
    await look_up(page, number, "1")
    await fit(clerk, page)
    await look_up(page, number, code)
    await fit(page)
    await solve(officer, number)
    await until_text(page, "评价办理结果")
    await page.click("text=提交评价")
    await fit(page)
    await page.goto("/language/en?next=/status/case")
    await expect(page.locator("main")).to_contain_text("Rate the result")
    await fit(page)
    await page.goto("/status")
    await expect(page.locator("h1")).to_have_text("Follow a matter")
    await fit(page)
