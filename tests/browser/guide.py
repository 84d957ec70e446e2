"""A tutorial as a browser follows it: its steps are read out of the Markdown that people read."""

import asyncio
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Page, expect

from tests.browser.conftest import City, sign_in

WINDOW: Final = {"width": 1080, "height": 720}
COLOURS: Final = 48
TRIES: Final = 100
PHRASES: Final[Mapping[str, str]] = {
    "picture": r"!\[[^]]+\]\((?P<file>[^)]+)\)",
    "enter": r"以 `(?P<login>[^`]+)` 登录|[Ss]ign in as `(?P<login_>[^`]+)`",
    "open": r"另开一个浏览器，打开 `(?P<path>[^`]+)`|In another browser open `(?P<path_>[^`]+)`",
    "go_back": r"回到 `(?P<whose>[^`]+)` 的浏览器|[Gg]o back to the browser of `(?P<whose_>[^`]+)`",
    "reload": r"刷新页面，看到|reload the page, and",
    "fill": r"在 \*\*(?P<label>[^*]+)\*\* 填写 `(?P<text>[^`]+)`|"
    r"[Ff]ill in \*\*(?P<label_>[^*]+)\*\* with `(?P<text_>[^`]+)`",
    "fill_noted": r"在 \*\*(?P<label>[^*]+)\*\* 填写记下的 \*\*(?P<noted>[^*]+)\*\*|"
    r"[Ff]ill in \*\*(?P<label_>[^*]+)\*\* with the \*\*(?P<noted_>[^*]+)\*\*",
    "note": r"记下 \*\*(?P<title>[^*]+)\*\*|[Nn]ote the \*\*(?P<title_>[^*]+)\*\*",
    "click": r"点击 \*\*(?P<button>[^*]+)\*\*|[Cc]lick \*\*(?P<button_>[^*]+)\*\*",
    "tick": r"勾选 \*\*(?P<choice>[^*]+)\*\*|[Tt]ick \*\*(?P<choice_>[^*]+)\*\*",
    "see": r"看到 \*\*(?P<shown>[^*]+)\*\*|you see\s\*\*(?P<shown_>[^*]+)\*\*",
}
"""How a step says what to do, in Chinese and in English."""
STEP: Final = re.compile(r"^\d+\. .*\n(?:(?:[ ]{3,}.*)?\n(?=[ ]{3}|\n[ ]{3})|[ ]{3,}.*\n)*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing to do."""

    name: str
    values: tuple[str, ...]


def steps(text: str) -> Iterator[list[Deed]]:
    """By numbered step what is to be done, in its order."""
    for step in STEP.findall(text):
        line = " ".join(step.split())
        found = [
            (match.start(), _deed(name, match)) for name, how in PHRASES.items() for match in re.finditer(how, line)
        ]
        yield [deed for _, deed in sorted(found, key=lambda pair: pair[0])]


def _deed(name: str, match: re.Match[str]) -> Deed:
    return Deed(name, tuple(value for value in match.groups() if value is not None))


@dataclass(kw_only=True)
class Guided:
    """People in their browsers, doing what a tutorial says."""

    city: City
    passwords: Mapping[str, str]
    folder: Path
    """Where the tutorial lies."""
    draws: bool = False
    """Takes the pictures afresh."""
    browsers: dict[str, Page] = field(default_factory=dict)
    noted: dict[str, str] = field(default_factory=dict)
    page: Page | None = None

    async def follow(self, deed: Deed) -> None:
        await getattr(self, deed.name)(*deed.values)

    @property
    def at(self) -> Page:
        assert self.page is not None
        return self.page

    async def open(self, path: str) -> None:
        self.page = self.browsers[path] = await self.city.person(viewport=WINDOW)
        await self.at.goto(path)

    async def enter(self, login: str) -> None:
        self.browsers[login] = self.at
        await sign_in(self.at, login, self.passwords[login])

    async def go_back(self, whose: str) -> None:
        self.page = self.browsers[whose]

    async def reload(self) -> None:
        await self.at.reload()

    async def fill(self, label: str, text: str) -> None:
        found = self.at.locator("label:visible").filter(has_text=re.compile(rf"^\s*{re.escape(label)}"))
        await self.at.fill(f"[id='{await found.first.get_attribute('for')}']", text)

    async def fill_noted(self, label: str, noted: str) -> None:
        await self.fill(label, self.noted[noted])

    async def note(self, title: str) -> None:
        found = self.at.locator("dt", has_text=re.compile(rf"^\s*{re.escape(title)}\s*$"))
        self.noted[title] = (await found.locator("xpath=following-sibling::dd[1]").inner_text()).strip()

    async def click(self, button: str) -> None:
        """A button before a link, a link before what unfolds."""
        exactly = re.compile(rf"^\s*{re.escape(button)}\s*$")
        kinds = [self.at.locator(f"{kind}:visible").filter(has_text=exactly) for kind in ("button", "a", "summary")]
        for _ in range(TRIES):
            for kind in kinds:
                if await kind.count():
                    return await kind.first.click()
            await self._later()
        raise AssertionError(f"nothing to click is called {button} on {self.at.url}")

    async def tick(self, choice: str) -> None:
        await self.at.get_by_label(choice, exact=True).check()

    async def see(self, shown: str) -> None:
        await expect(self.at.locator("main")).to_contain_text(shown)

    async def picture(self, file: str) -> None:
        if not self.draws:
            assert (self.folder / file).is_file(), file
            return
        taken = Image.open(io.BytesIO(await self.at.screenshot()))
        await asyncio.to_thread(self._keep, taken, self.folder / file)

    @staticmethod
    def _keep(taken: Image.Image, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)

    async def _later(self) -> None:
        """What another person did takes a moment."""
        await asyncio.sleep(0.2)
        await self.at.reload()
