"""`yimen token`: a bearer token for somebody."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec

from services.console.installation import DEFAULT_DATA, Installation
from services.console.main import told
from services.console.topics import DEFAULT_POLICY
from services.policies import load_policy
from services.runtime.auth import Principal, Role, issue_token


@click.command()
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--office", help="Code of the office that the token speaks for; an officer needs one.")
@click.option("--area", help="Sees this area and below; 2, 4, 6, 9 or 12 digits. Without it: everything.")
@click.option("--subject", help="Who it is, for the records; never a person's name.")
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="How long it is valid.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), default=DEFAULT_DATA, envvar="YIMEN_DATA")
@click.option("--json", "as_json", is_flag=True)
def token(
    *, role: str, office: str | None, area: str | None, subject: str | None, days: int, data: Path, as_json: bool
) -> None:
    """Sign a token with YIMEN_TOKEN_KEY, or with the key of the data folder."""
    _check(role, office, area)
    key = os.environ.get("YIMEN_TOKEN_KEY")
    if key is None:
        keys = Installation(data).find_keys()
        if keys is None:
            raise click.UsageError(f"no key in {data}: name a folder of `yimen up` with --data, or set YIMEN_TOKEN_KEY")
        key = keys.token_key
    principal = Principal(
        subject=subject or f"{office or role}-{datetime.now(UTC):%Y%m%d%H%M%S}",
        role=Role(role),
        office=office,
        area=area.ljust(12, "0") if area else None,
    )
    signed = issue_token(key, principal, lifetime=timedelta(days=days))
    told(msgspec.json.encode({"token": signed, **msgspec.to_builtins(principal)}).decode() if as_json else signed)


def _check(role: str, office: str | None, area: str | None) -> None:
    policy = load_policy(Path(os.environ.get("YIMEN_POLICY_DIR") or DEFAULT_POLICY))
    if role == Role.OFFICER and office is None:
        raise click.UsageError("an officer speaks for an office: --office CODE, for example education-130722000000")
    if office is not None and office not in policy.offices:
        raise click.UsageError(f"{office} is no office of the policy; an office is <role>-<area with 12 digits>")
    if area is not None and policy.area(area) is None:
        raise click.UsageError(f"{area} is no area of the policy")
