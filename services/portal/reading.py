"""What both inbox and counter read of a case, as far as the person may."""

from typing import Any, Final

from libraries.policies import Reason
from services.portal.remote import Caller, ServiceRefused
from services.portal.visits import Visit

PURPOSE: Final = "applicant_for"


async def read_if_allowed(caller: Caller, service: str, path: str | None) -> Any:
    """`None` for what this person may not read, and for what the service has not heard of yet."""
    if path is None:
        return None
    try:
        return await caller.get(service, path)
    except ServiceRefused as error:
        if error.problem.status in {403, 404}:
            return None
        raise


async def read_question(caller: Caller, path: str | None) -> Any:
    """Of a check: intake has it where a window asked, else routing."""
    service = "intake" if path is not None and path.startswith("/v1/cases/") else "routing"
    return await read_if_allowed(caller, service, path)


async def open_applicant(found: Visit, caller: Caller, path: str | None, purpose: str | None) -> Any:
    """Opened only where somebody says for what; each opening is on record."""
    if path is None or purpose not in found.policy.purposes:
        return None
    return await caller.get("intake", path, {"purpose": purpose})


def reasons_for(found: Visit, use: str) -> list[Reason]:
    return [reason for reason in found.policy.reasons.values() if use in reason.uses]
