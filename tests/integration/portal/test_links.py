"""Links by their rules and their rows: until when, for whom, and what stands on record."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from contracts.codes import Role
from libraries.ids import new_id
from libraries.runtime.database.engine import transaction
from services.portal import link_store
from services.portal.domain.accounts import Post
from services.portal.domain.links import Link, State, ends_after, may_hand_on
from services.portal.visits import secret_hash
from tests.integration.portal.conftest import Portal

SCHOOLS = "education-130722000000"
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


async def a_link(portal: Portal, secret: str = "s3cret", days: str = "3") -> Link:
    maker = await portal.account(f"maker-{uuid4().hex[:6]}")
    ends_at = ends_after(days, portal.at)
    assert ends_at is not None
    link = Link(
        id=new_id(),
        referral_id=uuid4(),
        number="130722-20260302-00017-7",
        office=SCHOOLS,
        made_by=maker,
        maker="",
        made_at=portal.at,
        ends_at=ends_at,
    )
    async with transaction(portal.engine) as conn:
        await link_store.add_link(conn, link, secret_hash(secret))
    return link


async def test_a_link_opens_its_referral_until_it_ends_and_each_use_is_noted(portal: Portal) -> None:
    link = await a_link(portal)
    async with portal.browser() as browser:
        opened = await browser.get("/link/open/s3cret")
        assert (opened.status_code, opened.headers["location"]) == (303, f"/link/{link.referral_id}")
        assert "Path=/link" in opened.headers["set-cookie"]
        assert (await browser.get(f"/link/{link.referral_id}")).status_code == 503  # routing is away
        assert (await browser.get(f"/link/{uuid4()}")).status_code == 410
        portal.passes(timedelta(days=3))
        for path in ("/link/open/s3cret", f"/link/{link.referral_id}", f"/link/{link.referral_id}/why"):
            over = await browser.get(path)
            assert over.status_code == 410
            assert "链接已过期" in over.text
    async with portal.engine.connect() as conn:
        rows = (await conn.execute(text("SELECT act, address FROM link_uses"))).all()
        assert [tuple(row) for row in rows] == [("opened", "10.0.0.1")]
        assert b"s3cret" not in (await conn.execute(text("SELECT secret_hash FROM links"))).scalar_one()


async def test_the_first_to_revoke_stands_on_record_and_only_of_this_referral(portal: Portal) -> None:
    link, first, second = await a_link(portal), await portal.account("first"), await portal.account("second")
    async with transaction(portal.engine) as conn:
        await link_store.revoke(conn, link.id, uuid4(), by=first, at=portal.at)
        assert (await link_store.list_links(conn, link.referral_id))[0].state(portal.at) is State.LIVE
        await link_store.revoke(conn, link.id, link.referral_id, by=first, at=portal.at)
        await link_store.revoke(conn, link.id, link.referral_id, by=second, at=portal.at)
        (found,) = await link_store.list_links(conn, link.referral_id)
    assert (found.state(portal.at), found.revoker) == (State.REVOKED, "first")


async def test_without_a_session_nobody_makes_a_link(portal: Portal) -> None:
    async with portal.browser() as browser:
        answer = await browser.get(f"/links/{uuid4()}")
        assert (answer.status_code, answer.headers["location"][:6]) == (303, "/login")


@pytest.mark.parametrize(
    ("role", "office", "state", "may"),
    [
        (Role.OFFICER, SCHOOLS, "dispatched", True),
        (Role.OFFICER, "petition-130722000000", "dispatched", False),
        (Role.COORDINATOR, "civil_affairs-130722000000", "signed", True),
        (Role.CLERK, "township-130722100000", "on_hold", True),
        (Role.CLERK, "township-130722100000", "completed", False),
    ],
)
def test_who_hands_on_what(role: Role, office: str, state: str, may: bool) -> None:
    post = Post(id=uuid4(), role=role, office=office, area=office[-12:])
    assert may_hand_on(post, {"office": SCHOOLS, "state": state}) is may


@pytest.mark.parametrize("days", ["", "0", "2", "365", "-1", "7 "])
def test_a_link_lasts_as_long_as_can_be_chosen(days: str) -> None:
    assert ends_after(days, NOW) is None
    assert ends_after("7", NOW) == NOW + timedelta(days=7)
