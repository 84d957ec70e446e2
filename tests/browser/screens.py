"""Pictures of every page, for people to look at: `make screenshots` leaves them in build/screenshots.

No test looks at them, and pytest finds this file only when it is named.
"""

import shutil
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Page

from tests.acceptance.installation import MONDAY
from tests.browser.conftest import PASSWORD, City, sign_in
from tests.browser.steps import code_of, open_referral, register, until_text
from tests.pictures import jpeg, pdf

pytestmark = [pytest.mark.engines, pytest.mark.timeout(1200)]
FOLDER: Final = Path(__file__).parents[2] / "build" / "screenshots"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
PLAIN: Final = (("zh", "light", "desk"), ("en", "light", "desk"), ("zh", "light", "phone"))
ALL: Final = tuple((la, lo, wi) for la in ("zh", "en") for lo in ("light", "dark") for wi in ("desk", "phone"))
FORM: Final = "main form[method=post] button:not([formaction])"


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A page as somebody sees it: at an address, or after what they did there."""

    name: str
    path: str
    does: Callable[[Page], Awaitable[None]] | None = None
    variants: tuple[tuple[str, str, str], ...] = PLAIN


@dataclass(kw_only=True)
class Town:
    """What happened before anybody looks."""

    case: str = ""
    """Completed, and to be called back."""
    waiting: str = ""
    """Its material is awaited."""
    code: str = ""
    fresh: str = ""
    """Just registered; its code can be seen."""
    returned: str = ""
    link: str = ""
    referral: dict[str, str] = field(default_factory=dict)
    check: str = ""


async def checked(petitions: Page, schools: Page, town: Town) -> None:
    """The petition bureau asks the schools, and completes."""
    await open_referral(petitions, town.case)
    await petitions.click("main button:text-is('签收')")
    await petitions.click("main button:text-is('接收承办')")
    await petitions.click("summary:has-text('请求核对')")
    await petitions.select_option("details[open] [name='attributes.office']", "education-130722000000")
    await petitions.select_option("details[open] [name='attributes.purpose']", "status_check")
    await petitions.fill("details[open] [name=text]", "该户是否有在读学生（示例）？")
    await petitions.click("details[open] button")
    await open_referral(schools, town.case)
    town.referral["check"] = schools.url.rpartition("/")[2]
    await schools.click("summary:has-text('办结')")
    await schools.fill("details[open] [name=text]", "该户无在读学生（示例）。")
    await schools.click("details[open] button")
    await petitions.goto("/inbox")
    await open_referral(petitions, town.case)
    await until_text(petitions, "查看问题与结果")
    asked = await petitions.locator("a:has-text('查看问题与结果')").get_attribute("href")
    town.check = str(asked).rpartition("/")[2]
    await petitions.click("summary:has-text('办结')")
    await petitions.fill("details[open] [name=text]", "已组织清淤，路面恢复通行")
    await petitions.click("details[open] button")


async def placed(clerk: Page, schools: Page, town: Town) -> None:
    """One matter that the schools return, one with a link, one for which they ask for more time, one nobody signs."""
    numbers = []
    for number, name in enumerate(("赵六", "钱七", "孙八", "欧阳明月")):
        matter = ("education.school_placement", "education.student_aid")[number % 2]
        numbers.append(await register(clerk, matter, f"{name}（示例）", "随父母务工返乡，请求转入实验小学" * 3))
    town.returned = numbers[0]
    for name, number in zip(("returned", "new", "open"), numbers, strict=False):
        await open_referral(schools, number)
        town.referral[name] = schools.url.rpartition("/")[2]
    await schools.click("main button:text-is('签收')")
    await schools.click("main button:text-is('接收承办')")
    await schools.click("summary:has-text('申请延期')")
    await schools.fill("details[open] [name='attributes.by']", "5")
    await schools.select_option("details[open] [name=reason]", "complex")
    await schools.click("details[open] button")
    await schools.goto(f"/inbox/{town.referral['returned']}")
    await schools.click("summary:has-text('申请退件')")
    await schools.select_option("details[open] [name=reason]", "not_competent")
    await schools.fill("details[open] [name=basis]", "义务教育法第五条")
    await schools.click("details[open] button")
    await schools.goto(f"/links/{town.referral['new']}")
    await schools.click("main button:text-is('生成链接')")
    town.link = (await schools.locator("section:has(#h-new) bdi").inner_text()).strip()


async def lived(city: City) -> Town:
    """A morning on which a few people come to the window."""
    town = Town()
    clerk, petitions, schools = [await city.signed_in(who) for who in ("window", "petitions", "schools")]
    road, phone = "村口道路积水，请求维修", "0313-0000011"
    town.case = await register(clerk, "petition.request", "张三（示例）", road, phone=phone)
    town.code = await code_of(clerk)
    files = [
        {"name": "积水照片.jpg", "mimeType": "image/jpeg", "buffer": jpeg()},
        {"name": "联名信（很长的文件名用来看看会不会撑破页面）.pdf", "mimeType": "application/pdf", "buffer": pdf()},
    ]
    await clerk.set_input_files("#attach-file", files)
    await clerk.click("button:text-is('上传')")
    await clerk.click("main button:text-is('受理')")
    await clerk.click("summary:has-text('登记核对授权')")
    await clerk.select_option("details[open] [name=purpose]", "status_check")
    await clerk.select_option("details[open] [name=consent]", "written")
    await clerk.click("details[open] button")
    await checked(petitions, schools, town)
    await register(clerk, "petition.request", "张三（示例）", road, phone=phone)
    town.waiting = await register(clerk, "social_security.work_injury_recognition", "王五（示例）", "在工地受伤")
    await clerk.click("summary:has-text('一次性告知')")
    await clerk.click("details[open] button")
    await placed(clerk, schools, town)
    for page in (clerk, petitions, schools):
        await page.context.close()
    return town


async def weeks_pass(city: City, days: int) -> None:
    """The clock of all services is put forward."""
    names = [*city.services.processes]
    for name in names:
        city.services.stop(name)
    city.services.environment["YIMEN_TIME_ORIGIN"] = (MONDAY + timedelta(days=days)).isoformat()
    await city.services.start(*names)


async def afterwards(city: City, town: Town) -> None:
    """What is new on the day of the pictures."""
    clerk = await city.signed_in("window")
    for name in ("李草（示例）", "阿依古丽·买买提（示例）"):
        await register(clerk, "education.student_aid", name, "助学（示例）")
    town.fresh = await register(clerk, "petition.request", "周八（示例）", "路灯不亮")
    await clerk.goto("/counter/new?category=education.student_aid")
    await clerk.fill("[id='applicant.name']", "李草（示例）")
    await clerk.click("text=保存草稿")
    await clerk.context.close()


async def refused(page: Page) -> None:
    await page.fill("[id='applicant.phone']", "abc")
    await page.locator(FORM).first.click()


async def opened(page: Page) -> None:
    """All that is folded lies open."""
    await page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")


async def sent(page: Page) -> None:
    await page.locator(FORM).first.click()


async def applicant_shown(page: Page) -> None:
    await page.locator("form:has(#applicant_for) button").click()


async def found(page: Page) -> None:
    await page.fill("#phone", "0313-0000011")
    await page.locator(FORM).first.click()


def of_counter(town: Town) -> Iterable[Screen]:
    case = f"/counter/cases/{town.case}"
    yield Screen(name="list", path="/counter", variants=ALL)
    yield Screen(name="list-due", path="/counter?view=due")
    yield Screen(name="list-empty", path="/counter?view=tell")
    yield Screen(name="choose", path="/counter/new")
    yield Screen(name="choose-words", path="/counter/new?q=zx")
    yield Screen(name="register", path="/counter/new?category=social_security.work_injury_recognition", variants=ALL)
    yield Screen(name="register-refused", path="/counter/new?category=education.student_aid", does=refused)
    yield Screen(name="case", path=case, variants=ALL)
    yield Screen(name="case-open", path=case, does=opened)
    yield Screen(name="case-applicant", path=case, does=applicant_shown, variants=PLAIN[:1])
    yield Screen(name="case-waiting", path=f"/counter/cases/{town.waiting}", does=opened)
    yield Screen(name="case-returned", path=f"/counter/cases/{town.returned}", does=opened)
    yield Screen(name="case-fresh", path=f"/counter/cases/{town.fresh}")
    yield Screen(name="why", path=f"{case}/why")
    yield Screen(name="receipt", path=f"/counter/cases/{town.fresh}/receipt")
    yield Screen(name="document", path=f"{case}/documents/1")
    yield Screen(name="document-consent", path=f"{case}/documents/2", variants=PLAIN[:1])
    yield Screen(name="check", path=f"{case}/checks/{town.check}")
    yield Screen(name="people", path="/counter/people")
    yield Screen(name="people-found", path="/counter/people", does=found)
    yield Screen(name="me", path="/me")
    yield Screen(name="password", path="/password")
    yield Screen(name="refused", path="/inbox", variants=PLAIN[:2])
    yield Screen(name="missing", path="/nothing", variants=PLAIN[:2])


def of_office(town: Town) -> Iterable[Screen]:
    for name, referral in town.referral.items():
        if name != "case":
            yield Screen(name=f"referral-{name}", path=f"/inbox/{referral}", variants=ALL if name == "open" else PLAIN)
    yield Screen(name="list", path="/inbox", variants=ALL)
    yield Screen(name="list-new", path="/inbox?view=new")
    yield Screen(name="list-late", path="/inbox?view=late")
    yield Screen(name="referral-forms", path=f"/inbox/{town.referral['open']}", does=opened)
    yield Screen(name="why", path=f"/inbox/{town.referral['open']}/why")
    yield Screen(name="links", path=f"/links/{town.referral['new']}")
    yield Screen(name="letter", path=f"/inbox/{town.referral['open']}/documents/2", variants=PLAIN[:2])
    yield Screen(name="board", path="/board")


def of_coordinator(town: Town) -> Iterable[Screen]:
    yield Screen(name="list", path="/coordinator", variants=ALL)
    yield Screen(name="return", path=f"/coordinator/{town.referral['returned']}", does=opened, variants=ALL)
    yield Screen(name="referral", path=f"/coordinator/{town.referral['new']}", does=opened)
    yield Screen(name="figures", path="/coordinator/figures", variants=ALL)
    yield Screen(name="messages", path="/coordinator/messages")
    yield Screen(name="board", path="/board", variants=ALL)
    yield Screen(name="board-history", path="/board/history?months=12", variants=ALL)
    yield Screen(name="board-counted", path="/board?figure=late")
    yield Screen(name="board-wall", path="/board?wall=1", variants=ALL)


def of_administrator() -> Iterable[Screen]:
    yield Screen(name="list", path="/admin", variants=ALL)
    yield Screen(name="new", path="/admin/new")
    yield Screen(name="new-refused", path="/admin/new", does=sent)
    yield Screen(name="account", path="/admin/accounts/schools", does=opened)
    yield Screen(name="sessions", path="/admin/sessions")
    yield Screen(name="reads", path="/reads")
    yield Screen(name="holidays", path="/admin/holidays")


def screens(town: Town) -> dict[str, Iterable[Screen]]:
    """By who sees them; a stranger has no name."""
    return {
        "window": of_counter(town),
        "schools": of_office(town),
        "county": of_coordinator(town),
        "admin": of_administrator(),
        "head": [
            Screen(name="board", path="/board", variants=PLAIN[:1]),
            Screen(name="list", path="/coordinator"),
            Screen(name="extension", path=f"/coordinator/{town.referral['open']}", does=opened),
        ],
        "village": [
            Screen(name="list", path="/counter"),
            Screen(name="register", path="/counter/new?category=education.student_aid"),
        ],
        "ops": [Screen(name="board", path="/board", variants=PLAIN[:1])],
    }


async def take(page: Page, who: str, screen: Screen) -> list[str]:
    """The names of those on which something is wider than the window."""
    wide = []
    for language, scheme, width in screen.variants:
        await page.goto(f"/language/{language}?next=/me" if who != "stranger" else f"/language/{language}?next=/status")
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size(DESK if width == "desk" else PHONE)
        await page.goto(screen.path)
        if screen.does is not None:
            await screen.does(page)
        name = f"{who}-{screen.name}-{language}-{scheme}-{width}"
        await page.screenshot(path=FOLDER / f"{name}.png", full_page=True)
        if await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(name)
    return wide


async def test_pictures_of_every_page(city: City) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    city.patience_ms = 120_000  # nothing is proven here
    wide: list[str] = []
    town = await lived(city)
    await weeks_pass(city, 21)
    await afterwards(city, town)
    for who, wanted in screens(town).items():
        page = await city.signed_in(who, java_script_enabled=True)
        for screen in wanted:
            wide += await take(page, who, screen)
        await page.context.close()
    stranger = await city.person(java_script_enabled=True)

    async def wrong_password(page: Page) -> None:
        await sign_in(page, "nobody", PASSWORD)

    async def looked_up(page: Page) -> None:
        await page.fill("#number", town.case)
        await page.fill("#receipt", town.code)
        await page.locator(FORM).first.click()

    for screen in (
        Screen(name="login", path="/login", variants=ALL),
        Screen(name="login-refused", path="/login", does=wrong_password),
        Screen(name="status", path="/status"),
        Screen(name="status-case", path="/status", does=looked_up, variants=ALL),
        Screen(name="link", path=town.link, does=opened, variants=ALL),
        Screen(name="link-unknown", path="/link/open/nonsense", variants=PLAIN[:2]),
    ):
        wide += await take(stranger, "stranger", screen)
    assert wide == []
