"""Which browser on which device, out of what a browser says of itself: people look for their own among the sessions."""

import re
from collections.abc import Sequence
from typing import Final

BROWSERS: Final[Sequence[tuple[str, str]]] = (
    ("MicroMessenger/", "WeChat"),
    ("DingTalk/", "DingTalk"),
    ("QQBrowser/", "QQBrowser"),
    ("QIHU", "360"),
    ("360SE", "360"),
    ("UCBrowser/", "UC"),
    ("HuaweiBrowser/", "Huawei"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
)
"""Most browsers say the names of others after their own, so the first that is found counts."""
SYSTEMS: Final[Sequence[tuple[str, str]]] = (
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("UOS", "UOS"),
    ("Kylin", "Kylin"),
    ("Linux", "Linux"),
)
LONGEST: Final = 60


def device(agent: str) -> str:
    """`Chrome 126, Windows`; what is not known says itself, shortened."""
    browser = next((_with_version(agent, mark, name) for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return ", ".join(filter(None, (browser, system))) or agent[:LONGEST]


def _with_version(agent: str, mark: str, name: str) -> str:
    found = re.search(re.escape(mark) + r"(\d{1,4})", agent)
    return f"{name} {found[1]}" if found else name
