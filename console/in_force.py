"""The policy that an installation decides by: not what stands in a folder, but the version that was activated."""

from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.exc import ProgrammingError

from libraries.policies import Policy, load_policy
from libraries.policies.archive import load_archived
from libraries.policies.watch import in_force
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.failures import sqlstate
from libraries.runtime.settings import ProcessSettings
from libraries.versions.store import get_content, list_activations

NOT_MADE: Final = ("42P01", "3F000", "22023", "42501", "42704")
"""No table, no schema, no role: nothing was ever prepared here."""


async def policy_in_force(settings: ProcessSettings, at: datetime | None = None) -> Policy:
    """At a moment, or now, with the places of that day. The folder's pack, where nothing was ever activated.

    Raises `PolicyRefused`.
    """
    moment = at if at is not None else Clock.of(settings).now()
    content = await content_in_force(settings, moment)
    return load_archived(content, moment) if content is not None else load_policy(Path(settings.policy_dir), at=moment)


async def content_in_force(settings: ProcessSettings, at: datetime) -> bytes | None:
    engine = open_engine(settings, "routing", pool_size=1)
    try:
        async with transaction(engine) as conn:
            found = in_force(await list_activations(conn), at)
            return await get_content(conn, found.version) if found is not None else None
    except ProgrammingError as error:
        if sqlstate(error) not in NOT_MADE:
            raise
        return None
    finally:
        await engine.dispose()
