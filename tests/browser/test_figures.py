"""A coordinator reads how the offices of the county did in a period."""

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
