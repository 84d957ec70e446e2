"""An administrator looks after the accounts of the own area, an auditor after who read what; others see neither."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from playwright.async_api import Page, expect

from console.engines.child import free_port
from tests.browser.conftest import SCHOOLS, TOWN, City, sign_in
from tests.browser.steps import FOR_AXE, fit, register
from tests.provider.running import RunningProvider

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]

OWN = "seven green trees"
"""A password that somebody chooses."""


async def add(admin: Page, login: str, role: str, office: str = "", area: str = "") -> str:
    """The first password."""
    await admin.goto("/admin/new")
    await admin.fill("#login", login)
    await admin.select_option("#role", role)
    await admin.fill("#office", office)
    await admin.fill("#area", area)
    await admin.click("form.card button")
    await expect(admin.locator("h1")).to_contain_text(login)
    return (await admin.locator(".code").inner_text()).strip()


async def first_login(city: City, login: str, first: str) -> Page:
    page = await city.person()
    await page.goto("/login")
    await sign_in(page, login, first)
    await page.fill("#old", first)
    await page.fill("#new", OWN)
    await page.fill("#again", OWN)
    await page.click("main button")
    await expect(page).not_to_have_url(re.compile("/password$"))
    return page


async def test_an_account_from_the_first_password_to_the_last_day(city: City) -> None:
    admin = await city.signed_in("admin")
    await expect(admin).to_have_url(re.compile("/admin$"))
    first = await add(admin, "zhb-edu", "officer", "education-130722000000")
    officer = await first_login(city, "zhb-edu", first)
    await expect(officer).to_have_url(re.compile("/inbox$"))
    await admin.goto("/admin/sessions")
    await admin.click("[aria-label='结束 zhb-edu 的登录']")
    await officer.goto("/inbox")
    await expect(officer).to_have_url(re.compile("/login"))
    await admin.goto("/admin/accounts/zhb-edu")
    await admin.click("button:text-is('重置密码')")
    await expect(admin.locator(".told")).to_have_text("已重置密码。")
    officer = await first_login(city, "zhb-edu", (await admin.locator(".code").inner_text()).strip())
    await expect(officer).to_have_url(re.compile("/inbox$"))
    await admin.click("button:text-is('停用')")
    await officer.goto("/inbox")
    await expect(officer).to_have_url(re.compile("/login"))
    await sign_in(officer, "zhb-edu", OWN)
    await expect(officer.locator(".summary")).to_contain_text("用户名或密码不正确")
    await admin.click("button:text-is('恢复使用')")
    await admin.click("button:text-is('撤销岗位')")
    await expect(admin.locator("main")).to_contain_text("没有岗位")
    record = admin.locator("section:has(#h-record) li")
    for act in ("新增账号", "增加岗位", "结束登录会话", "重置密码", "停用", "恢复使用", "撤销岗位"):
        await expect(record.filter(has_text=act)).not_to_have_count(0)


async def test_a_deputy_stands_in_for_a_colleague_on_leave(city: City) -> None:
    admin = await city.signed_in("admin")
    first = await add(admin, "zhb-deputy", "clerk", area="张北镇")
    deputy = await first_login(city, "zhb-deputy", first)
    await admin.goto("/admin/accounts/schools")
    await admin.click("summary:has-text('指定代理人')")
    await admin.fill("#deputy", "nobody-there")
    await admin.click("details[open] button")
    await expect(admin.locator(".summary a")).to_have_count(3)
    today = date.today()  # noqa: DTZ011 -- the day of this machine, as the portal has it to within one
    await admin.fill("#deputy", "zhb-deputy")
    await admin.fill("#begins", str(today - timedelta(days=2)))
    await admin.fill("#ends", str(today + timedelta(days=5)))
    await admin.click("details[open] button")
    await expect(admin.locator(".told")).to_have_text("已指定代理人。")
    await deputy.goto("/me")
    await expect(deputy.locator("main")).to_contain_text("代理至")
    await deputy.check("#post-2")
    await deputy.click("text=切换 >> nth=-1")
    await expect(deputy).to_have_url(re.compile("/inbox$"))
    await admin.goto("/admin/accounts/zhb-deputy")
    await expect(admin.locator("main")).to_contain_text("代理 schools")
    await admin.locator("tr", has_text="代理 schools").locator("button").click()
    await deputy.goto("/inbox")
    await expect(deputy).to_have_url(re.compile("/login"))


async def test_what_is_not_of_the_own_area_is_not_to_be_seen(city: City) -> None:
    admin, other = await city.signed_in("admin"), await city.signed_in("admin-of-another")
    await other.goto("/admin")
    await expect(other.locator("tbody tr")).to_have_count(1)
    for path in ("/admin/accounts/schools", "/admin/accounts/nobody"):
        await other.goto(path)
        await expect(other.locator("h1")).to_have_text("未找到")
    await other.goto("/admin/sessions")
    await expect(other.locator("tbody tr")).to_have_count(1)
    await other.goto("/admin/new")
    await other.fill("#login", "kb-edu")
    await other.select_option("#role", "officer")
    await other.fill("#office", "education-130722000000")
    await other.click("form.card button")
    await expect(other.locator(".summary")).to_contain_text("本辖区没有该单位")
    await admin.goto("/admin/accounts/admin")
    await expect(admin.locator("main")).to_contain_text("只能查看，不能办理")
    await expect(admin.locator("button:text-is('停用')")).to_have_count(0)
    await admin.goto("/admin/accounts/city-wide")  # also has a post above
    await expect(admin.locator("main")).to_contain_text("只能查看，不能办理")
    clerk = await city.signed_in("window")
    for path in ("/admin", "/admin/sessions", "/reads", "/admin/holidays"):
        await clerk.goto(path)
        await expect(clerk.locator("h1")).to_have_text("无权办理")


async def test_who_read_what_is_found_by_case_and_by_day(city: City) -> None:
    clerk, auditor = await city.signed_in("window"), await city.signed_in("auditor")
    number = await register(clerk, "education.student_aid", "李一（示例）", "助学")
    await clerk.select_option("#applicant_for", "contact")
    await clerk.click("main button:text-is('查看')")
    await expect(auditor).to_have_url(re.compile("/reads$"))
    await auditor.fill("#number", number)
    await auditor.click("main button")
    row = auditor.locator("tr", has_text="申请人信息").filter(has_text="窗口人员")
    await expect(row).to_contain_text("window")
    await expect(row).to_contain_text("联系")
    await expect(auditor.locator("main")).not_to_contain_text("李一")
    await auditor.goto("/reads")
    await expect(auditor.locator("tr", has_text=number)).not_to_have_count(0)
    await auditor.goto("/reads?day=2001-01-01")
    await expect(auditor.locator("main")).to_contain_text("没有查阅记录")
    for path in ("/reads?number=nonsense", "/reads?day=nonsense"):
        await auditor.goto(path)
        await expect(auditor.locator(".summary")).to_be_visible()
    await auditor.goto("/admin")
    await expect(auditor.locator("h1")).to_have_text("无权办理")


async def test_the_pages_of_administration_are_fit_for_everybody(city: City) -> None:
    admin = await city.signed_in("admin", **FOR_AXE)
    for path in ("/admin", "/admin/sessions", "/reads", "/admin/holidays", "/admin/accounts/schools", "/admin/new"):
        await admin.goto(path)
        await fit(admin)
    await admin.click("form.card button")
    await expect(admin.locator(".summary")).to_be_visible()
    await fit(admin)
    await admin.goto("/language/en?next=/admin/accounts/schools")
    await admin.click("summary:has-text('Name a deputy')")
    await admin.click("details[open] button")
    await fit(admin)


@pytest.fixture
async def provider(city: City) -> AsyncIterator[tuple[RunningProvider, str]]:
    """An OpenID provider, and a portal at which people of it sign in."""
    services = city.services
    port = services.ports["portal-2"] = free_port()
    home = f"http://127.0.0.1:{port}"
    groups = {"zhb-officer": [f"yimen/officer/{SCHOOLS}", f"yimen/clerk/{TOWN}"], "guest": ["staff"]}
    found = RunningProvider(homes=[home], people=groups)
    await asyncio.to_thread(found.start)
    before = dict(services.environment)
    given = {"portal_url": home, **found.settings()}
    services.environment |= {f"YIMEN_{name.upper()}": value for name, value in given.items()}
    await services.start("portal-2")
    yield found, home
    services.environment = before
    services.stop("portal-2")
    await asyncio.to_thread(found.stop)


async def at_provider(page: Page, home: str, login: str) -> None:
    """Its own pages: to sign in, then to consent. What they ask of other machines they do not get."""
    await page.context.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())
    await page.goto(f"{home}/login")
    await page.click("text=统一身份认证登录")
    await page.fill("[name=login]", login)
    await page.fill("[name=password]", "of no account here")
    await page.click("[type=submit]")
    await page.click("[type=submit]")


async def test_an_officer_signs_in_at_the_provider_and_is_signed_out_by_the_administrator(
    city: City, provider: tuple[RunningProvider, str]
) -> None:
    running, home = provider
    officer, guest, admin = await city.person(), await city.person(), await city.signed_in("admin")
    returns: list[str] = []
    officer.on("request", lambda asked: returns.append(asked.url) if "/provider/back" in asked.url else None)
    await at_provider(officer, home, "zhb-officer")
    await expect(officer).to_have_url(re.compile(f"{home}/inbox$"))
    await expect(officer.locator("h1")).to_have_text("承办件")
    cookies = await officer.context.cookies(home)
    assert [one["name"] for one in cookies if one["value"].startswith("eyJ")] == []
    assert all(one["httpOnly"] for one in cookies if one["name"].startswith("yimen"))
    await officer.goto(f"{home}/me")
    await officer.check("#post-2")
    await officer.click("text=切换 >> nth=-1")
    await expect(officer).to_have_url(re.compile("/counter$"))
    await officer.goto(returns[0])  # once more what the provider had sent
    await expect(officer.locator(".summary")).to_contain_text("已失效或者已使用过")
    await at_provider(guest, home, "guest")
    await expect(guest.locator(".summary")).to_contain_text("未对应本系统的任何岗位")
    await expect(guest.locator(".summary li")).to_have_text("staff")
    await admin.goto("/admin/accounts/zhb-officer")
    await expect(admin.locator("main")).to_contain_text("由用户组给予")
    await expect(admin.locator("button:text-is('重置密码')")).to_have_count(0)
    await admin.goto("/admin/sessions")
    await admin.click("[aria-label='结束 zhb-officer 的登录']")
    await officer.goto(f"{home}/counter")
    await expect(officer).to_have_url(re.compile("/login"))
    await officer.click("text=统一身份认证登录")  # the provider still knows who it is
    await expect(officer).to_have_url(re.compile(f"{home}/counter$"))
    await officer.click("text=退出")
    await officer.click("text=同时退出统一身份认证")
    await officer.click("button[name=logout], [type=submit] >> nth=0")
    await expect(officer).to_have_url(re.compile(f"{home}/login"))
    await asyncio.to_thread(running.stop)
    await sign_in(officer, "schools")
    await expect(officer).to_have_url(re.compile(f"{home}/inbox$"))
