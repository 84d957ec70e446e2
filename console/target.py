"""Which installation a command speaks to: the one that `yimen up` runs in a folder, or the one of the environment."""

import getpass
import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

import asyncpg
import click
from aiokafka.errors import KafkaError
from sqlalchemy.exc import SQLAlchemyError

from console import endpoints
from console.installation import DEFAULT_DATA, Installation, kafka_variables, time_variables
from contracts.codes import Role
from libraries.runtime.audit.doers import Doer, acting
from libraries.runtime.settings import RuntimeSettings, SettingsRefused, settings_of

UNUSED_KEYS = {"YIMEN_TOKEN_KEY": "-" * 32, "YIMEN_SEALING_KEY": b64encode(bytes(32)).decode()}
"""For commands that neither sign nor open anything, where the environment has no keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Everything that a service of this installation would be told."""

    settings: RuntimeSettings
    where: str
    folder: Path | None = None
    has_keys: bool

    @property
    def database_url(self) -> str:
        return self.settings.database_url

    @property
    def kafka(self) -> dict[str, object]:
        return self.settings.kafka_connection()

    @property
    def policy(self) -> Path:
        return self.settings.policy_dir


def find_target(data: Path | None) -> Target | None:
    """A folder that is named, or where `up` runs now, goes before the environment."""
    folder = Installation(data or Path(os.environ.get("YIMEN_DATA") or DEFAULT_DATA))
    running = endpoints.find(folder.folder)
    if running is not None:
        state = folder.state()
        environment = {
            **folder.variables(),
            **({"YIMEN_POLICY_DIR": state.policy} if state.policy else {}),
            **os.environ,
            "YIMEN_DATABASE_URL": running.postgres,
            "YIMEN_KAFKA_SERVERS": running.kafka,
            **(kafka_variables(folder.keys().kafka_passwords, "admin") if state.secure else {}),
            **time_variables(state.time),
        }
        return _target(environment, where=str(folder.folder), folder=folder.folder)
    if data is None and "YIMEN_DATABASE_URL" in os.environ and "YIMEN_KAFKA_SERVERS" in os.environ:
        return _target(os.environ, where="the environment", folder=None)
    return None


def _target(environment: Mapping[str, str], *, where: str, folder: Path | None) -> Target:
    has_keys = environment.keys() >= UNUSED_KEYS.keys()
    return Target(
        settings=settings_of({**UNUSED_KEYS, **environment}, RuntimeSettings),
        where=where,
        folder=folder,
        has_keys=has_keys,
    )


def of_installation(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command `--data` and passes it the target; without one, says how to have one."""

    @click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of a running `yimen up`; else YIMEN_DATABASE_URL and YIMEN_KAFKA_SERVERS are used.",
    )
    @wraps(command)
    def with_target(*, data: Path | None, **options: object) -> None:
        try:
            target = find_target(data)
        except SettingsRefused as error:
            raise click.UsageError(str(error)) from None
        if target is None:
            raise click.UsageError(
                "nothing runs here: start `yimen up`, name its folder with --data,"
                " or set YIMEN_DATABASE_URL and YIMEN_KAFKA_SERVERS"
            )
        with saying_what_failed():
            command(target=target, **options)

    return with_target


@contextmanager
def saying_what_failed() -> Iterator[None]:
    """Whoever runs the command is at work in it; an engine that fails ends it with a word and not with a trace."""
    try:
        with acting(Doer(subject=f"console:{getpass.getuser()}", role=Role.OPS.value)):
            yield
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, KafkaError, OSError) as error:
        first = (str(error).splitlines() or [""])[0]
        raise click.ClickException(f"{type(error).__name__}: {first}; `yimen doctor` says what is wrong") from None
