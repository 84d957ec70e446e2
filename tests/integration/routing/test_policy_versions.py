"""Versions are stored with who activated them, said once, and held by every process before they start."""

import asyncio
import shutil
from base64 import b64decode
from collections.abc import AsyncIterator
from contextvars import Context
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.events.policies import PolicyActivated
from libraries.policies import PolicyWatch, load_policy
from libraries.policies.archive import archived, load_archived
from libraries.policies.watch import SINCE_EVER
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import joined, open_engine, transaction
from libraries.runtime.web.auth import Principal, Role
from libraries.versions.holding import STALE_SECONDS, Versions
from libraries.versions.store import Version
from services.routing import policy_versions
from tests.integration.routing.clients import open_client
from tests.integration.routing.test_routing import NOW, Routing, an_accepted_case
from tests.integration.web import bearer
from tests.packs import write
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION, PACK

SAID = "SELECT convert_from(value, 'UTF8') FROM journal WHERE topic = 'policy.versions.v1' ORDER BY id"
OTHER_LEAD = "- {id: aid, categories: [education.student_aid], lead: civil_affairs}\n"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    shutil.copytree(PACK.parent, tmp_path / "packs")
    return tmp_path / "packs" / PACK.name


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    found = open_engine(SimpleNamespace(database_url=database), "routing")
    yield found
    await found.dispose()


@pytest.fixture
async def first(engine: AsyncEngine, pack: Path) -> AsyncEngine:
    await policy_versions.begin(engine, PolicyWatch(pack), NOW)
    return engine


async def draft(engine: AsyncEngine, pack: Path, starts_at: datetime) -> str:
    """Activates a pack that gives student aid to another office."""
    write(pack, "rules.yaml", OTHER_LEAD)
    policy = load_policy(pack)
    async with transaction(engine) as conn:
        version = Version(policy.version, policy.pack, policy.effective_from, archived(pack))
        await policy_versions.lock(conn)
        await policy_versions.activate(conn, version, starts_at=starts_at, at=NOW, author="示例", reason="a test")
    return policy.version


async def rows(engine: AsyncEngine, statement: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as conn:
        return [tuple(row) for row in await conn.execute(text(statement))]


async def test_the_folder_of_the_first_start_is_the_first_version_and_no_later_one(
    engine: AsyncEngine, pack: Path
) -> None:
    watches = [PolicyWatch(pack) for _ in range(3)]
    await asyncio.gather(*(policy_versions.begin(engine, watch, NOW) for watch in watches))
    write(pack, "rules.yaml", OTHER_LEAD)
    await policy_versions.begin(engine, PolicyWatch(pack), NOW)
    version = watches[0].policy.version
    async with transaction(engine) as conn:
        (entry,) = await policy_versions.list_history(conn)
    assert (entry.number, entry.version, entry.starts_at) == (1, version, SINCE_EVER)
    assert entry.author == "installation"
    ((said,),) = await rows(engine, SAID)
    event = msgspec.json.decode(said, type=PolicyActivated)
    assert (event.policy_version, event.activation) == (version, 1)
    assert "author" not in msgspec.json.decode(said), "a person's name does not travel"
    assert b64decode(msgspec.json.decode(said)["content"]) == event.content


async def test_a_changed_or_broken_folder_alone_changes_nothing(first: AsyncEngine, pack: Path) -> None:
    version = PolicyWatch(pack).policy.version
    write(pack, "rules.yaml", "- {id: half-cop")
    watch = PolicyWatch(pack)
    await Versions(engine=first, watch=watch, clock=Clock()).begin()
    assert watch.policy.version == version


async def test_a_version_is_held_before_it_starts_and_used_from_its_moment_on(first: AsyncEngine, pack: Path) -> None:
    before = PolicyWatch(pack).policy.version
    now = [NOW]
    watch = PolicyWatch(pack, lambda: now[0])
    versions = Versions(engine=first, watch=watch, clock=Clock(origin=NOW, anchor=datetime.now(UTC)))
    await versions.begin()
    version = await draft(first, pack, NOW + timedelta(hours=1))
    await versions.look()
    assert version in watch.held
    assert (watch.policy.version, versions.lacks()) == (before, "")
    now[0] += timedelta(hours=1)
    assert watch.policy.version == version


async def test_a_replica_that_was_late_decides_as_if_it_had_known(first: AsyncEngine, pack: Path) -> None:
    """It stood still while a version started; of cases before and after that moment each is sent by its own."""
    watch = PolicyWatch(pack)
    later = Clock(origin=NOW + timedelta(hours=1), anchor=datetime.now(UTC))
    versions = Versions(engine=first, watch=watch, clock=later)
    await versions.begin()
    before, moment = watch.policy.version, NOW + timedelta(minutes=1)
    version = await draft(first, pack, moment)
    routing = Routing(first, later, watch)
    versions._looked -= 2 * STALE_SECONDS
    early, late = an_accepted_case(), an_accepted_case(accepted_at=moment)
    await routing.consumes(early, late)
    decided = await rows(first, "SELECT case_id, policy_version, lead FROM decisions")
    assert sorted(decided) == sorted([(early.case_id, before, EDUCATION), (late.case_id, version, CIVIL_AFFAIRS)])


async def test_who_holds_a_connection_does_not_wait_for_who_waits_for_one(first: AsyncEngine, pack: Path) -> None:
    """Requests with a key hold all connections, and the regular look waits for one: they look by themselves."""
    url = first.url.render_as_string(hide_password=False)
    small = open_engine(SimpleNamespace(database_url=url), "routing", pool_size=1)
    versions = Versions(engine=small, watch=PolicyWatch(pack), clock=Clock())
    await versions.begin()
    async with asyncio.timeout(20), joined(small):
        looking = asyncio.create_task(versions.look(), context=Context())
        await asyncio.sleep(0)
        versions._looked -= 2 * STALE_SECONDS
        await versions.fresh()
        assert not looking.done()
    await looking
    await small.dispose()


async def test_a_version_that_cannot_be_read_is_told_by_readiness(first: AsyncEngine, pack: Path) -> None:
    watch = PolicyWatch(pack)
    versions = Versions(engine=first, watch=watch, clock=Clock())
    await versions.begin()
    async with transaction(first) as conn:
        await policy_versions.lock(conn)
        bad = Version("x-000000000000", "x", NOW.date(), b"no archive")
        await policy_versions.activate(conn, bad, starts_at=NOW, at=NOW, author="a", reason="b")
    await versions.look()
    assert versions.lacks() == "x-000000000000 is not held: error"


async def test_whoever_may_know_asks_for_activations_and_files(first: AsyncEngine, pack: Path) -> None:
    """Without the author: who it was stands in the table alone."""
    version = load_policy(pack).version
    ops = bearer(Principal(subject="portal", role=Role.OPS))
    async with open_client(Routing(first)) as client:
        (told,) = (await client.get("/v1/policy/activations", headers=ops)).json()
        assert (told["number"], told["version"], "author" in told) == (1, version, False)
        files = (await client.get(f"/v1/policy/versions/{version}", headers=ops)).json()
        assert load_archived(b64decode(files["content"])).version == version
        for wrong in ("x", "%00", "%ED%A0%80", "x" * 900):
            assert (await client.get(f"/v1/policy/versions/{wrong}", headers=ops)).status_code == 404, wrong
        clerk = bearer(Principal(subject="c", role=Role.CLERK, installation=True))
        assert (await client.get("/v1/policy/activations", headers=clerk)).status_code == 403
