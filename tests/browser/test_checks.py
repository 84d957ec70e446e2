"""An information check as people live it: agreed to at the window, asked, answered, read, and ended by a withdrawal."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import SCHOOLS, City
from tests.browser.steps import FOR_AXE, code_of, fit, look_up, open_referral, register, until_text

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]
QUESTION, ANSWER = "该学生是否在籍（示例）？", "在籍（示例）。"


async def agree(clerk: Page, purpose: str) -> None:
    await clerk.click("summary:has-text('登记核对授权')")
    await clerk.select_option("details[open] [name=purpose]", purpose)
    await clerk.select_option("details[open] [name=consent]", "written")
    await clerk.click("details[open] button")
    await expect(clerk.locator(".told")).to_contain_text("授权已登记")


async def ask(officer: Page, purpose: str) -> None:
    await officer.click("summary:has-text('请求核对')")
    await officer.select_option("details[open] [name='attributes.office']", SCHOOLS)
    await officer.select_option("details[open] [name='attributes.purpose']", purpose)
    await officer.fill("details[open] [name=text]", QUESTION)
    await officer.click("details[open] button")
    await expect(officer.locator(".told")).to_have_text("已请求核对，等待答复。")


async def test_a_check_is_agreed_to_asked_answered_and_read(city: City) -> None:
    clerk, officer, asked = [await city.signed_in(who, **FOR_AXE) for who in ("window", "petitions", "schools")]
    number = await register(clerk, "petition.request", "郑十（示例）", "请求协调入学（示例）")
    await clerk.click("main button:text-is('受理')")
    await open_referral(officer, number)
    await officer.click("main button:text-is('签收')")
    await officer.click("main button:text-is('接收承办')")
    await officer.click("summary:has-text('请求核对')")
    await expect(officer.locator("details[open]")).to_contain_text("申请人尚未授权核对")

    await clerk.goto(f"/counter/cases/{number}")
    await agree(clerk, "status_check")
    await clerk.click("section:has(#h-documents) a:has-text('信息核对授权书')")
    await expect(clerk.locator("article")).to_contain_text("身份、户籍和婚姻状况核对")

    await officer.reload()
    await ask(officer, "status_check")
    await open_referral(asked, number)
    main = asked.locator("main")
    await expect(main).to_contain_text(QUESTION)
    await expect(main).not_to_contain_text("请求协调入学")
    await expect(main).not_to_contain_text("郑十")
    await asked.click("main button:text-is('查看')")
    await expect(main).to_contain_text("郑十（示例）")
    await fit(asked)
    await asked.click("summary:has-text('办结')")
    await asked.click("details[open] button")
    await expect(asked.locator(".summary")).to_contain_text("须写明核对结果")
    await asked.fill("details[open] [name=text]", ANSWER)
    await asked.click("details[open] button")
    await expect(asked.locator(".told")).to_have_text("核对结果已答复。")
    await expect(asked.locator("h1")).to_contain_text("已办结")

    await officer.goto("/inbox")
    await open_referral(officer, number)
    await officer.click("a:has-text('查看问题与结果')")
    await expect(officer.locator("main")).to_contain_text(ANSWER)
    await fit(officer)
    await clerk.goto(f"/counter/cases/{number}")
    await clerk.click("a:has-text('查看问题与结果')")
    await expect(clerk.locator("main")).to_contain_text(QUESTION)
    await expect(clerk.locator("main")).to_contain_text(ANSWER)


async def test_a_withdrawal_ends_it_for_everybody(city: City) -> None:
    clerk, officer, asked, applicant = [
        *[await city.signed_in(who, **FOR_AXE) for who in ("window", "petitions", "schools")],
        await city.person(**FOR_AXE),
    ]
    number = await register(clerk, "petition.request", "郑十一（示例）", "请求协调（示例）")
    code = await code_of(clerk)
    await clerk.click("main button:text-is('受理')")
    await agree(clerk, "status_check")
    await open_referral(officer, number)
    await officer.click("main button:text-is('签收')")
    await officer.click("main button:text-is('接收承办')")
    await ask(officer, "status_check")
    await open_referral(asked, number)

    await look_up(applicant, number, code)
    await applicant.click("main button:text-is('撤回授权')")
    await expect(applicant.locator(".told")).to_have_text("授权已撤回。")
    await until_text(asked, "核对已经结束，问题不再显示。")
    await expect(asked.locator("h1")).to_contain_text("已撤销")
    await expect(asked.locator("summary")).to_have_count(0)
    await until_text(clerk, "申请人撤回核对授权")
    await expect(clerk.locator("section:has(#h-checks)")).to_contain_text("已撤回")
    await fit(clerk, applicant)
    await agree(clerk, "status_check")
    await clerk.click("main button:text-is('撤回授权')")
    await expect(clerk.locator(".told")).to_contain_text("授权已撤回")
