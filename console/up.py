"""`yimen up`: the whole installation on this machine, until Ctrl-C or SIGTERM."""

import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from types import FrameType

import click

from console import endpoints
from console.engines.child import EngineFailed
from console.installation import DEFAULT_DATA, Installation, InstallationDiffers, InUse
from console.main import quiet
from console.moments import Moment
from console.running import Running, StartFailed
from console.screen import screen
from console.topics import DEFAULT_POLICY
from libraries.policies import PolicyRefused
from libraries.runtime.settings import SettingsRefused

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(BaseException):
    """A signal said so; nothing on the way may take it for a failure of its own."""


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_DATA,
    envvar="YIMEN_DATA",
    show_default=True,
    help="Folder of this installation; a restart goes on with it.",
)
@click.option("--kafka", type=click.Choice(["embedded", "apache"]), help="Which broker to run; default as last time.")
@click.option(
    "--secure/--open",
    default=None,
    help="Whether Apache Kafka keeps users and rights; default as last time, and open at first.",
)
@click.option(
    "--policy",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=DEFAULT_POLICY,
    envvar="YIMEN_POLICY_DIR",
    help="Policy pack.",
)
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), envvar="YIMEN_TIME_SPEED", help="Simulated time.")
@click.option("--origin", type=Moment(), envvar="YIMEN_TIME_ORIGIN", help="Simulated time begins here.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def up(
    *,
    data: Path,
    kafka: str | None,
    secure: bool | None,
    policy: Path,
    speed: float | None,
    origin: datetime | None,
    as_json: bool,
) -> None:
    """Run everything here: PostgreSQL, Kafka, the three services and the portal.

    YIMEN_DATABASE_URL and YIMEN_KAFKA_SERVERS name engines that run elsewhere.
    """
    quiet()
    show = screen(as_json=as_json)
    installation = Installation(data)
    raise_on_signals()
    try:
        with installation.locked():
            endpoints.remove(installation.folder)
            time = installation.live_in(speed=speed, origin=origin)
            installation.use_policy(policy)
            chosen = kafka or installation.state().kafka or "embedded"
            secured = _security(installation, chosen, secure=secure)
            running = Running(installation, kafka=chosen, policy=policy, time_=time, screen=show, secure=secured)
            try:
                found = running.start()
                endpoints.write(installation.folder, found)
                show.ready(found, str(endpoints.path_in(installation.folder)))
                running.keep()
            finally:
                _kill_on_signals(running)
                show.step("stopping")
                running.stop()
                show.step("stopped")
    except StopAsked:
        sys.exit(0)
    except InUse as error:
        _end(f"{error}; stop it, or choose another folder with --data")
    except (InstallationDiffers, PolicyRefused, SettingsRefused, EngineFailed, StartFailed) as error:
        _end(str(error))


def _security(installation: Installation, kafka: str, *, secure: bool | None) -> bool:
    """Whether the broker keeps users, as it is remembered. Raises a usage error where it cannot."""
    wanted = installation.state().secure if secure is None else secure
    elsewhere = "YIMEN_KAFKA_SERVERS" in os.environ
    if secure and (kafka != "apache" or elsewhere):
        raise click.UsageError(
            "the broker of YIMEN_KAFKA_SERVERS has users of its own: see docs/how-to/run-on-your-own-engines.md"
            if elsewhere
            else "only Apache Kafka keeps users: `yimen up --kafka apache --secure`"
        )
    installation.use_security(secure=wanted and kafka == "apache" and not elsewhere)
    return installation.state().secure


def _end(text: str) -> None:
    click.echo(f"Error: {text}", err=True)
    sys.exit(1)


def raise_on_signals() -> None:
    def raise_(number: int, frame: FrameType | None) -> None:
        del number, frame
        for name in STOPPING:
            signal.signal(name, signal.SIG_IGN)
        raise StopAsked

    for name in STOPPING:
        signal.signal(name, raise_)


def _kill_on_signals(running: Running) -> None:
    """A second Ctrl-C does not wait; what is lost by it comes again at the next start."""

    def kill(number: int, frame: FrameType | None) -> None:
        del number, frame
        running.kill()

    for name in STOPPING:
        signal.signal(name, kill)
