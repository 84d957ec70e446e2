"""Puts the portal together from its settings, and runs it as a process."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final, Self

import httpx
import structlog
from litestar import Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from pydantic import Field, SecretStr, model_validator
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.policies import PolicyWatch
from libraries.runtime import logs
from libraries.runtime.audit.chaining import AuditChain
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.encryption import Sealer
from libraries.runtime.jobs.job import Job
from libraries.runtime.lifecycle import (
    database_answers,
    repeat,
    serve,
    server_of,
    stop_on_signals,
    tune_garbage_collector,
)
from libraries.runtime.settings import ORIGIN, Keys, ProcessSettings, keys_of, read_settings
from libraries.runtime.web.acting import named
from libraries.runtime.web.app import DEGRADED, OK, live, metrics, ready
from libraries.runtime.web.tracing import traces
from services.portal import draft_store, store
from services.portal.administration import ADMINISTRATION
from services.portal.attaching import ATTACHING
from services.portal.board import BOARD
from services.portal.checks import CHECKS
from services.portal.coordinator import COORDINATOR
from services.portal.counter import LISTS
from services.portal.documents import DOCUMENTS
from services.portal.drafting import DRAFTING
from services.portal.figures import FIGURES
from services.portal.filing import FILING
from services.portal.history import HISTORY
from services.portal.inbox import INBOX
from services.portal.keys import portal_key
from services.portal.linked import LINKED
from services.portal.linking import LINKING
from services.portal.live import LIVE
from services.portal.messages import MESSAGES
from services.portal.overseeing import OVERSEEING
from services.portal.pages import OPEN, admit, on_away, on_error, on_http_exception, on_refused
from services.portal.people import PEOPLE
from services.portal.policy import Follower
from services.portal.provider import Client, Provider, is_safe
from services.portal.providing import BACK, PROVIDING
from services.portal.receipts import RECEIPTS
from services.portal.registering import REGISTERING
from services.portal.remote import ServiceAway, ServiceRefused, Services, new_client
from services.portal.signing import SIGNING
from services.portal.status import STATUS
from services.portal.taking_over import TAKING_OVER
from services.portal.visits import Portal

PAGES: Final = (
    *SIGNING,
    *PROVIDING,
    *INBOX,
    *REGISTERING,
    *DRAFTING,
    *LISTS,
    *CHECKS,
    *TAKING_OVER,
    *PEOPLE,
    *RECEIPTS,
    *DOCUMENTS,
    *ATTACHING,
    *FILING,
    *COORDINATOR,
    *FIGURES,
    *MESSAGES,
    *STATUS,
    *LINKING,
    *LINKED,
    *ADMINISTRATION,
    *OVERSEEING,
    *BOARD,
    *HISTORY,
    *LIVE,
)
TRIES_KEPT: Final = timedelta(days=180)
FORGETTING_SECONDS: Final = 600.0
POLICY_SECONDS: Final = 1.0
SMALLEST_COMPRESSED: Final = 1024

log = structlog.get_logger()


class PortalSettings(ProcessSettings):
    portal_url: str = Field(default="", pattern=rf"^({ORIGIN})?$")
    """Where browsers find the portal, for example https://yimen.example.cn; with https cookies are for TLS alone."""
    portal_intake_url: str = Field(pattern=rf"^{ORIGIN}$")
    """Where the portal finds intake."""
    portal_routing_url: str = Field(pattern=rf"^{ORIGIN}$")
    """Where the portal finds routing."""
    portal_notify_url: str = Field(pattern=rf"^{ORIGIN}$")
    """Where the portal finds notify."""
    portal_idle_minutes: int = Field(default=60, ge=1, le=12 * 60)
    """So long without a page, and a session ends."""
    portal_live_seconds: float = Field(default=10.0, ge=0.2, le=300.0)
    """How often a page that stays open is told what is new."""
    sealing_key: Keys = SecretStr("")
    """Seals drafts: 32 bytes in base64, the key of the services. Without it no drafts are kept."""
    sealing_keys_before: Keys = SecretStr("")
    """Other sealing keys that open what is there, with commas between."""
    portal_oidc_issuer: str = ""
    """The OpenID provider at which people may sign in too, as it names itself; https, or on this machine."""
    portal_oidc_client_id: str = Field(default="", max_length=200)
    """As whom the provider knows the portal; it sends browsers back to `<portal_url>/login/provider/back`."""
    portal_oidc_client_secret: SecretStr = SecretStr("")
    """What the provider gave the portal to prove that; empty for a public client."""
    portal_oidc_scope: str = Field(default="openid profile", pattern=r"^openid( [!-~]+)*$")
    """What is asked of the provider; it has to tell the groups for it."""
    portal_oidc_groups: str = Field(default="groups", min_length=1, max_length=100)
    """The claim in which the provider names the groups of a person."""

    @property
    def sealer(self) -> Sealer | None:
        key = self.sealing_key.get_secret_value()
        return Sealer(key, before=keys_of(self.sealing_keys_before)) if key else None

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        if self.portal_oidc_issuer and not is_safe(self.portal_oidc_issuer):
            raise ValueError("portal_oidc_issuer must be an address of https, or of this machine")
        if self.portal_oidc_issuer and not (self.portal_oidc_client_id and self.portal_url):
            raise ValueError("portal_oidc_issuer needs portal_oidc_client_id and portal_url")
        return self

    @property
    def services(self) -> Mapping[str, str]:
        return {
            "intake": self.portal_intake_url,
            "routing": self.portal_routing_url,
            "notify": self.portal_notify_url,
        }


def provider_of(settings: PortalSettings, client: httpx.AsyncClient) -> Provider | None:
    if not settings.portal_oidc_issuer:
        return None
    known_as = Client(
        issuer=settings.portal_oidc_issuer,
        id=settings.portal_oidc_client_id,
        secret=settings.portal_oidc_client_secret.get_secret_value(),
        redirect=f"{settings.portal_url}{BACK}",
        home=f"{settings.portal_url}/login",
        scope=settings.portal_oidc_scope,
        groups=settings.portal_oidc_groups,
    )
    return Provider(client=known_as, http=client)


def build(settings: PortalSettings, engine: AsyncEngine, services: Services, policy: PolicyWatch) -> Litestar:
    portal = Portal(
        engine=engine,
        services=services,
        policy=lambda: policy.policy,
        language=lambda: policy.language,
        key=portal_key(settings.token_key.get_secret_value()),
        origin=settings.portal_url,
        idle=timedelta(minutes=settings.portal_idle_minutes),
        business_now=Clock.of(settings).now,
        provider=provider_of(settings, services.client),
        sealer=settings.sealer,
        live_seconds=settings.portal_live_seconds,
    )

    async def probe() -> dict[str, str]:
        """Without the services there are pages all the same, which say so."""
        away = {name: OK if told == OK else f"{DEGRADED}{told}" for name, told in (await services.faults()).items()}
        return {"database": await database_answers(engine), **away}

    open_to_all = Router(path="/", route_handlers=[live, ready, metrics], opt={OPEN: True})
    return Litestar(
        route_handlers=[open_to_all, *PAGES],
        state=State({"portal": portal, "places": policy, "probe": probe}),
        before_request=admit,
        exception_handlers={
            HTTPException: on_http_exception,
            ServiceRefused: on_refused,
            ServiceAway: on_away,
            Exception: on_error,
        },
        request_max_body_size=settings.body_limit,
        middleware=[traces, named],
        compression_config=CompressionConfig(backend="gzip", minimum_size=SMALLEST_COMPRESSED),
        openapi_config=None,
        logging_config=None,
    )


async def run(settings: PortalSettings) -> None:
    """Until SIGTERM or Ctrl-C; then pages that are being made are finished."""
    logs.configure("portal", settings.log_level)
    engine = open_engine(settings, "portal")
    policy = PolicyWatch(settings.policy_dir, Clock.of(settings).now)

    async def forget() -> None:
        async with transaction(engine) as conn:
            at = await store.now(conn)
            await store.forget(conn, at, tries_kept=TRIES_KEPT)
            await draft_store.forget(conn, at)

    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(new_client())
        services = Services(client=client, urls=settings.services, token_key=settings.token_key.get_secret_value())
        follower = Follower(services, policy)
        await follower.look()
        log.info("begins with policy", version=policy.policy.version)
        jobs = (Job(run=follower.look, seconds=POLICY_SECONDS), Job(run=forget, seconds=FORGETTING_SECONDS))
        chain = AuditChain.of(settings, engine, "portal", on_kafka=False)
        app = build(settings, engine, services, policy)
        server = server_of(app, settings)
        stopping, serving = stop_on_signals(), asyncio.create_task(serve(server))
        tasks = [asyncio.create_task(repeat(job)) for job in (*jobs, *chain.jobs())]
        log.info("started", service="portal", port=settings.http_port)
        try:
            await asyncio.wait([asyncio.create_task(stopping.wait()), serving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            app.state.portal.closing.set()
            server.should_exit = True
            await asyncio.wait([serving], timeout=settings.graceful_seconds)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await engine.dispose()
            log.info("stopped", service="portal")


def main() -> None:
    try:
        settings = read_settings(PortalSettings)
        tune_garbage_collector()
        asyncio.run(run(settings))
    except ValueError as error:
        sys.exit(f"refused to start: {error}")
