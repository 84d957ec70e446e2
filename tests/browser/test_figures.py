"""A coordinator reads how the offices of the county did in a period, and which messages went out."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import City, faults_of
from tests.browser.steps import fit, register, solve

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]


async def test_a_coordinator_reads_and_ranks_the_offices(city: City) -> None:
    clerk, officer = await city.signed_in("window"), await city.signed_in("petitions")
    number = await register(clerk, "petition.request", "郑十（示例）", "健身器材损坏")
    await clerk.click("main button:text-is('受理')")
    await solve(officer, number)

    county = await city.signed_in("county", java_script_enabled=True)
    await county.goto("/coordinator")
    await county.click("main a:text-is('考核指标')")
    for _ in range(50):
        row = county.locator("tbody tr", has=county.locator("th", has_text="信访"))
        if await row.count():
            break
        await county.wait_for_timeout(200)
        await county.reload()
    await expect(row.locator("td.figure").nth(5)).to_contain_text("100.0 %")
    await expect(county.locator("table caption")).to_contain_text("2026-03-01 至 2026-03-0")
    await county.select_option("[name=rank]", "signed_in_time")
    await county.click("main button:text-is('查看')")
    await expect(county.locator("tbody tr").first.locator("td.figure").first).to_have_text("1")
    await expect(county.locator("dl.facts dt")).to_have_count(11)
    await fit(county)

    await county.goto("/coordinator/figures?since=2026-03-05&last=2026-03-01")
    await expect(county.locator(".summary")).to_contain_text("截止日期早于起始日期")
    await county.goto("/coordinator/figures?since=yesterday")
    await expect(county.locator(".summary")).to_contain_text("请填写日期")
    assert await faults_of(county) == []


async def test_whoever_only_handles_matters_has_no_such_page(city: City) -> None:
    clerk = await city.signed_in("window")
    reply = await clerk.goto("/coordinator/figures")
    assert reply is not None
    assert reply.status == 403


async def test_a_coordinator_sees_which_messages_wait_and_why(city: City) -> None:
    clerk = await city.signed_in("window")
    await clerk.goto("/counter/new?category=petition.request")
    await expect(clerk.locator("[name='applicant.email']")).to_have_count(1)
    await expect(clerk.locator("[name='applicant.no_messages']")).to_have_count(1)
    number = await register(clerk, "petition.request", "郑十一（示例）", "路灯不亮", phone="130 0000 0000")
    await clerk.click("main button:text-is('受理')")
    county = await city.signed_in("county", java_script_enabled=True)
    await county.goto("/coordinator")
    await county.click("main a:text-is('消息')")
    for _ in range(50):
        row = county.locator("tbody tr", has_text=number).filter(has_text="已受理").filter(has_text="无法连接")
        if await row.count():
            break
        await county.wait_for_timeout(200)
        await county.reload()
    await expect(row).to_contain_text("短信")
    await expect(row).to_contain_text("申请人")
    await expect(row).to_contain_text("待投递")
    await expect(county.locator("main")).not_to_contain_text("130 0000 0000")
    await fit(county)
    assert await faults_of(county) == []
    await county.select_option("[name=state]", "delivered")
    await county.click("main button:text-is('查看')")
    await expect(county.locator(".empty")).to_have_text("没有消息。")
    reply = await clerk.goto("/coordinator/messages")
    assert reply is not None
    assert reply.status == 403
