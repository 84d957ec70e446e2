"""The ready-made accounts of `yimen up`: one per role that has pages, with posts as the policy has them."""

import asyncio
import hmac
from base64 import b32encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from console.endpoints import demo_office
from contracts.codes import AreaLevel, Role
from libraries.policies import Policy
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.settings import RuntimeSettings
from services.portal import store
from services.portal.passwords import hash_now

DIGITS: Final = 12

Place = tuple[Role, str | None, str]
"""Role, office and area of a post."""


def ready_accounts(settings: RuntimeSettings, policy: Policy) -> dict[str, str]:
    """Names and first passwords. Made where they are missing; what somebody has changed since stays as it is."""
    key = settings.token_key.get_secret_value()
    places = dict(_places(policy))
    passwords = {login: _password(key, login) for login in places}
    asyncio.run(_make(settings, places, passwords))
    return passwords


def _places(policy: Policy) -> Iterator[tuple[str, Place]]:
    """An office, and the window of a township in the same county."""
    office = demo_office(policy)
    if office is None:
        return
    area = policy.offices[office].area
    yield "officer", (Role.OFFICER, office, area)
    townships = sorted(one.code for one in policy.areas.values() if one.level is AreaLevel.TOWNSHIP)
    inside = [code for code in townships if policy.within(code, area)] or townships
    desk = policy.office_near("township", inside[0]) if inside else None
    if desk is not None:
        yield "clerk", (Role.CLERK, desk.code, desk.area)
    civil_affairs = policy.office_near("civil_affairs", area)
    if civil_affairs is not None:
        yield "coordinator", (Role.COORDINATOR, civil_affairs.code, civil_affairs.area)


def _password(key: str, login: str) -> str:
    """The same at each start, so that it can be told again; nobody guesses it without the key."""
    return b32encode(hmac.digest(key.encode(), f"account {login}".encode(), "sha256")).decode().lower()[:DIGITS]


async def _make(settings: RuntimeSettings, places: dict[str, Place], passwords: dict[str, str]) -> None:
    engine = open_engine(settings, "portal")
    try:
        async with transaction(engine) as conn:
            for login, (role, office, area) in places.items():
                if await store.find_account(conn, login) is None:
                    hashed = hash_now(passwords[login])
                    made = await store.add_account(conn, login, hashed, must_change=False, at=datetime.now(UTC))
                    await store.add_post(conn, made, role=role, office=office, area=area, code="")
    finally:
        await engine.dispose()
