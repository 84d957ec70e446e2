"""Two people on one matter at once: the second sees what the first did, and nothing is done unseen."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import City
from tests.browser.steps import FOR_AXE, fit, open_referral, register, until_text

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]
CHANGED = "您打开此页之后，此件已有变化"


async def test_two_clerks_on_one_case(city: City) -> None:
    one, other = await city.signed_in("window"), await city.signed_in("window2")
    number = await register(one, "petition.request", "李四（示例）", "村道路灯不亮")
    for clerk in (one, other):
        await clerk.goto(f"/counter/cases/{number}")
    await other.click("summary:has-text('撤回')")
    await other.select_option("details[open] [name=reason]", index=1)
    await other.click("details[open] button")
    await expect(other.locator("h1")).to_contain_text("撤回")

    await one.click("main button:text-is('受理')")
    await expect(one.locator(".summary")).to_contain_text(CHANGED)
    await expect(one.locator("h1")).to_contain_text("撤回")
    await expect(one.locator("main button:text-is('受理')")).to_have_count(0)


async def test_two_officers_on_one_referral(city: City) -> None:
    clerk = await city.signed_in("window")
    number = await register(clerk, "petition.request", "王五（示例）", "排水沟堵塞")
    await clerk.click("main button:text-is('受理')")
    one, other = await city.signed_in("petitions"), await city.signed_in("petitions")
    for officer in (one, other):
        await open_referral(officer, number)
    await one.click("main button:text-is('签收')")
    await expect(one.locator(".told")).to_have_text("已签收。")

    await other.click("summary:has-text('申请退件')")
    await other.fill("details[open] [name=text]", "不属于本单位职责（示例）")
    await other.select_option("details[open] [name=reason]", index=1)
    await other.click("details[open] button")
    await expect(other.locator(".summary")).to_contain_text(CHANGED)
    await expect(other.locator("h1")).to_contain_text("已签收")
    await expect(other.locator("details[open] [name=text]")).to_have_value("不属于本单位职责（示例）")

    await other.click("details[open] button")  # whoever still means it says so once more
    await expect(other.locator("h1")).to_contain_text("申请退件")


async def test_a_step_of_an_office_does_not_stop_the_window(city: City) -> None:
    clerk, officer = await city.signed_in("window"), await city.signed_in("petitions")
    number = await register(clerk, "petition.request", "赵六（示例）", "公厕损坏")
    await clerk.click("main button:text-is('受理')")
    await open_referral(officer, number)
    await clerk.goto(f"/counter/cases/{number}")
    await officer.click("main button:text-is('签收')")
    seen = await clerk.locator("main form [name=seen]").first.input_value()
    looking = await city.signed_in("window2")
    await looking.goto(f"/counter/cases/{number}")
    await until_text(looking, "签收")
    assert await looking.locator("main form [name=seen]").first.input_value() != seen

    await clerk.click("summary:has-text('撤回')")
    await clerk.select_option("details[open] [name=reason]", index=1)
    await clerk.click("details[open] button")
    await expect(clerk.locator("h1")).to_contain_text("撤回")


async def test_a_list_says_what_is_new_and_does_not_jump(city: City) -> None:
    clerk, officer = await city.signed_in("window"), await city.signed_in("schools", **FOR_AXE)
    await register(clerk, "education.student_aid", "冯一（示例）", "助学")
    await officer.goto("/inbox?view=new")
    rows, bar = officer.locator("tbody tr"), officer.locator("[data-live]")
    await expect(rows).not_to_have_count(0)
    before = await rows.count()
    await expect(bar).to_be_hidden()
    await register(clerk, "education.student_aid", "冯二（示例）", "助学")
    await expect(bar).to_contain_text("有 1 件新到。")
    await expect(officer).to_have_title(re.compile(r"^\(1\) "))
    await expect(rows).to_have_count(before)
    await fit(officer)
    await bar.locator("a").click()
    await expect(rows).to_have_count(before + 1)
    await expect(bar).to_be_hidden()


async def test_what_a_page_asks_for_by_itself_keeps_nobody_signed_in(city: City) -> None:
    clerk = await city.signed_in("window", java_script_enabled=True)
    reading = "fetch('/live/counter').then((answer) => answer.status + answer.headers.get('content-type'))"
    assert "200text/event-stream" in await clerk.evaluate(reading)
    await expect(clerk.locator("[data-live]")).to_be_hidden()
    await clerk.context.clear_cookies(name="yimen_session")
    assert "text/event-stream" not in await clerk.evaluate(reading)
    officer = await city.signed_in("schools")
    for name in ("counter", "nothing", "board%00"):
        assert (await officer.request.get(f"/live/{name}")).status == 404
