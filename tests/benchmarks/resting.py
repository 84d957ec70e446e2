"""How much memory each service holds when it has nothing to do."""

import asyncio
import os
import subprocess
import sys
import time
from base64 import b64encode
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import psutil

from console.engines.child import free_port
from console.topics import create
from contracts.topics import ALERTS, CASES, PARTNERS, POLICY_VERSIONS, PROGRESS, REFERRALS, REJECTIONS, SUBMISSIONS
from libraries.runtime.database.migrate import upgrade
from tests.benchmarks.ground import Ground


async def measure(ground: Ground) -> dict[str, Any]:
    wanted = {t.name: (12, 3_600_000) for t in (SUBMISSIONS, REJECTIONS, CASES, REFERRALS, ALERTS)}
    more = (*PROGRESS.values(), POLICY_VERSIONS, PARTNERS)
    await create(ground.kafka, wanted | {t.name: (t.partitions, 3_600_000) for t in more})
    found = {}
    for service in ("intake", "routing", "notify"):
        name = f"rest_{uuid4().hex[:8]}"
        conn = await asyncpg.connect(ground.database)
        await conn.execute(f"CREATE DATABASE {name}")
        await conn.close()
        url = f"{ground.database.rpartition('/')[0]}/{name}"
        await upgrade(url, service)
        found[service] = await _rest(ground, service, url)
    return found


async def _rest(ground: Ground, service: str, url: str) -> dict[str, Any]:
    port = free_port()
    environment = os.environ | {
        "YIMEN_DATABASE_URL": url,
        "YIMEN_KAFKA_SERVERS": ground.kafka,
        "YIMEN_TOKEN_KEY": "t" * 32,
        "YIMEN_SEALING_KEY": b64encode(b"k" * 32).decode(),
        "YIMEN_HTTP_PORT": str(port),
    }
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: ASYNC220 -- returns at once
        [sys.executable, "-m", f"services.{service}"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient() as client:
            while not await _live(client, port):  # noqa: ASYNC110 -- another process has no event to wait for
                await asyncio.sleep(0.05)
        ready = time.perf_counter() - began
        await asyncio.sleep(5)
        return {
            "resident_mb": round(psutil.Process(process.pid).memory_info().rss / 1e6),
            "seconds_to_live": round(ready, 1),
        }
    finally:
        process.kill()
        process.wait()


async def _live(client: httpx.AsyncClient, port: int) -> bool:
    try:
        return (await client.get(f"http://127.0.0.1:{port}/health/live")).status_code == 200
    except httpx.TransportError:
        return False
