"""A village assistant hands matters in for applicants of the own village; a window notes that nobody was reached."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import City
from tests.browser.steps import code_of, fit, look_up, register, solve, until_text
from tests.pictures import png

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]


async def test_an_assistant_acts_for_an_applicant_of_the_own_village(city: City) -> None:
    assistant, clerk, applicant = await city.signed_in("village"), await city.signed_in("window"), await city.person()
    await expect(assistant).to_have_url(re.compile("/counter$"))
    await expect(assistant.locator("h1")).to_have_text("代办事项")
    await assistant.goto("/counter/new?category=social_security.work_injury_recognition")
    await expect(assistant.locator("#elsewhere")).to_have_count(0)
    await assistant.fill("[id='applicant.name']", "周八（示例）")
    await assistant.fill("#summary", "在工地受伤")
    await assistant.click("main button:text-is('登记')")
    await expect(assistant.locator(".summary")).to_contain_text("代办同意方式")
    await expect(assistant.locator("#summary")).to_have_value("在工地受伤")
    await assistant.select_option("#consent", "written")
    await assistant.click("main button:text-is('登记')")
    await expect(assistant.locator(".told")).to_have_text("已登记。")
    number, code = (await assistant.locator("dd.number").inner_text()).strip(), await code_of(assistant)
    main = assistant.locator("main")
    await expect(main).to_contain_text("书面委托")
    for hidden in ("在工地受伤", "周八"):
        await expect(main).not_to_contain_text(hidden)
    await expect(main.locator("summary")).to_have_text(["收到补正材料"])
    paper = {"name": "诊断书.png", "mimeType": "image/png", "buffer": png()}
    await assistant.set_input_files("#attach-file", [paper])
    await assistant.click("button:text-is('上传')")
    await expect(assistant.locator(".told")).to_have_text("附件已收下。")
    await expect(main).to_contain_text("您无权查看附件，但可以添加。")
    await assistant.click("a.button:has-text('打印回执')")
    await expect(assistant.locator(".code")).to_have_text(code)

    await clerk.goto(f"/counter/cases/{number}")
    await expect(clerk.locator("main")).to_contain_text("村级代办员")
    await clerk.click("summary:has-text('一次性告知')")
    await clerk.click("details[open] button")
    await expect(clerk.locator("h1")).to_contain_text("待补正")
    await assistant.goto("/counter?view=supplement")
    await assistant.locator("tr", has_text=number).locator("th a").click()
    await assistant.click("summary:has-text('收到补正材料')")
    await assistant.click("details[open] button")
    await expect(assistant.locator("h1")).to_contain_text("已受理")
    await look_up(applicant, number, code)
    await expect(applicant).to_have_url(re.compile("/status/case$"))


async def test_an_assistant_sees_no_other_village_and_does_no_more_than_hand_in(city: City) -> None:
    assistant, clerk = await city.signed_in("village"), await city.signed_in("window")
    number = await register(clerk, "education.student_aid", "吴九（示例）", "助学")
    await assistant.goto(f"/counter/cases/{number}")
    await expect(assistant.locator("h1")).to_have_text("未找到")
    for path in ("/inbox", "/coordinator", "/admin", "/reads"):
        await assistant.goto(path)
        await expect(assistant.locator("h1")).to_have_text("无权办理")


async def test_a_call_that_reached_nobody_is_on_record_and_ends_nothing(city: City) -> None:
    clerk, officer = await city.signed_in("window"), await city.signed_in("petitions")
    number = await register(clerk, "petition.request", "郑一（示例）", "反映情况")
    await clerk.click("main button:text-is('受理')")
    await solve(officer, number)
    await clerk.goto(f"/counter/cases/{number}")
    await until_text(clerk, "回访未接通")
    await clerk.check("#satisfied-unreached")
    await clerk.click("section button:has-text('回访')")
    await expect(clerk.locator("h1")).to_contain_text("待回访")
    await expect(clerk.locator(".story")).to_contain_text("回访未接通")
    await clerk.check("#satisfied-yes")
    await clerk.click("section button:has-text('回访')")
    await expect(clerk.locator("h1")).to_contain_text("已结案")


async def test_the_pages_of_the_village_are_fit_for_everybody(city: City) -> None:
    assistant = await city.signed_in("village", java_script_enabled=True, bypass_csp=True)
    await fit(assistant)
    await assistant.goto("/counter/new?category=education.student_aid")
    await assistant.click("main button:text-is('登记')")
    await expect(assistant.locator(".summary")).to_be_visible()
    await fit(assistant)
    await assistant.goto("/language/en?next=/counter/new?category=education.student_aid")
    await expect(assistant.locator("main")).to_contain_text("Say how the applicant agreed")
    await fit(assistant)
