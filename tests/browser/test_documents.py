"""A clerk opens the receipt and the one-time notice, prints them, and downloads both files."""

import asyncio
import io
import re
from pathlib import Path

import docx as python_docx
from playwright.async_api import expect
from pypdf import PdfReader

from tests.browser.conftest import City
from tests.browser.steps import FOR_AXE, fit, register, solve, until_text


async def test_a_clerk_opens_prints_and_downloads_what_the_applicant_is_told(city: City) -> None:
    clerk = await city.signed_in("window")
    number = await register(clerk, "civil_affairs.temporary_aid", "赵示例", "家里失火")
    await clerk.goto(f"/counter/cases/{number}")
    listed = clerk.locator("section:has(#h-documents) li")
    await expect(listed).to_have_count(1)
    await expect(listed).to_contain_text(f"受理回执 {number}-文01")
    reply = await clerk.request.get(f"/counter/cases/{number}/documents/2")
    assert reply.status == 404
    await listed.locator("a").click()
    paper = clerk.locator("article.paper")
    await expect(paper.locator("h1")).to_have_text("受理回执")
    await expect(paper).to_contain_text(f"{number}-文01")
    await clerk.emulate_media(media="print")
    await expect(paper).to_be_visible()
    await expect(clerk.locator("a:text('返回案件')")).to_be_hidden()
    await clerk.emulate_media(media="screen")
    lines = [text.strip() for text in await paper.locator("h1, dt, dd, p").all_inner_texts()]
    files = {}
    for kind in ("pdf", "docx"):
        async with clerk.expect_download() as waiting:
            await clerk.click(f"a[href$='/{kind}']")
        kept = await (await waiting.value).path()
        files[kind] = await asyncio.to_thread(Path(kept).read_bytes)
    read = "".join(page.extract_text() for page in PdfReader(io.BytesIO(files["pdf"])).pages)
    assert "".join(read.split()) == "".join("".join(lines).split())
    opened = python_docx.Document(io.BytesIO(files["docx"]))
    cells = [cell.text for row in opened.tables[0].rows for cell in row.cells]
    paragraphs = [one.text for one in opened.paragraphs if one.text]
    assert [paragraphs[0], *cells, *paragraphs[1:]] == lines
    reply = await clerk.request.get(f"/counter/cases/{number}/documents/1/exe")
    assert reply.status in {400, 404}


async def test_an_office_opens_its_letter_and_the_window_hands_out_the_notice_of_completion(city: City) -> None:
    clerk, officer = [await city.signed_in(who, **FOR_AXE) for who in ("window", "petitions")]
    number = await register(clerk, "petition.request", "钱示例", "请求维修水渠（示例）")
    await clerk.click("main button:text-is('受理')")
    await solve(officer, number)
    listed = officer.locator("section:has(#h-documents) a")
    await officer.reload()
    await until_text(officer, "转办单")
    await listed.filter(has_text="转办单").first.click()
    paper = officer.locator("article.paper")
    await expect(paper.locator("h1")).to_have_text("转办单")
    await expect(paper).to_contain_text("主办")
    await expect(paper).not_to_contain_text("钱示例")
    await fit(officer)
    async with officer.expect_download() as waiting:
        await officer.click("a[href$='/pdf']")
    kept = await (await waiting.value).path()
    content = await asyncio.to_thread(Path(kept).read_bytes)
    read = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    assert number in read
    await officer.click("a:text('返回案件')")
    await expect(officer).to_have_url(re.compile("/inbox/[0-9a-f-]+$"))

    await clerk.goto(f"/counter/cases/{number}")
    await until_text(clerk, "办结告知书")
    await clerk.click("section:has(#h-documents) a:has-text('办结告知书')")
    await expect(clerk.locator("article.paper")).to_contain_text("已办结")
