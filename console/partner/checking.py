"""What is asked of a new partner, checked before anything is written."""

import re
from typing import Any, Final

import click

from console.token import check_place
from contracts.codes import Role
from contracts.personal import is_personal
from contracts.submissions import is_identifier
from libraries.policies import Policy
from libraries.runtime.web.auth import Principal
from services.notify.domain.credentials import NAME_FORM
from services.notify.partners.registry import NewPartner

RESERVED: Final = frozenset({"intake", "routing", "notify", "portal", "admin", "broker", "operations", "registry"})
"""Users and consumer groups of ours are called so."""
ROLES: Final = (Role.TOWNSHIP, Role.OFFICER, Role.COORDINATOR, Role.OPS)


def checked(name: str, policy: Policy, **wanted: Any) -> NewPartner:
    """Raises a usage error that says what to do."""
    if not re.fullmatch(NAME_FORM, name, re.ASCII):
        raise click.UsageError(
            "a partner's name has 2 to 40 small letters, digits or hyphens, and begins with a letter"
        )
    if name in RESERVED:
        raise click.UsageError(f"{name} is a name of ours; choose another")
    role, office, area = Role(wanted["role"]), wanted["office"], wanted["area"]
    if office and role is not Role.OFFICER:
        raise click.UsageError("an office goes with the role officer; other roles name an area with --area")
    principal = Principal(
        subject=name,
        role=role,
        office=office or None,
        area=area.ljust(12, "0") if area else office.rpartition("-")[2] or None,
        sources=frozenset(wanted["sources"]) or None,
    )
    check_place(principal, policy)
    _check_ids(principal, wanted["issuer"], wanted["issuer_subject"])
    return NewPartner(
        name=name,
        role=role,
        office=office,
        area=principal.area or "",
        sources=tuple(sorted(principal.sources or ())),
        issuer=wanted["issuer"],
        issuer_subject=wanted["issuer_subject"],
    )


def _check_ids(principal: Principal, issuer: str, issuer_subject: str) -> None:
    if (principal.role is Role.TOWNSHIP) != (principal.sources is not None):
        raise click.UsageError("a township's system needs --source NAME, once for each source; no other does")
    if bool(issuer) != bool(issuer_subject):
        raise click.UsageError("--issuer and --issuer-subject go together")
    if issuer == "yimen":
        raise click.UsageError("`yimen` is our own issuer; leave --issuer out")
    for one in (*(principal.sources or ()), *filter(None, (issuer, issuer_subject))):
        if is_personal(one) or not is_identifier(one):
            raise click.UsageError(
                "sources, issuer and subject are 1 to 128 printable ASCII characters, and no person's"
            )
