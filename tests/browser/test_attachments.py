"""A clerk and an officer attach what they have, with and without JavaScript, and look at what the other attached."""

import asyncio
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import City
from tests.browser.steps import FOR_AXE, fit, open_referral, register
from tests.pictures import docx, jpeg, pdf, png

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]
FILES = "section:has(#h-attachments) .files li"
PUT_DOWN = """([selector, name, type, bytes, event]) => {
  const held = new DataTransfer();
  held.items.add(new File([new Uint8Array(bytes)], name, { type }));
  const init = event === "paste" ? { clipboardData: held, bubbles: true } : { dataTransfer: held, bubbles: true };
  const made = event === "paste" ? new ClipboardEvent(event, init) : new DragEvent(event, init);
  document.querySelector(selector).dispatchEvent(made);
}"""


async def choose(page: Page, *files: tuple[str, str, bytes]) -> None:
    given = [{"name": name, "mimeType": kind, "buffer": content} for name, kind, content in files]
    await page.set_input_files("#attach-file", given)


async def test_a_form_without_javascript_attaches_and_the_office_sees_it(city: City) -> None:
    clerk, officer = await city.signed_in("window"), await city.signed_in("schools")
    number = await register(clerk, "education.student_aid", "钱示例", "孩子入学材料（示例）")
    await clerk.goto(f"/counter/cases/{number}")
    await choose(clerk, ("户口簿<b>.jpg", "image/jpeg", jpeg()), ("证明.pdf", "application/pdf", pdf()))
    await clerk.click("button:text-is('上传')")
    await expect(clerk.locator(".told")).to_have_text("附件已收下。")
    await expect(clerk.locator(FILES)).to_have_count(2)
    await expect(clerk.locator(FILES).first).to_contain_text("户口簿<b>.jpg")
    await choose(clerk, ("假.jpg", "image/jpeg", b"MZ" + b"\0" * 100), ("另一页.png", "image/png", png()))
    await clerk.click("button:text-is('上传')")
    await expect(clerk.locator(".summary")).to_contain_text("假.jpg：文件内容与扩展名不符")
    await expect(clerk.locator(".summary")).to_contain_text("其余 1 个文件已收下。")
    await clerk.click("button:text-is('上传')")
    await expect(clerk.locator(".summary")).to_contain_text("请选择文件")
    await clerk.goto(f"/counter/cases/{number}")
    await open_referral(officer, number)
    await expect(officer.locator(FILES)).to_have_count(3)
    await officer.locator(f"{FILES} img").first.scroll_into_view_if_needed()
    shown = await officer.request.get(str(await officer.locator(f"{FILES} img").first.get_attribute("src")))
    assert shown.headers["content-type"] == "image/jpeg"
    async with officer.expect_download() as waiting:
        await officer.click("a:has-text('证明.pdf')")
    fetched = await waiting.value
    assert fetched.suggested_filename == "证明.pdf"
    assert await asyncio.to_thread(Path(await fetched.path()).read_bytes) == pdf()
    await choose(officer, ("答复.docx", "application/octet-stream", docx()))
    await officer.click("button:text-is('上传')")
    await expect(officer.locator(".told")).to_have_text("附件已收下。")
    await expect(officer.locator(FILES)).to_have_count(4)
    other = await city.signed_in("petitions")
    assert (await other.request.get(str(await officer.locator(f"{FILES} a").first.get_attribute("href")))).status == 404
    async with clerk.expect_download() as waiting:
        await clerk.click("a:text-is('导出档案')")
    fetched = await waiting.value
    assert fetched.suggested_filename == f"{number}.zip"
    with zipfile.ZipFile(await fetched.path()) as package:
        assert package.testzip() is None
        assert len([name for name in package.namelist() if name.startswith("attachments/")]) == 4
    for who, page in (("window", clerk), ("schools", officer)):
        looked_at = await city.signed_in(who, **FOR_AXE)
        await looked_at.goto(page.url)
        await fit(looked_at)


async def test_dropped_pasted_and_photographed_files_arrive_although_the_line_breaks(city: City) -> None:
    clerk = await city.signed_in("window", java_script_enabled=True)
    number = await register(clerk, "education.student_aid", "孙示例", "现场照片（示例）")
    await clerk.goto(f"/counter/cases/{number}")
    broken = 0

    async def breaks(route: Route) -> None:
        nonlocal broken
        broken += 1
        await (route.abort() if broken in {2, 3} else route.continue_())

    await clerk.route("**/parts", breaks)
    large = list(pdf(1_300_000))
    await clerk.evaluate(PUT_DOWN, ["#h-attachments", "长文件.pdf", "application/pdf", large, "drop"])
    await expect(clerk.locator(FILES)).to_have_count(1, timeout=40_000)
    assert broken >= 5, "three parts, two of which were sent again"
    await clerk.evaluate(PUT_DOWN, ["body", "image.png", "image/png", list(png()), "paste"])
    await expect(clerk.locator(FILES)).to_have_count(2)
    photo = [{"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}]
    await clerk.set_input_files("#attach-photo", photo)
    await expect(clerk.locator(FILES)).to_have_count(3)
    await choose(clerk, ("x.exe", "application/octet-stream", b"MZ"))
    await expect(clerk.locator(".attach ul")).to_contain_text("不接收此类文件")
    await fit(clerk)
    first = clerk.locator(f"{FILES} a").first
    reply = await clerk.request.get(str(await first.get_attribute("href")))
    assert await reply.body() == pdf(1_300_000)


async def test_what_was_submitted_once_is_on_the_page_and_taken_over_with_one_click(city: City) -> None:
    clerk = await city.signed_in("window")
    person = ("civil_affairs.temporary_aid", "冯示例")
    first = await register(clerk, *person, "临时救助（示例）", phone="0313-0000009")
    await clerk.goto(f"/counter/cases/{first}")
    materials = clerk.locator("ul:below(#h-materials)").first
    await expect(materials).to_contain_text("居民身份证：未提交")
    await choose(clerk, ("身份证正面.jpg", "image/jpeg", jpeg()))
    await clerk.select_option("#attach-material", "identity_card")
    await clerk.click("button:text-is('上传')")
    await expect(clerk.locator(FILES)).to_contain_text("居民身份证 · 图片（JPEG）")
    await expect(materials).to_contain_text("居民身份证：已提交")
    second = await register(clerk, *person, "再次申请（示例）", phone="0313 0000009")
    await clerk.goto(f"/counter/cases/{second}")
    await expect(materials).to_contain_text("居民身份证：已存档，可沿用")
    await expect(materials).to_contain_text("提交，按政策可沿用2年，至")
    await expect(materials).to_contain_text(first)
    await expect(clerk.locator("main")).not_to_contain_text("身份证正面.jpg")
    looked_at = await city.signed_in("window", **FOR_AXE)
    await looked_at.goto(clerk.url)
    await fit(looked_at)
    await clerk.click("button:text-is('沿用所选材料（当面同意）')")
    await expect(clerk.locator(".told")).to_have_text("材料已沿用。")
    await expect(materials).to_contain_text("居民身份证：已提交")
    await expect(clerk.locator(FILES)).to_contain_text("身份证正面.jpg")
    await expect(clerk.locator(FILES)).to_contain_text("沿用，原于")
    await expect(clerk.get_by_text("沿用以前提交的材料：居民身份证（当面同意）")).to_have_count(1)
    await looked_at.reload()
    await fit(looked_at)
    await clerk.click("button:text-is('撤回同意')")
    await expect(clerk.locator(".told")).to_have_text("同意已撤回，所沿用的文件已删除。")
    await expect(clerk.locator(FILES)).to_have_count(0)
    await expect(materials).to_contain_text("居民身份证：已存档，可沿用")
