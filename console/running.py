"""One installation while it runs: engines, services, and what to do when one of them dies."""

import os
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import httpx

from console import endpoints, orphans
from console.background import Background
from console.endpoints import Endpoints
from console.engines.brokers import ApacheKafka, Broker, Tansu
from console.engines.child import EngineFailed, wait_until
from console.engines.postgres import Postgres
from console.installation import Installation, Time, kafka_variables, time_variables
from console.preparing import PROCESSES, SERVICES, prepare, prepare_users
from console.ready_accounts import ready_accounts
from console.refilling import Refill
from console.supervisor import ChildProcess, ManagedProcess, ServiceProcess, stop_services, tail
from libraries.policies import load_policy
from libraries.runtime.settings import RuntimeSettings, settings_of

READY_SECONDS: Final = 180.0
TRIES: Final = 3
LOOK_SECONDS: Final = 0.1
HEALTH_SECONDS: Final = 1.0
GRACEFUL_SECONDS: Final = "10"
SECURED: Final = "others connect by SASL_PLAINTEXT and SCRAM-SHA-512, as `yimen partner add` names them"
LIGHT: Final = (
    "this is the light broker, which kcat and other clients on librdkafka do not get on with, and which keeps neither"
    " users nor rights; for them: yimen up --kafka apache [--secure]"
)


class Screen(Protocol):
    """Where a person or a program reads what happens."""

    def step(self, text: str) -> None: ...
    def trouble(self, text: str) -> None: ...


class StartFailed(RuntimeError):
    """It does not come up; the text says why and where to look."""


class Running:
    """Processes are begun and ended in the thread that calls; see the supervisor."""

    def __init__(
        self,
        installation: Installation,
        *,
        kafka: str,
        policy: Path,
        time_: Time | None,
        screen: Screen,
        secure: bool = False,
    ) -> None:
        self._installation = installation
        self._policy = policy
        self._time = time_
        self._screen = screen
        self._passwords = installation.kafka_passwords() if secure else None
        self._postgres: ManagedProcess[Postgres] | None = None
        self._broker: ManagedProcess[Broker] | None = None
        self._broker_keeps = True
        self._services: list[ManagedProcess[ServiceProcess]] = []
        self._client = httpx.Client(timeout=2.0, trust_env=False)
        self._faults: dict[str, dict[str, str]] = {}
        self._looked_at = 0.0
        self._asked: dict[str, Background[dict[str, str]]] = {}
        self._refill: Refill | None = None
        self.environment = self._engines(kafka)
        self.settings = settings_of(self.environment, RuntimeSettings)

    def start(self) -> Endpoints:
        """Returns when every service is ready. Raises `EngineFailed` or `StartFailed`."""
        if found := orphans.end(self._installation.folder):
            self._screen.step(f"ended what an earlier start had left: {', '.join(found)}")
        for engine in self._started_by_us():
            self._screen.step(f"starting {engine.name}")
            self._begin(engine)
            wait_until(engine.child.answers, engine.child.process, engine.child.log, seconds=engine.child.slowest)
            engine.came_up()
        if self._broker is not None and not self._broker_keeps:
            self._screen.step(LIGHT)
        self._prepare()
        ports = {name: self._installation.port(name) for name in PROCESSES}
        self.environment |= _addresses(ports)
        for name, port in ports.items():
            self._services.append(ManagedProcess(name, self._service(name, port)))
        self._screen.step(f"starting {', '.join(PROCESSES)}")
        for service in self._services:
            self._begin(service)
            service.came_up()
        self._wait_until_ready()
        return self._endpoints()

    def keep(self) -> None:
        """Look after everything, until something is raised."""
        while True:
            self.look()
            time.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """One round: who died, who may start again, who answers, who is not ready. Nobody is waited for."""
        for engine in self._started_by_us():
            self._look_after(engine)
        for service in self._services:
            if self._refill is None or service.name not in SERVICES:
                self._look_after(service)
        if self._refill is not None:
            self._go_on_refilling(self._refill)
        self._look_at_health()

    def stop(self) -> None:
        """Services first, all at once; then what they stand on."""
        endpoints.remove(self._installation.folder)
        stop_services([service.child for service in self._services])
        for engine in (self._broker, self._postgres):
            if engine is not None:
                engine.child.stop()
        orphans.forget(self._installation.folder)
        self._client.close()

    def kill(self) -> None:
        """For who does not want to wait."""
        for managed in (*self._services, *self._started_by_us()):
            managed.child.kill()

    def _engines(self, kafka: str) -> dict[str, str]:
        """Decide what runs here and what stands elsewhere; the environment that follows for every service."""
        place = self._installation
        keys = place.keys()
        environment = {
            **place.variables(),
            "YIMEN_GRACEFUL_SECONDS": GRACEFUL_SECONDS,
            **os.environ,
            "YIMEN_POLICY_DIR": str(self._policy.absolute()),
            "YIMEN_ATTACHMENTS": os.environ.get("YIMEN_ATTACHMENTS", str(place.folder.absolute() / "attachments")),
            **time_variables(self._time),
        }
        if "YIMEN_DATABASE_URL" not in os.environ:
            postgres = Postgres(place.folder / "postgres", password=keys.postgres_password)
            postgres.port = place.port("postgres")
            self._postgres = ManagedProcess("postgres", postgres)
            environment["YIMEN_DATABASE_URL"] = postgres.url
        if "YIMEN_KAFKA_SERVERS" not in os.environ:
            broker = self._chosen_broker(kafka)
            self._broker = ManagedProcess("kafka", broker)
            self._broker_keeps = broker.keeps
            environment["YIMEN_KAFKA_SERVERS"] = broker.servers
            environment["YIMEN_KAFKA_ANSWERS_WAITING_FETCHES"] = str(broker.answers_waiting_fetches).lower()
            if self._passwords is not None:
                environment |= kafka_variables(self._passwords, "admin")
        return environment

    def _chosen_broker(self, kind: str) -> Broker:
        place = self._installation
        broker: Tansu | ApacheKafka
        if kind == "apache":
            broker = ApacheKafka(place.folder / "kafka")
            broker.controller_port = place.port("kafka-controller")
            broker.passwords = self._passwords
        else:
            broker = Tansu(place.folder / "kafka")
        place.use_kafka(kind)
        broker.port = place.port("kafka")
        return broker

    def _started_by_us(self) -> list[ManagedProcess[ChildProcess]]:
        return [engine for engine in (self._postgres, self._broker) if engine is not None]

    def _on_kafka(self) -> list[ManagedProcess[ServiceProcess]]:
        """Those whose places on the topics mean nothing on an empty broker."""
        return [service for service in self._services if service.name in SERVICES]

    def _service(self, name: str, port: int) -> ServiceProcess:
        environment = self.environment
        if self._passwords is not None:
            others = {key: value for key, value in environment.items() if not key.startswith("YIMEN_KAFKA_")}
            on_kafka = {"YIMEN_KAFKA_SERVERS": environment["YIMEN_KAFKA_SERVERS"]}
            environment = others | (on_kafka | kafka_variables(self._passwords, name) if name in SERVICES else {})
        return ServiceProcess(name, port=port, log=self._installation.logs / f"{name}.log", environment=environment)

    def _prepare(self) -> None:
        self._screen.step("schemas and topics")
        self._report_sent_again(prepare(self.settings, SERVICES))
        if self._passwords is not None:
            changed = prepare_users(self.settings, {name: self._passwords[name] for name in SERVICES})
            self._screen.step(f"users and rights at the broker: {changed} changes; {SECURED}")

    def _report_sent_again(self, sent_again: Mapping[str, int]) -> None:
        for service, rows in sent_again.items():
            if rows:
                self._screen.step(f"the broker is empty: {service} sends its journal again, {rows} events")

    def _begin(self, managed: ManagedProcess[ChildProcess]) -> None:
        if fault := managed.begin():
            raise EngineFailed(fault)
        self._note()

    def _note(self) -> None:
        managed = (*self._started_by_us(), *self._services)
        orphans.note(self._installation.folder, {one.name: one.child.process for one in managed})

    def _look_after(self, managed: ManagedProcess[ChildProcess]) -> None:
        forgetful = managed is self._broker and not self._broker_keeps
        if how := managed.died():
            self._report_death(managed, how)
            if forgetful:
                self._refill = None
        if managed.ready_to_restart():
            self._try(managed)
        if managed.came_up():
            self._screen.step(f"{managed.name} started again")
            if forgetful:
                self._refill = Refill(self._on_kafka(), lambda: prepare(self.settings, SERVICES))

    def _try(self, managed: ManagedProcess[ChildProcess]) -> None:
        if fault := managed.begin():
            self._screen.trouble(f"{managed.name} does not start, next try in {managed.wait:.1f} s: {fault}")
        self._note()

    def _go_on_refilling(self, refill: Refill) -> None:
        done, fault = refill.look()
        if fault is not None:
            self._screen.trouble(fault)
        if done:
            self._report_sent_again(refill.sent_again)
            self._refill = None
            for service in self._on_kafka():
                self._try(service)

    def _report_death(self, managed: ManagedProcess[ChildProcess], how: str) -> None:
        again = f"starts again in {managed.wait:.1f} s" if managed.wait else "starts again"
        self._screen.trouble(f"{managed.name} {how}, {again}; log: {managed.child.log}")

    def _look_at_health(self) -> None:
        """Asked beside all else: a service that hangs must not keep the others waiting."""
        for service in self._services:
            asked = self._asked.get(service.name)
            if asked is not None and asked.done:
                del self._asked[service.name]
                if service.due is None and self._refill is None:
                    self._report_health(service.name, asked.result() or {})
        if time.monotonic() - self._looked_at < HEALTH_SECONDS:
            return
        for service in self._services:
            if service.due is None and service.name not in self._asked:
                self._asked[service.name] = Background(partial(service.child.faults, self._client))
        self._looked_at = time.monotonic()

    def _report_health(self, name: str, faults: dict[str, str]) -> None:
        before = self._faults.get(name)
        if before is not None and faults and not before:
            self._screen.trouble(f"{name} is not ready: {_listed(faults)}")
        elif before and not faults:
            self._screen.step(f"{name} is ready")
        self._faults[name] = faults

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while True:
            self.look()
            if all(self._faults.get(service.name) == {} and service.due is None for service in self._services):
                return
            for service in self._services:
                if service.back_off.tries >= TRIES:
                    raise StartFailed(
                        f"{service.name} does not stay up; {service.child.log}:\n{tail(service.child.log)}"
                    )
            if time.monotonic() > end:
                waiting = {name: _listed(faults) for name, faults in self._faults.items() if faults}
                raise StartFailed(f"not ready within {READY_SECONDS:.0f} s: {waiting}; logs: {self._installation.logs}")
            time.sleep(LOOK_SECONDS)

    def _endpoints(self) -> Endpoints:
        policy = load_policy(self._policy)
        urls = {service.name: service.child.url for service in self._services}
        return Endpoints(
            intake=urls["intake"],
            routing=urls["routing"],
            notify=urls["notify"],
            board=urls["notify"],
            portal=urls["portal"],
            kafka=self.settings.kafka_servers,
            postgres=self.settings.database_url,
            tokens=endpoints.ready_made(self.settings.token_key.get_secret_value(), policy),
            accounts=ready_accounts(self.settings, policy),
        )


def _addresses(ports: Mapping[str, int]) -> dict[str, str]:
    """Who finds whom on this machine; the board's page by either of its names."""
    return {
        "YIMEN_INTAKE_URL": f"http://127.0.0.1:{ports['intake']}",
        "YIMEN_ROUTING_URL": f"http://127.0.0.1:{ports['routing']}",
        **{f"YIMEN_PORTAL_{name.upper()}_URL": f"http://127.0.0.1:{ports[name]}" for name in SERVICES},
        "YIMEN_BOARD_URL": ",".join(f"http://{name}:{ports['notify']}" for name in ("127.0.0.1", "localhost")),
    }


def _listed(faults: Mapping[str, str]) -> str:
    return ", ".join(f"{part}: {state}" for part, state in faults.items())
