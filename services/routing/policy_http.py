"""Which versions of the policy were activated, and their files."""

from datetime import date, datetime
from typing import Final

import msgspec
from litestar import get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from libraries.runtime.database.engine import transaction
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Role, requires
from libraries.versions.store import find_content
from services.routing.policy_versions import list_history

KNOWS: Final = requires(Role.OPS, Role.ADMINISTRATOR, Role.AUDITOR, Role.COORDINATOR)


class Activated(msgspec.Struct, frozen=True, kw_only=True):
    """A version and from when it is in force. Of those that have started the one with the greatest number counts."""

    number: int
    version: str
    pack: str
    effective_from: date
    starts_at: datetime
    activated_at: datetime


class VersionContent(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a pack and of its parents: MessagePack, compressed with zlib, in base64."""

    version: str
    content: bytes


@get("/v1/policy/activations", guards=[KNOWS], tags=["policy"])
async def list_activations(state: State) -> list[Activated]:
    """Every activation, in the order in which they were made."""
    async with transaction(state.engine) as conn:
        found = await list_history(conn)
    return [msgspec.convert(entry._asdict(), Activated) for entry in found]


@get("/v1/policy/versions/{version:str}", guards=[KNOWS], tags=["policy"])
async def show_version(state: State, version: FromPath[str]) -> VersionContent:
    """The files of a version, as `policy.activated` has them."""
    async with transaction(state.engine) as conn:
        # The database takes no NUL and no half characters; no version has any.
        content = await find_content(conn, version) if version.isprintable() else None
    if content is None:
        raise Rejected("not_found")
    return VersionContent(version=version, content=content)


POLICY_ROUTES: Final[tuple[HTTPRouteHandler, ...]] = (list_activations, show_version)
