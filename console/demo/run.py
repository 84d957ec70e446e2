"""`yimen demo`: starts an installation in fast time, plays the city, and tells what became of it."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from console import endpoints
from console.demo import stories, tables
from console.demo.city import Outcome, simulate
from console.demo.client import Addresses
from console.demo.plan import DAYS, Plan, make_plan
from console.demo.progress import Progress
from console.endpoints import Endpoints
from console.engines.child import EngineFailed
from console.installation import Installation, InstallationDiffers, InUse
from console.main import quiet
from console.running import Running, StartFailed
from console.target import find_target
from console.terminal import console
from console.topics import DEFAULT_POLICY
from console.up import StopAsked, raise_on_signals
from console.verify import oracle
from console.verify.command import show
from console.verify.oracle import Report
from libraries.policies import Policy, load_policy
from libraries.runtime.clock import Clock

CASES = 2_000
SPEED = 86_400.0
"""A simulated day passes in a second, two months in a minute. On two cores about one late answer in four is then late
because its mail was; at half the speed it is the offices' own doing."""
START = timedelta(seconds=12)
"""How long engines and services may take to be there when the first day begins."""
SETTLE_SECONDS = 30.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asked for."""

    seed: int
    cases: int
    speed: float
    kafka: str
    policy: Path
    json_file: Path | None
    keep: bool


@click.command()
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed plans the same city.")
@click.option("--cases", type=click.IntRange(min=1), default=CASES, show_default=True, help="How many matters come in.")
@click.option(
    "--speed",
    type=click.FloatRange(min=1),
    default=SPEED,
    show_default=True,
    help="Simulated time; 86400 is a day a second.",
)
@click.option("--kafka", type=click.Choice(["embedded", "apache"]), default="embedded", show_default=True)
@click.option("--policy", type=click.Path(exists=True, file_okay=False, path_type=Path), default=DEFAULT_POLICY)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Keep the data there.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the result for programs."
)
@click.option("--keep", is_flag=True, help="Stay up afterwards, until Ctrl-C.")
def demo(*, data: Path | None, **asked: Any) -> None:
    """Play two months of a city: townships submit, offices answer, some stay silent; then the check of everything.

    Exit status: 0 nothing wrong, 1 verify found something or the play itself failed.
    """
    quiet()
    wishes = Wishes(**asked)
    raise_on_signals()
    try:
        with _folder(data) as folder:
            sys.exit(_play(wishes, folder))
    except StopAsked:
        sys.exit(130)
    except (InUse, InstallationDiffers, EngineFailed, StartFailed) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    """Where the demo lives: a folder that is asked for stays, one of our own goes."""
    if data is not None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="yimen-demo-", ignore_cleanup_errors=True) as folder:
        # The database server runs as another user where we are root, and has to get in.
        Path(folder).chmod(0o755)
        yield Path(folder)


def _play(wishes: Wishes, folder: Path) -> int:
    """Everything from the start to the findings. Returns the exit status."""
    began = time.monotonic()
    policy = load_policy(wishes.policy)
    plan = make_plan(wishes.seed, wishes.cases, policy)
    progress = Progress(total=wishes.cases, days=DAYS, origin=plan.origin, calendar=policy.calendar)
    progress.step(f"{len(plan.cases)} cases planned from seed {wishes.seed}")
    installation = Installation(folder)
    with installation.locked():
        endpoints.remove(installation.folder)
        time_ = installation.live_in(speed=wishes.speed, origin=plan.origin, begins_in=START)
        installation.use_policy(wishes.policy)
        running = Running(installation, kafka=wishes.kafka, policy=wishes.policy, time_=time_, screen=progress)
        try:
            found = running.start()
            endpoints.write(installation.folder, found)
            outcome = _simulate(plan, policy, found, running, progress)
            report = _verify(installation, running, progress)
            seconds = time.monotonic() - began
            _show_outcome(outcome, policy, report, seconds)
            if wishes.json_file is not None:
                _write(wishes.json_file, plan, outcome, report, seconds)
            if wishes.keep:
                progress.ready(found, str(endpoints.path_in(installation.folder)))
                running.keep()
        finally:
            progress.step("stopping")
            running.stop()
    return 1 if report.faults or outcome.errors else 0


def _simulate(plan: Plan, policy: Policy, found: Endpoints, running: Running, progress: Progress) -> Outcome:
    addresses = Addresses(
        intake=found.intake,
        routing=found.routing,
        kafka=found.kafka,
        token_key=running.settings.token_key.get_secret_value(),
    )
    clock = Clock.of(running.settings)
    return _meanwhile(running, lambda: simulate(plan, policy, addresses, clock, progress.update))


def _verify(installation: Installation, running: Running, progress: Progress) -> Report:
    progress.done()
    progress.step("verify: reads all three databases and every topic")
    target = find_target(installation.folder)
    if target is None:
        raise StartFailed("the installation ended before it could be verified")
    return _meanwhile(running, lambda: oracle.verify(target, settle_seconds=SETTLE_SECONDS))


def _meanwhile(running: Running, work: Callable[[], Awaitable[T]]) -> T:
    """The work, while somebody looks after the processes."""

    async def both() -> T:
        async def look() -> None:
            while True:
                await asyncio.to_thread(running.look)
                await asyncio.sleep(0.5)

        looking = asyncio.create_task(look())
        try:
            return await work()
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    return asyncio.run(both())


def _show_outcome(outcome: Outcome, policy: Policy, report: Report, seconds: float) -> None:
    out = console()
    cases = list(outcome.ledger.cases.values())
    out.print(tables.draw(tables.by_field(cases)))
    for story in stories.choose(cases, policy):
        out.print()
        for line in stories.drawn(story, policy.calendar.zone):
            out.print(line, markup=False, highlight=False)
    if outcome.refused:
        refused = ", ".join(f"{code} {number}" for code, number in outcome.refused.most_common())
        out.print(f"\n未获准的请求 · refused: {refused}", markup=False)
    for error in outcome.errors[:5]:
        out.print(f"! the play itself failed: {type(error).__name__}: {error}", markup=False, style="red")
    out.print()
    show(report)
    out.print(f"{outcome.submitted} submitted, {seconds:.0f} s in all", markup=False)


def _write(file: Path, plan: Plan, outcome: Outcome, report: Report, seconds: float) -> None:
    figures = tables.by_field(outcome.ledger.cases.values())
    result = {
        "seed": plan.seed,
        "cases": len(outcome.ledger.cases),
        "by_field": {field.value: each.as_json() for field, each in figures.items()},
        "seconds": round(seconds, 1),
        "verify": {"checked": report.checked, "faults": report.faults},
    }
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
