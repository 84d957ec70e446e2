"""Notify's HTTP door, on a database that the caller names."""

from datetime import datetime
from typing import Any

from litestar import Litestar

from contracts.events.clocks import SilentWriter
from libraries.partners.holding import Partners
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from services.notify.delivery.sender import WebhookSender
from services.notify.http import ROUTES
from services.notify.watching.writers import StalledWriters
from tests.integration import web
from tests.integration.notify.harness import NOW, PACK, Notify
from tests.sealing import SEALER


def application(notify: Notify, *, now: datetime) -> Litestar:
    """Business time stands still at `now`."""
    clock = Clock(speed=1e-9, origin=now, anchor=datetime.now(now.tzinfo))
    policy = PolicyWatch(PACK)
    state: dict[str, Any] = {"engine": notify.engine, "policy": policy, "places": policy, "clock": clock}
    state["partners"] = Partners(engine=notify.engine, audience="yimen")
    state["stalled"] = StalledWriters((SilentWriter(service="routing", since=NOW),))
    state |= {"sealer": SEALER, "webhooks": WebhookSender()}
    state["explained_by"] = {"intake": "https://intake.example", "routing": "https://routing.example/r"}

    return web.application("notify", ROUTES, state)
