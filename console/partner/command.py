"""`yimen partner`: the registry of partners on a terminal."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click
import msgspec
from aiokafka.errors import IncompatibleBrokerVersion

from console.main import echo, quiet
from console.partner import acting, applying
from console.partner.acting import NotHeard
from console.partner.checking import ROLES, checked
from console.partner.kafka import BrokerRefused
from console.target import Target, of_installation
from console.terminal import console
from libraries.policies import load_policy
from services.notify.partners.registry import Credential, Issued

LONGEST: Final = 3650
LIGHT: Final = (
    "this broker keeps neither users nor rights, so everybody who reaches it reads and writes everything; partners are"
    " let in and locked out over HTTP alone. For users at the broker: `yimen up --kafka apache --secure`"
)


@click.group()
def partner() -> None:
    """Partners: systems that connect over HTTP and Kafka."""


@partner.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in ROLES]), required=True)
@click.option("--office", default="", help="Code of the office that an officer's system speaks for.")
@click.option("--area", default="", help="Knows of this area and below; without it, of its office's.")
@click.option("--source", "sources", multiple=True, help="Of a township's system: a source that it may register.")
@click.option("--issuer", default="", help="Another identity provider whose tokens speak for it, too (`iss`).")
@click.option("--issuer-subject", default="", help="What that provider calls it (`sub`).")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def add(*, target: Target, name: str, as_json: bool, **wanted: Any) -> None:
    """Register a partner. Its client id and secret are printed this once; they serve for HTTP and for Kafka.

    Its users, rights and quotas at the broker follow with `yimen partner apply`.
    """
    quiet()
    _needs_keys(target)
    new = checked(name, load_policy(target.policy), **wanted)
    issued = asyncio.run(acting.add(target, new))
    if issued is None:
        raise click.ClickException(f"{name} or its issuer and subject are registered; `yimen partner list` names all")
    _show(issued, as_json=as_json)


@partner.command(name="list")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def list_(*, target: Target, as_json: bool) -> None:
    """Every partner: what it may, and which of its credentials count."""
    quiet()
    partners, credentials = asyncio.run(acting.listed(target))
    now = datetime.now(UTC)
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "role": one.role,
            "office": one.office,
            "area": one.area,
            "sources": one.sources,
            "issuer": one.issuer,
            "disabled": one.disabled,
            "credentials": [_told(held) for held in credentials if held.partner == one.name and held.counts(now)],
        }
        for one in partners
    ]
    if as_json:
        echo(msgspec.json.encode(rows).decode())
        return
    from rich.table import Table  # noqa: PLC0415 -- not there in an installation without the extra `local`

    table = Table("name", "role", "of", "sources", "credentials", "state", box=None)
    for row in rows:
        held = ", ".join(str(one["id"]) for one in row["credentials"])
        state = "disabled" if row["disabled"] else "ok"
        table.add_row(row["name"], row["role"], row["office"] or row["area"], " ".join(row["sources"]), held, state)
    console().print(table)


@partner.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def rotate(*, target: Target, name: str, as_json: bool) -> None:
    """Another client id and secret; those of before count for a day more."""
    quiet()
    _needs_keys(target)
    issued = asyncio.run(acting.rotate(target, name))
    if issued is None:
        _unknown(name)
    else:
        _show(issued, as_json=as_json)


@partner.command()
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let it call again, by new tokens; it takes up its subscriptions itself.")
@of_installation
def disable(*, target: Target, name: str, undo: bool) -> None:
    """Lock a partner out: its tokens are refused within seconds, and its subscriptions end.

    Returns when every service knows. At the broker it ends with `yimen partner apply`.
    """
    quiet()
    try:
        ended = asyncio.run(acting.enable(target, name) if undo else acting.disable(target, name))
    except NotHeard as error:
        raise click.ClickException(str(error)) from None
    if ended is None:
        _unknown(name)
    echo(f"{name} is {'enabled' if undo else 'disabled'}")
    for subscription in ended or ():
        echo(f"its subscription {subscription} has ended")


@partner.command()
@click.argument("token_id")
@click.option("--days", type=click.IntRange(1, LONGEST), default=LONGEST, help="How long the token could still count.")
@of_installation
def revoke(*, target: Target, token_id: str, days: int) -> None:
    """Refuse one token, whoever's it is, by its id (`jti`)."""
    quiet()
    if not token_id.isascii() or not token_id.isprintable() or not 1 <= len(token_id) <= 200:
        raise click.UsageError("the id of a token is what it says in `jti`: 1 to 200 printable ASCII characters")
    try:
        asyncio.run(acting.revoke(target, token_id, datetime.now(UTC) + timedelta(days=days)))
    except NotHeard as error:
        raise click.ClickException(str(error)) from None
    echo(f"{token_id} is refused from now on")


@partner.command()
@click.option("--check", is_flag=True, help="Change nothing: only say what would change. Exits 1 if anything would.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def apply(*, target: Target, check: bool, as_json: bool) -> None:
    """Give the broker the users, rights, quotas and topics of all partners, and take away what they have beside.

    Safe to repeat: what is as it should be is left alone. What changed is printed.
    """
    quiet()
    _needs_keys(target)
    try:
        changed = asyncio.run(applying.apply(target.settings, load_policy(target.policy), change=not check))
    except IncompatibleBrokerVersion:
        raise click.ClickException(LIGHT) from None
    except TimeoutError:
        raise click.ClickException("the broker has taken the changes and does not show them; run it again") from None
    except BrokerRefused as error:
        raise click.ClickException(
            f"{error}; the broker needs an authorizer, and we the rights of its operator"
        ) from None
    if as_json:
        echo(msgspec.json.encode({"changed": changed}).decode())
    else:
        for line in changed or ["nothing to change"]:
            echo(line)
    if check and changed:
        sys.exit(1)


@partner.command(name="rotate-key")
@of_installation
def rotate_key(*, target: Target) -> None:
    """Another key signs the tokens of partners. The one of before counts until its last token has ended."""
    quiet()
    _needs_keys(target)
    key_id, signs_from = asyncio.run(acting.rotate_key(target))
    echo(f"{key_id} signs from {signs_from.astimezone().isoformat(timespec='seconds')} on")


def _told(held: Credential) -> dict[str, Any]:
    return {"id": held.id, "created_at": held.created_at, "ends_at": held.ends_at}


def _show(issued: Issued, *, as_json: bool) -> None:
    if as_json:
        echo(msgspec.json.encode({"client_id": issued.id, "client_secret": issued.secret}).decode())
    else:
        echo(f"{issued.id},{issued.secret}")


def _needs_keys(target: Target) -> None:
    if not target.has_keys:
        raise click.UsageError("set YIMEN_TOKEN_KEY and YIMEN_SEALING_KEY as the services have them")


def _unknown(name: str) -> None:
    sys.exit(f"there is no partner {name}; `yimen partner list` names them")
