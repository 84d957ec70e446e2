"""Intake's HTTP door over a real socket, on a database that the caller names."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.objects.folder import Folder
from services.intake.attachments.keeping import AttachmentKeeper
from services.intake.attachments.scanning import Scanner
from services.intake.groups import Groups
from services.intake.http import ROUTES
from tests.integration.intake.test_registration import PACK
from tests.integration.web import client_of
from tests.sealing import SEALER


@asynccontextmanager
async def open_client(
    database: str, folder: Path | None = None, scanner: Scanner | None = None
) -> AsyncIterator[tuple[httpx.AsyncClient, AsyncEngine]]:
    """A client without a token, and the engine behind it; attachments lie in `folder`."""
    engine = open_engine(SimpleNamespace(database_url=database), "intake")
    policy = PolicyWatch(PACK)
    known: dict[str, Any] = {"policy": policy, "sealer": SEALER, "clock": Clock()}
    state = {**known, "places": policy, "groups": Groups(engine=engine, **known)}
    with tempfile.TemporaryDirectory() as elsewhere:
        objects = Folder(folder or Path(elsewhere))
        state["attachments"] = AttachmentKeeper(objects=objects, sealer=SEALER, scanner=scanner)
        async with client_of("intake", ROUTES, engine, state) as client:
            yield client, engine
    await engine.dispose()
