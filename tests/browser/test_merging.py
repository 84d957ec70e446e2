"""A matter that was registered twice, as a clerk and an applicant live it: merged, found, and parted again."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import City
from tests.browser.steps import code_of, fit, look_up, register, until_text

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]


async def test_a_possible_duplicate_is_shown_and_merged_with_one_click(city: City) -> None:
    clerk = await city.signed_in("window")
    first, second = [
        await register(clerk, "petition.request", "吴九（示例）", summary, phone="0313-0000009")
        for summary in ("窨井盖缺失", "窨井盖缺失，再次反映")
    ]
    await clerk.goto(f"/counter/cases/{first}")
    section = clerk.locator("section:has(#h-related)")
    await expect(section).to_contain_text("姓名、电话相同")
    await section.locator("button").click()
    await expect(clerk.locator(".told")).to_have_text("已并入本件。")
    await expect(section).to_contain_text("并案")
    await expect(section.locator("button")).to_have_count(0)
    await clerk.goto(f"/counter/cases/{second}")
    await expect(clerk.locator("h1")).to_contain_text("并案")


async def twice(clerk: Page) -> tuple[str, str, str]:
    """Two numbers, and the code of the second receipt."""
    first = await register(clerk, "petition.request", "孙七（示例）", "路灯不亮（第一次反映）", phone="0313-0000007")
    second = await register(clerk, "petition.request", "孙七（示例）", "路灯不亮（再次反映）", phone="0313-0000007")
    return first, second, await code_of(clerk)


async def merge(clerk: Page, into: str, duplicates: str) -> None:
    await clerk.goto(f"/counter/cases/{into}")
    await clerk.click("summary:has-text('并入重复件')")
    await clerk.fill("details[open] [name=duplicates]", duplicates)
    await clerk.click("details[open] button")


async def test_a_duplicate_is_merged_found_and_parted(city: City) -> None:
    clerk, applicant = await city.signed_in("window"), await city.person()
    first, second, code = await twice(clerk)
    await merge(clerk, first, f"{second}，")
    await expect(clerk.locator(".told")).to_have_text("已并入本件。")
    await expect(clerk.locator(".story")).to_contain_text(f"重复件 {second} 并入本件")
    await clerk.click("main button:text-is('已告知申请人并案')")
    await expect(clerk.locator(".told")).to_have_text("已记录告知。")

    await clerk.goto(f"/counter/cases/{second}")
    await expect(clerk.locator("h1")).to_contain_text("并案")
    await expect(clerk.locator("dl.facts a", has_text=first)).to_have_count(1)
    await look_up(applicant, second, code)
    await expect(applicant.locator("main")).to_contain_text(first)

    await clerk.click("summary:has-text('撤销并案')")
    await clerk.click("details[open] button")
    await expect(clerk.locator(".told")).to_have_text("已撤销并案。")
    await expect(clerk.locator("h1")).not_to_contain_text("并案")
    await until_text(clerk, f"撤销与 {first} 的并案")


async def test_what_cannot_be_merged_is_said_at_its_field(city: City) -> None:
    clerk = await city.signed_in("window", java_script_enabled=True)
    first, second, _ = await twice(clerk)
    other = await register(clerk, "petition.request", "周八（示例）", "路灯不亮")
    await merge(clerk, first, f"{second} {other} 130722-20200101-00001-5")
    await expect(clerk.locator(".summary a")).to_have_attribute("href", "#duplicates")
    await expect(clerk.locator(".summary")).to_contain_text("没有此案件")
    await clerk.fill("details[open] [name=duplicates]", f"{second} {other}")
    await clerk.click("details[open] button")
    await expect(clerk.locator(".summary")).to_contain_text(f"{other} 的申请人不同")
    await fit(clerk)
    await clerk.goto(f"/counter/cases/{second}")
    await expect(clerk.locator("h1")).not_to_contain_text("并案")
