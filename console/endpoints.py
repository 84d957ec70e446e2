"""`<data>/endpoints.json`: how to reach a running installation, for scripts and other commands."""

from pathlib import Path
from typing import Final

import msgspec

from console.installation import write_whole
from libraries.policies import Policy
from libraries.runtime.web.auth import Principal, Role, issue_token

DEMO_ROLE = "education"
READY_MADE: Final = (Role.TOWNSHIP, Role.CLERK, Role.OFFICER, Role.COORDINATOR, Role.OPS)


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """Stands in the folder only while everything is up."""

    intake: str
    routing: str
    notify: str
    board: str
    portal: str
    kafka: str
    postgres: str
    tokens: dict[str, str]
    accounts: dict[str, str] = {}
    """Of the portal: names with their first passwords."""


def path_in(folder: Path) -> Path:
    return folder / "endpoints.json"


def write(folder: Path, endpoints: Endpoints) -> None:
    write_whole(path_in(folder), endpoints)


def remove(folder: Path) -> None:
    path_in(folder).unlink(missing_ok=True)


def find(folder: Path) -> Endpoints | None:
    """Those of a running installation, as far as its file says so."""
    try:
        return msgspec.json.decode(path_in(folder).read_bytes(), type=Endpoints)
    except FileNotFoundError:
        return None


def demo_office(policy: Policy) -> str | None:
    """The office that the ready-made officer speaks for: a county's, with topics of its own."""
    codes = sorted(office.code for office in policy.offices.values() if "kafka" in office.channels)
    county = [code for code in codes if code.startswith(DEMO_ROLE) and policy.areas[code[-12:]].level == "county"]
    return next(iter(county or codes), None)


def ready_made(key: str, policy: Policy) -> dict[str, str]:
    """One token per role: all see the whole installation, but the officer speaks for one office."""
    office = demo_office(policy)
    return {
        role.value: issue_token(
            key,
            Principal(
                subject=f"{role.value}-ready-made",
                role=role,
                office=office if role is Role.OFFICER else None,
                installation=True,
            ),
        )
        for role in READY_MADE
    }
