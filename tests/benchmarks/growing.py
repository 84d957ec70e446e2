"""What a large database costs: the lists and figures that people look at, and the lives of cases beside them."""

import asyncio
import os
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import asyncpg

from contracts.codes import Role
from libraries.policies import PolicyWatch
from libraries.runtime.web.auth import Principal, issue_token
from tests.acceptance.installation import KEY, SERVICES, installed
from tests.benchmarks.entering import COORDINATOR, COUNTIES, City
from tests.benchmarks.filling import fill
from tests.benchmarks.ground import NOW, PACK, Ground
from tests.benchmarks.loading import Connection

LIVES: Final = 900
OPEN: Final = 100
TRIES: Final = 9
DAYS: Final = 365.0


async def measure(ground: Ground) -> dict[str, Any]:
    copies = int(os.environ.get("COPIES", "20" if ground.quick else "300"))
    policy = PolicyWatch(PACK).policy
    places = [area.code for area in policy.areas.values() if area.level == "township" and area.code[:6] in COUNTIES]
    offices = [code for code, office in policy.offices.items() if "kafka" in office.channels]
    with tempfile.TemporaryDirectory(prefix="yimen-growing-") as folder:
        database = await ground.fresh()
        async with installed(database, ground.kafka, Path(folder), offices=offices, origin=NOW) as stack:
            city = City(stack, database, places)
            await city.register(100)
            before = await city.live(LIVES)
            await city.register(OPEN)
            await city.rest()
            for name in SERVICES:
                stack.stop(name)
            conn = await asyncpg.connect(database)
            began = time.perf_counter()
            cases = await fill(conn, copies, days=DAYS)
            took = time.perf_counter() - began
            size = await conn.fetchval("SELECT pg_database_size(current_database())")
            await conn.close()
            await stack.start()
            found = {"cases": cases, "filled_in_seconds": round(took), "gigabytes": round(size / 2**30, 1)}
            found |= {"milliseconds": await _look(city)}
            await city.rest()
            after = await city.live(LIVES // 3)
    return (
        found
        | {"lives_per_second_before": before["lives_per_second_http"]}
        | {"lives_per_second_after": after["lives_per_second_http"]}
    )


async def _look(city: City) -> dict[str, float]:
    """The median of each question, whoever asks it."""
    soon = quote((NOW + timedelta(days=3)).isoformat())
    where = await city._fetch("SELECT area, lead_office FROM intake.cases WHERE lead_office IS NOT NULL LIMIT 1")
    area, office = where[0]["area"], where[0]["lead_office"]
    who = {
        "city": COORDINATOR,
        "county": _token(Role.COORDINATOR, area=f"{COUNTIES[0]}000000"),
        "window": _token(Role.CLERK, area=area),
        "office": _token(Role.OFFICER, office=office),
    }
    everywhere = ("city", "county", "window")
    asked = [
        ("notify", "/v1/overview", ("city", "county", "office")),
        ("notify", "/v1/watches?limit=50", ("city", "county", "office")),
        ("notify", "/v1/watches?status=running&limit=50", ("city", "office")),
        ("notify", f"/v1/watches?due_before={soon}&limit=50", ("city", "county", "office")),
        ("notify", "/v1/supervisions?limit=50", ("city", "county")),
        ("notify", "/v1/alerts?limit=50", ("city", "county", "office")),
        ("notify", "/v1/messages?limit=50", ("city",)),
        ("notify", "/v1/performance", ("city", "county")),
        ("routing", "/v1/referrals?limit=50", (*everywhere[:2], "office")),
        ("routing", f"/v1/referrals?due_before={soon}&limit=50", ("city", "county", "office")),
        ("routing", "/v1/referrals?state=dispatched&limit=50", ("city", "county", "office")),
        ("routing", "/v1/referrals?state=completed&limit=50", ("city", "county", "office")),
        ("routing", "/v1/referrals?state=return_requested&limit=50", ("city", "county", "office")),
        ("intake", "/v1/cases?limit=50", (*everywhere, "office")),
        ("intake", "/v1/cases?state=registered&limit=50", everywhere),
        ("intake", "/v1/cases?state=closed&limit=50", (*everywhere, "office")),
        ("intake", "/v1/cases?state=withdrawn&limit=50", (*everywhere, "office")),
        ("intake", "/v1/cases?field=petition&limit=50", everywhere),
        ("intake", "/v1/cases?category=petition.suggestion&state=merged&limit=50", everywhere),
        ("intake", f"/v1/cases?lead={office}&state=resolved&limit=50", everywhere),
    ]
    found = {}
    for service, path, askers in asked:
        connection = Connection(city.stack.url(service))
        for asker in askers:
            took = []
            for _ in range(TRIES):
                began = time.perf_counter()
                status, answer = await connection.ask("GET", path, who[asker])
                took.append(time.perf_counter() - began)
                if status != 200:
                    raise RuntimeError(f"{path} as {asker}: {status} {answer[:300]!r}")
                await asyncio.sleep(0)
            found[f"{path.replace(soon, 'soon').replace(office, 'own')} {asker}"] = round(
                1000 * statistics.median(took), 1
            )
        connection.close()
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def _token(role: Role, **scope: str) -> str:
    return issue_token(KEY, Principal(subject=f"{role}-1", role=role, **scope))
