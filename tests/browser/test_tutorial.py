"""The tutorial is followed to its end as it stands, in both languages, with the accounts that `make up` prints."""

import asyncio
import os
from pathlib import Path

import pytest

from console.ready_accounts import ready_accounts
from libraries.policies import load_policy
from libraries.runtime.settings import RuntimeSettings
from tests.acceptance.installation import KEY
from tests.browser.conftest import City
from tests.browser.guide import Guided, steps

pytestmark = [pytest.mark.engines, pytest.mark.timeout(360)]
FOLDER = Path(__file__).parents[2] / "docs" / "tutorials"
DRAWS = bool(os.environ.get("YIMEN_PICTURES"))
"""`make screenshots` takes the pictures of the tutorial afresh."""


@pytest.mark.parametrize("name", ["a-day-at-the-window.zh-CN.md", "a-day-at-the-window.md"])
async def test_a_day_at_the_window(city: City, name: str) -> None:
    sealing_key = city.services.environment["YIMEN_SEALING_KEY"]
    given = {"database_url": city.services.database, "kafka_servers": city.services.kafka}
    settings = RuntimeSettings.model_validate({**given, "token_key": KEY, "sealing_key": sealing_key})
    passwords = await asyncio.to_thread(ready_accounts, settings, load_policy(settings.policy_dir))
    guided = Guided(city=city, passwords=passwords, folder=FOLDER, draws=DRAWS)
    await guided.open("/login")
    for step in steps((FOLDER / name).read_text("utf-8")):
        for deed in step:
            await guided.follow(deed)
    assert {"clerk", "officer", "/status"} <= set(guided.browsers)
    for page in guided.browsers.values():
        await page.context.close()
