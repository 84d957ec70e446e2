"""`yimen account`: who may sign in to the portal, and as what."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from console.main import echo, quiet
from console.staff import NewPost, new_post, new_posts, read_staff
from console.target import Target, of_installation
from console.terminal import console
from libraries.policies import load_policy
from libraries.runtime.database.engine import open_engine, transaction
from services.portal import store
from services.portal.domain.accounts import PORTAL_ROLES, Account
from services.portal.keys import name_hash, portal_key
from services.portal.passwords import first_password, hash_now

Act = Callable[[AsyncConnection], Awaitable[Any]]


@click.group()
def account() -> None:
    """Accounts of the portal: people sign in with them, and act as their posts."""


@account.command()
@click.argument("login")
@click.option("--role", type=click.Choice([role.value for role in PORTAL_ROLES]), required=True)
@click.option("--office", default="", help="Code of the office; an officer needs one.")
@click.option("--area", default="", help="Sees this area and below. Without it: the area of the office.")
@click.option("--post", default="", help="The post at the office, for example window-3; never a person's name.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def add(*, target: Target, login: str, role: str, office: str, area: str, post: str, as_json: bool) -> None:
    """Make an account, or give one another post. The first password is printed, and changed at the first login."""
    quiet()
    policy = load_policy(target.policy)
    found, faults = new_post({"login": login, "role": role, "office": office, "area": area, "post": post}, policy)
    if found is None:
        raise click.UsageError("; ".join(faults))
    _make(target, [found], as_json=as_json)


@account.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@of_installation
def import_(*, target: Target, file: Path, as_json: bool) -> None:
    """Accounts of a spreadsheet (XLSX, or CSV in UTF-8 or GB 18030) with the columns login, role, office, area, post.

    All of them, or none: every fault is told with its line. Headings, roles, offices and areas may be in Chinese too.
    Prints each new name with its first password.
    """
    quiet()
    wanted, faults = new_posts(read_staff(file), load_policy(target.policy))
    if faults:
        raise click.UsageError("nothing was done:\n" + "\n".join(faults))
    _make(target, wanted, as_json=as_json)


def _make(target: Target, wanted: Iterable[NewPost], *, as_json: bool) -> None:
    try:
        passwords: dict[str, str] = asyncio.run(_on(target, lambda conn: _save(conn, wanted)))
    except IntegrityError:
        raise click.ClickException("somebody else made one of these accounts at the same moment; try again") from None
    if as_json:
        echo(msgspec.json.encode([{"login": name, "password": first} for name, first in passwords.items()]).decode())
    else:
        for name, first in passwords.items():
            echo(f"{name},{first}")


async def _save(conn: AsyncConnection, wanted: Iterable[NewPost]) -> dict[str, str]:
    """First passwords of the accounts that are new."""
    passwords = {}
    for one in wanted:
        known = await store.find_account(conn, one.login)
        if known is not None:
            account_id = known.id
        else:
            passwords[one.login] = first_password()
            hashed = hash_now(passwords[one.login])
            account_id = await store.add_account(conn, one.login, hashed, must_change=True, at=datetime.now(UTC))
        await store.add_post(conn, account_id, role=one.role, office=one.office, area=one.area, code=one.post)
    return passwords


@account.command(name="list")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def list_(*, target: Target, as_json: bool) -> None:
    """Every account with its posts; the id is what stands in the records of the services."""
    quiet()
    found: list[Account] = asyncio.run(_on(target, store.list_accounts))
    if as_json:
        echo(msgspec.json.encode([_shown(one) for one in found]).decode())
        return
    from rich.table import Table  # noqa: PLC0415 -- not there in an installation without the extra `local`

    table = Table("login", "id", "posts", "state", box=None)
    now = datetime.now(UTC)
    for one in found:
        posts = "\n".join(
            " ".join(filter(None, (post.role, post.office or post.area, post.code))) for post in one.held(now)
        )
        state = "disabled" if one.disabled_at else "first password" if one.must_change else "ok"
        table.add_row(one.login, str(one.id), posts, state)
    console().print(table)


def _shown(one: Account) -> dict[str, Any]:
    held = one.held(datetime.now(UTC))
    posts = [{"role": post.role, "office": post.office, "area": post.area, "post": post.code} for post in held]
    state = {"disabled_at": one.disabled_at, "must_change": one.must_change}
    return {"login": one.login, "id": one.id, "posts": posts, **state}


@account.command()
@click.argument("login")
@click.option("--undo", is_flag=True, help="Let it in again.")
@of_installation
def disable(*, target: Target, login: str, undo: bool) -> None:
    """Nobody signs in with it any more, and whoever is signed in is out."""
    quiet()
    at = None if undo else datetime.now(UTC)
    asyncio.run(_on(target, lambda conn: _with(conn, login, lambda one: store.disable(conn, one.id, at))))
    echo(f"{login} is {'enabled' if undo else 'disabled'}")


@account.command()
@click.argument("login")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def reset(*, target: Target, login: str, as_json: bool) -> None:
    """A new first password for who forgot theirs; it also unlocks the name and ends all sessions."""
    quiet()
    first = first_password()
    key = portal_key(target.settings.token_key.get_secret_value())

    async def change(conn: AsyncConnection) -> None:
        async def renew(one: Account) -> None:
            if one.provided:
                sys.exit(f"{login} signs in with the identity provider and has no password here; reset it there")
            await store.save_password(conn, one.id, hash_now(first), must_change=True, at=datetime.now(UTC))
            await store.forget_tries(conn, name_hash(key, login))

        await _with(conn, login, renew)

    asyncio.run(_on(target, change))
    echo(msgspec.json.encode({"login": login, "password": first}).decode() if as_json else f"{login},{first}")


async def _with(conn: AsyncConnection, login: str, act: Callable[[Account], Awaitable[None]]) -> None:
    found = await store.find_account(conn, login)
    if found is None:
        sys.exit(f"there is no account {login}; `yimen account list` names them")
    await act(found)


async def _on(target: Target, act: Act) -> Any:
    engine = open_engine(target.settings, "portal")
    try:
        async with transaction(engine) as conn:
            return await act(conn)
    finally:
        await engine.dispose()
