"""`yimen token`: a bearer token for somebody."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click
import msgspec

from console.installation import DEFAULT_DATA, Installation
from console.main import echo
from console.topics import DEFAULT_POLICY
from contracts.codes import OF_AN_OFFICE
from contracts.personal import is_personal
from contracts.submissions import Post, is_identifier
from libraries.policies import Policy, load_policy
from libraries.runtime.settings import SHORTEST_TOKEN_KEY
from libraries.runtime.web.auth import Principal, Role, issue_token, unscoped

SYSTEMS_AND_PEOPLE: Final = tuple(role.value for role in Role if role not in {Role.APPLICANT, Role.LINK})
"""Whoever has a receipt or a link has it from a person; the portal makes a token of it that lasts as long as a page."""


@click.command()
@click.option("--role", type=click.Choice(SYSTEMS_AND_PEOPLE), required=True)
@click.option("--office", help="Code of the office that the token speaks for; an officer needs one.")
@click.option("--area", help="Sees this area and below; 2, 4, 6, 9 or 12 digits. Without it: the area of its office.")
@click.option("--source", "sources", multiple=True, help="Of a township's system: a source that it may register.")
@click.option("--post", default="", help="The post at the office, for example window-3; never a person's name.")
@click.option("--subject", help="Who it is, for the records; never a person's name.")
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="How long it is valid.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), default=DEFAULT_DATA, envvar="YIMEN_DATA")
@click.option("--json", "as_json", is_flag=True)
def token(  # noqa: PLR0913 -- one for each option
    *,
    role: str,
    office: str | None,
    area: str | None,
    sources: tuple[str, ...],
    post: str,
    subject: str | None,
    days: int,
    data: Path,
    as_json: bool,
) -> None:
    """Sign a token with YIMEN_TOKEN_KEY, or with the key of the data folder."""
    principal = Principal(
        subject=subject or f"{office or role}-{datetime.now(UTC):%Y%m%d%H%M%S}",
        role=Role(role),
        office=office,
        area=area.ljust(12, "0") if area else office.rpartition("-")[2] if office else None,
        sources=frozenset(sources) or None,
        post=post,
    )
    _check(principal)
    check_post(post, office)
    key = os.environ.get("YIMEN_TOKEN_KEY")
    if key is None:
        keys = Installation(data).find_keys()
        if keys is None:
            raise click.UsageError(f"no key in {data}: name a folder of `yimen up` with --data, or set YIMEN_TOKEN_KEY")
        key = keys.token_key
    if len(key) < SHORTEST_TOKEN_KEY:
        raise click.UsageError(f"YIMEN_TOKEN_KEY must have at least {SHORTEST_TOKEN_KEY} characters")
    signed = issue_token(key, principal, lifetime=timedelta(days=days))
    says = {name: getattr(principal, name) for name in ("subject", "role", "office", "area", "post")}
    told_json = {"token": signed, **says, "sources": sorted(principal.sources or ())}
    echo(msgspec.json.encode(told_json).decode() if as_json else signed)


def _check(principal: Principal) -> None:
    check_place(principal, load_policy(Path(os.environ.get("YIMEN_POLICY_DIR") or DEFAULT_POLICY)))
    _check_ids(principal)


def check_place(principal: Principal, policy: Policy) -> None:
    """Whether there is such an office and area to speak for. Raises a usage error that says what to do."""
    office, area = principal.office, principal.area
    if principal.role in OF_AN_OFFICE and office is None:
        named = "--office CODE, for example education-130722000000"
        one = "an officer" if principal.role is Role.OFFICER else "a head"
        raise click.UsageError(f"{one} speaks for an office: {named}")
    if office is not None and office not in policy.offices:
        raise click.UsageError(f"{office} is no office of the policy; an office is <role>-<area with 12 digits>")
    if area is not None and policy.area(area) is None:
        raise click.UsageError(f"{area} is no area of the policy")
    if office is not None and area is not None and not policy.within(area, policy.offices[office].area):
        raise click.UsageError(f"{area} does not lie in the area of {office}: name one that does, or leave --area out")
    if fault := unscoped(principal):
        raise click.UsageError(f"{fault}: --office CODE or --area CODE")


def _check_ids(principal: Principal) -> None:
    """What a token carries stands in logs and records."""
    if (principal.role is Role.TOWNSHIP) != (principal.sources is not None):
        raise click.UsageError(
            "a township's system needs --source NAME, once for each source that it sends; no other does"
        )
    for name, value in (("--subject", principal.subject), *(("--source", one) for one in principal.sources or ())):
        if is_personal(value):
            raise click.UsageError(f"{name} must not name a person: no Chinese character, identity or mobile number")
        if not is_identifier(value):
            raise click.UsageError(f"{name} must be 1 to 128 printable ASCII characters without blanks")


def check_post(post: str, office: str | None) -> None:
    try:
        msgspec.convert(post, Post)
    except msgspec.ValidationError:
        raise click.UsageError(
            "--post is a short code: small letters, with up to four digits, joined by hyphens, as window-3"
        ) from None
    if post and office is None:
        raise click.UsageError("a post belongs to an office: --office CODE")
