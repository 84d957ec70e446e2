"""A day's work in a real browser, on the real services: what people see, and what becomes of what they type."""

import re

import pytest
from playwright.async_api import Dialog, expect

from tests.browser.conftest import PASSWORD, City, faults_of, sign_in
from tests.browser.steps import FOR_AXE, NUMBER, open_referral, register, until_text

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]
HOSTILE = '<script>document.title = "x"</script> & "quoted" \u202eabc\u202c 𠮷野家 {{ 7*7 }} =1+1'
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


async def test_a_case_from_the_window_to_the_office_and_back(city: City) -> None:
    """In Chinese, without JavaScript: registered, accepted, signed, completed, called back."""
    clerk, officer = await city.signed_in("window"), await city.signed_in("petitions")
    await expect(clerk).to_have_url(re.compile("/counter$"))
    number = await register(clerk, "petition.request", "张三（示例）", "村口道路积水，请求维修")
    assert NUMBER.fullmatch(number)
    await expect(clerk.locator("h1")).to_contain_text("已登记")
    await expect(clerk.locator("section:has(#h-clocks) h3")).to_have_count(0)  # nobody has it yet
    await clerk.goto("/counter?view=accept")
    await clerk.locator("tr", has_text=number).locator("th a").click()
    await clerk.click("main button:text-is('受理')")
    await expect(clerk.locator(".told")).to_have_text("已受理。")

    await open_referral(officer, number)
    await expect(officer.locator("main")).to_contain_text("村口道路积水")
    await expect(officer.locator("main")).not_to_contain_text("张三")
    await officer.select_option("#applicant_for", "handling")
    await officer.click("main button:text-is('查看')")
    await expect(officer.locator("main")).to_contain_text("张三（示例）")
    await officer.click("main button:text-is('签收')")
    await expect(officer.locator(".told")).to_have_text("已签收。")
    await officer.click("main button:text-is('接收承办')")
    await expect(officer.locator("h1")).to_contain_text("已接收")
    await officer.click("summary:has-text('办结')")
    await officer.fill("details[open] [name=text]", "已组织清淤，路面恢复通行")
    await officer.click("details[open] button")
    await expect(officer.locator(".told")).to_have_text("已办结，窗口将回访申请人。")

    await clerk.goto(f"/counter/cases/{number}")
    await until_text(clerk, "申请人对办理结果是否满意")
    await clerk.click("section button:has-text('回访')")
    await expect(clerk.locator(".summary")).to_contain_text("请选择满意或不满意")
    await clerk.check("#satisfied-yes")
    await clerk.click("section button:has-text('回访')")
    await expect(clerk.locator("h1")).to_contain_text("已结案")
    assert await clerk.locator(".story li").count() >= 6

    await officer.reload()  # whose part is over: the office reads what it did, and no more of the case
    await until_text(officer, "您无权查看诉求内容")
    await expect(officer.locator("h1")).to_contain_text("已办结")
    await expect(officer.locator("main")).not_to_contain_text("村口道路积水")


async def test_why_a_date_is_what_it_is(city: City) -> None:
    clerk = await city.signed_in("window")
    number = await register(clerk, "petition.request", "李四（示例）", "咨询")
    await clerk.locator("section:has(#h-clocks) a").first.click()
    await expect(clerk.locator("h1")).to_have_text("期限依据")
    await expect(clerk.locator("main")).to_contain_text("信访工作条例")
    await expect(clerk.locator("main table")).not_to_have_count(0)
    await clerk.click("text=返回")
    await expect(clerk.locator("main")).to_contain_text(number)


async def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(city: City) -> None:
    clerk = await city.signed_in("window")
    await clerk.goto("/counter/new?category=social_security.work_injury_recognition")
    await clerk.fill("[id='applicant.phone']", "abc")
    await clerk.fill("#summary", "在工地受伤")
    await clerk.check("#material-2")
    await clerk.click("main button:text-is('登记')")
    summary = clerk.locator(".summary")
    await expect(summary.locator("a")).to_have_count(2)
    await expect(summary).to_contain_text("联系电话：")
    await expect(summary.locator("a").first).to_have_attribute("href", "#applicant.name")
    await expect(clerk.locator("#summary")).to_have_value("在工地受伤")
    await expect(clerk.locator("[id='applicant.phone']")).to_have_attribute("aria-invalid", "true")
    assert await clerk.locator("#material-2").is_checked()
    await clerk.fill("#elsewhere", "张北镇")
    await clerk.fill("[id='applicant.name']", "王五（示例）")
    await clerk.fill("[id='applicant.phone']", "0313-1234567")
    await clerk.click("main button:text-is('登记')")
    await expect(clerk.locator("main")).to_contain_text("张北县张北镇")
    await clerk.click("summary:has-text('一次性告知')")
    await clerk.click("details[open] button")
    await expect(clerk.locator("h1")).to_contain_text("待补正")
    await clerk.click("summary:has-text('收到补正材料')")
    await clerk.click("details[open] button")
    await expect(clerk.locator("h1")).to_contain_text("已受理")


async def test_an_office_returns_what_is_not_its_own(city: City) -> None:
    clerk, officer = await city.signed_in("window"), await city.signed_in("schools")
    number = await register(clerk, "education.school_placement", "赵六（示例）", "转学")
    await open_referral(officer, number)
    await officer.click("summary:has-text('申请退件')")
    await officer.fill("#basis-return", "义务教育法第五条")
    await officer.click("details[open] button")
    await expect(officer.locator(".summary")).to_contain_text("not_competent")
    await expect(officer.locator("#basis-return")).to_have_value("义务教育法第五条")
    await officer.select_option("#reason", "not_competent")
    await officer.click("details[open] button")
    await expect(officer.locator(".told")).to_have_text("已申请退件，等待审核。")
    await expect(officer.locator("main")).to_contain_text("义务教育法第五条")
    await officer.goto("/inbox?view=waiting")
    await expect(officer.locator("main")).to_contain_text(number)
    await clerk.goto("/counter?view=returned")
    await expect(clerk.locator("main")).to_contain_text(number)

    county = await city.signed_in("county")
    await county.locator("tr", has_text=number).locator("th a").click()
    await expect(county.locator("main")).to_contain_text("义务教育法第五条")
    await county.click("summary:has-text('裁定承办单位')")
    await county.click("details[open] button")
    await expect(county.locator(".summary")).to_contain_text("请选择承办单位")
    await county.click("summary:has-text('驳回退件')")
    await county.locator("details", has_text="驳回退件").locator("button").click()
    await expect(county.locator(".told")).to_have_text("已驳回退件，原单位继续办理。")
    await expect(county.locator("h1")).to_contain_text("已接收")
    await open_referral(officer, number)
    await expect(officer.locator("h1")).to_contain_text("已接收")


async def test_hold_resume_extend_and_many_signed_at_once(city: City) -> None:
    clerk, officer = await city.signed_in("window"), await city.signed_in("schools")
    numbers = [await register(clerk, "education.school_placement", f"示例{n}", "转学") for n in range(3)]
    for number in numbers:
        await open_referral(officer, number)
    await officer.goto("/inbox?view=new")
    for number in numbers:
        await officer.check(f"[aria-label='选中 {number}']")
    await officer.click("text=签收所选")
    await expect(officer.locator(".told")).to_contain_text("已签收")
    await open_referral(officer, numbers[0])
    await officer.click("main button:text-is('接收承办')")
    await officer.click("summary:has-text('暂停')")
    await officer.select_option("details[open] select", "workload")
    await officer.click("details[open] button")
    await expect(officer.locator("h1")).to_contain_text("暂停")
    await officer.click("main button:text-is('恢复办理')")
    await expect(officer.locator(".told")).to_have_text("已恢复办理。")
    await officer.click("summary:has-text('申请延期')")
    await officer.fill("[id='attributes.by']", "99")
    await officer.select_option("details[open] select", "complex")
    await officer.click("details[open] button")
    await expect(officer.locator(".summary")).to_contain_text("10wd")
    await officer.fill("[id='attributes.by']", "5")
    await officer.click("details[open] button")
    await expect(officer.locator(".told")).to_have_text("已申请延期，等待决定。")
    head = await city.signed_in("head")
    await head.click("main a:has-text('入学安置与转学')")
    await head.click("summary:text-is('同意延期')")
    await head.click("details[open] button")
    await expect(head.locator(".told")).to_contain_text("已同意延期")


async def test_a_session_that_ends_in_the_middle_of_a_form_loses_nothing(city: City) -> None:
    clerk = await city.signed_in("window")
    await clerk.goto("/counter/new?category=education.student_aid")
    await clerk.fill("[id='applicant.name']", "孙七（示例）")
    await clerk.fill("#summary", HOSTILE)
    await clerk.context.clear_cookies(name="yimen_session")
    await clerk.click("main button:text-is('登记')")
    await expect(clerk.locator(".told")).to_contain_text("刚才填写的内容不会丢失")
    await sign_in(clerk, "window", "wrong password")
    await expect(clerk.locator(".summary")).to_contain_text("用户名或密码不正确")
    await sign_in(clerk, "window")
    await clerk.click("text=返回表单核对")
    await expect(clerk.locator("#summary")).to_have_value(HOSTILE)
    await expect(clerk.locator("[id='applicant.name']")).to_have_value("孙七（示例）")
    await clerk.click("main button:text-is('登记')")
    await expect(clerk.locator(".told")).to_have_text("已登记。")


async def test_a_double_click_makes_one_case_and_two_clerks_overwrite_nothing(city: City) -> None:
    clerk, other = await city.signed_in("window"), await city.signed_in("window2")
    number = await register(clerk, "petition.request", "周八（示例）", "反映情况")
    address = f"/counter/cases/{number}"
    await other.goto(address)
    await clerk.click("main button:text-is('受理')")
    await other.click("summary:has-text('不予受理')")
    await other.select_option("details[open] #reason-decline", "out_of_scope")
    await other.select_option("details[open] #go_to", "petition-130722000000")
    await other.click("details[open] button")
    await expect(other.locator(".summary")).to_be_visible()
    await expect(other.locator("h1")).not_to_contain_text("不予受理")
    await clerk.goto("/counter/new?category=petition.request")
    hidden = {name: await clerk.get_attribute(f"main [name={name}]", "value") for name in ("csrf", "submission_id")}
    fields = {**hidden, "category": "petition.request", "channel": "window", "applicant.name": "吴九（示例）"}
    fields |= {"area": "130722100000", "summary": "只登记一次"}
    twice = [
        await clerk.context.request.post("/counter/new", form=fields, headers={"origin": city.url}) for _ in range(2)
    ]
    assert NUMBER.search(twice[0].url)
    assert twice[0].url == twice[1].url


async def test_hostile_text_is_text_everywhere(city: City) -> None:
    clerk = await city.signed_in("window", java_script_enabled=True)
    fired: list[str] = []

    async def note(dialog: Dialog) -> None:
        fired.append(dialog.message)
        await dialog.dismiss()

    clerk.on("dialog", note)
    await register(clerk, "education.special_education", "<b>吉</b>𠮷\u202e", HOSTILE)
    await expect(clerk.locator("p.text")).to_have_text(HOSTILE)
    await clerk.click("main button:text-is('查看')")
    await expect(clerk.locator("bdi", has_text="<b>吉</b>")).to_have_count(1)
    assert await clerk.title() != "x"
    assert not fired


async def test_signing_in_out_and_the_first_password(city: City) -> None:
    page = await city.person()
    await page.goto("/inbox")
    await expect(page).to_have_url(re.compile("/login"))
    await sign_in(page, "schools", "not the password")
    await expect(page.locator(".summary")).to_have_text(re.compile("用户名或密码不正确"))
    await sign_in(page, "schools")
    await expect(page).to_have_url(re.compile("/inbox$"))
    await page.goto("/counter")
    await expect(page.locator("h1")).to_have_text("无权办理")
    await page.goto("/language/en?next=/inbox")
    await expect(page.locator("h1")).to_have_text("Inbox")
    await page.goto("/me")
    await expect(page.locator("main")).to_contain_text("This session")
    await page.click("text=Sign out")
    await page.goto("/inbox")
    await expect(page).to_have_url(re.compile("/login"))


async def test_the_keyboard_alone_signs_in_and_registers(city: City) -> None:
    page = await city.person()
    await page.goto("/login")
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.focus("#login")
    await page.keyboard.type("window")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/counter$"))
    await page.goto("/counter/new?category=education.student_aid")
    await page.focus("[id='applicant.name']")
    await page.keyboard.type("Keyboard")
    await page.keyboard.press("Enter")
    await expect(page.locator(".told")).to_have_text("已登记。")


async def test_every_page_is_fit_for_everybody(city: City) -> None:
    """Axe finds nothing, dark or light; nothing is wider than a phone."""
    clerk, officer = await city.signed_in("window", **FOR_AXE), await city.signed_in("schools", **FOR_AXE)
    county = await city.signed_in("county", **FOR_AXE)
    number = await register(clerk, "education.school_placement", "郑十（示例）", "转" * 300)
    await open_referral(officer, number)
    referral = officer.url
    case = f"/counter/cases/{number}"
    forms = ("/counter/new", "/counter/new?category=civil_affairs.temporary_aid")
    pages = {
        clerk: ("/counter?view=open", *forms, case, f"{case}/why", "/me", "/password", "/nothing", "/inbox"),
        county: ("/coordinator", referral.replace("/inbox/", "/coordinator/")),
        officer: ("/inbox", "/inbox?view=late", referral, f"{referral}/why", "/language/en?next=/inbox"),
    }
    for page, paths in pages.items():
        for number_, path in enumerate(paths):
            await page.set_viewport_size(PHONE if number_ % 2 else DESK)
            await page.emulate_media(color_scheme="dark" if number_ % 2 else "light")
            await page.goto(path)
            assert await faults_of(page) == [], path
            await page.set_viewport_size(PHONE)
            assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


async def test_the_pages_say_when_a_service_is_away(city: City) -> None:
    officer = await city.signed_in("schools")
    city.services.stop("routing")
    try:
        answer = await officer.goto("/inbox")
        assert answer is not None
        assert answer.status == 503
        await expect(officer.locator("h1")).to_have_text("服务暂时不可用")
    finally:
        await city.services.start("routing")
    await officer.goto("/inbox")
    await expect(officer.locator("h1")).to_have_text("承办件")


async def test_what_is_typed_survives_a_closed_browser_with_scripts_and_without(city: City) -> None:
    clerk = await city.signed_in("window", java_script_enabled=True)
    await clerk.goto("/counter/new?category=education.student_aid")
    await clerk.fill("[id='applicant.name']", "李草（示例）")
    await clerk.fill("#summary", "助学")
    await expect(clerk.locator("[data-draft-told]")).to_have_text("草稿已自动保存")
    await clerk.context.close()
    clerk = await city.signed_in("window")
    await clerk.click("section:has(#h-drafts) a")
    await expect(clerk.locator("#summary")).to_have_value("助学")
    await clerk.fill("#summary", "助学金")
    await clerk.click("text=保存草稿")
    await expect(clerk.locator(".told")).to_have_text("草稿已保存。")
    await clerk.click("main button:text-is('登记')")
    await expect(clerk.locator(".told")).to_have_text("已登记。")
    await clerk.goto("/counter")
    await expect(clerk.locator("#h-drafts")).to_have_count(0)
