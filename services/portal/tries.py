"""Tries with a secret, counted before anybody looks at it: of one name, and of one address whatever it is for."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from libraries.runtime.database.engine import transaction
from services.portal import store
from services.portal.domain.accounts import Login, SignInRefusal, refusal
from services.portal.remote import ServiceAway
from services.portal.visits import Visit

log = structlog.get_logger()

Look = Callable[[], Awaitable[tuple[Login, UUID | None]]]
"""What became of it, and of whose account it was."""


async def tried(found: Visit, name: bytes, look: Look) -> Login | SignInRefusal:
    """Counts, looks unless there were too many failures before, and notes what became of it."""
    portal = found.portal
    async with transaction(portal.engine) as conn:
        number, tries = await store.begin_try(conn, name, found.address, portal.now())
        refused = refusal(tries)
        if refused is not None:
            await store.drop_try(conn, number)
    if refused is not None:
        log.warning("login_refused", reason=refused.value)
        return refused
    try:
        outcome, account_id = await look()
    except ServiceAway:  # nobody has looked
        async with transaction(portal.engine) as conn:
            await store.drop_try(conn, number)
        raise
    async with transaction(portal.engine) as conn:
        await store.end_try(conn, number, outcome, account_id)
    return outcome
