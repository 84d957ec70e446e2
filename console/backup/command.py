"""`yimen backup DIR` and `yimen restore DIR`."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from console import endpoints, erasures
from console.backup.dumping import back_up, make_private
from console.backup.manifest import BadBackup, Manifest, read
from console.backup.restoring import NotEmpty, Restored, check, refuse_unless_empty, restore
from console.backup.tools import ToolFailed
from console.engines.child import EngineFailed
from console.installation import DEFAULT_DATA, Installation, InUse, time_variables, write_whole
from console.main import echo, quiet
from console.target import Target, of_installation, saying_what_failed
from libraries.runtime.settings import RuntimeSettings, SettingsRefused, settings_of

NOWHERE = "postgresql://nowhere/"
ELSEWHERE = ("YIMEN_DATABASE_URL", "YIMEN_KAFKA_SERVERS")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@of_installation
def backup(*, target: Target, folder: Path, as_json: bool) -> None:
    """Write all databases into an empty FOLDER as they stand at one moment, while everything runs.

    Keys are not in it, and neither is the erasure list nor the file of audit heads: keep those apart.
    """
    quiet()
    if folder.exists() and any(folder.iterdir()):
        raise click.UsageError(f"{folder} is not empty: name another folder, for example with the day in it")
    make_private(folder)
    try:
        manifest = asyncio.run(back_up(target, folder))
    except ToolFailed as error:
        raise click.ClickException(str(error)) from None
    rows = sum(sum(one.rows.values()) for one in manifest.services.values())
    size = sum(file.bytes for file in manifest.files)
    if as_json:
        told = {"folder": str(folder), "made_at": manifest.made_at, "rows": rows, "bytes": size}
        echo(msgspec.json.encode(told).decode())
    else:
        echo(f"{rows} rows, {size} bytes in {folder}; keys are not in it")


@click.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_DATA,
    envvar="YIMEN_DATA",
    show_default=True,
    help="Folder of the new installation, with keys.json of the old one in it and nothing else that runs.",
)
@click.option(
    "--erasures",
    "listed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The erasure list; else YIMEN_ERASURE_LIST, or erased.ndjson in the folder of the installation.",
)
@click.option("--nothing-erased", is_flag=True, help="There is no list, because nothing was ever erased.")
@click.option("--json", "as_json", is_flag=True)
def restore_command(*, folder: Path, data: Path, listed: Path | None, nothing_erased: bool, as_json: bool) -> None:
    """Restore a backup into an empty installation, and erase again what was erased since.

    YIMEN_DATABASE_URL and YIMEN_KAFKA_SERVERS name engines that run elsewhere. Nothing may be there: neither schemas of
    ours nor records on our topics. Start the services afterwards.
    """
    quiet()
    try:
        manifest = read(folder)
        planned = _planned(data, manifest)
        erased = _listed(planned, listed, nothing_erased=nothing_erased)
        check(manifest, planned)
        with saying_what_failed(), _ground(data, manifest, planned) as settings:
            with_kafka = all(name in os.environ for name in ELSEWHERE)
            server = asyncio.run(refuse_unless_empty(settings, with_kafka=with_kafka))
            done = asyncio.run(restore(settings, folder, manifest, erased, server=server))
            _keep(settings, listed, erased)
    except (BadBackup, NotEmpty, ToolFailed, InUse, EngineFailed, SettingsRefused, erasures.BadList) as error:
        raise click.ClickException(str(error)) from None
    echo(msgspec.json.encode(done).decode() if as_json else _told(done))


def _told(done: Restored) -> str:
    sent = sum(done.sent_again.values())
    return (
        f"restored as of {done.made_at}: {done.rows} rows, {done.erased} cases erased again,"
        f" {sent} events go out again; start the services, then `yimen verify`"
    )


def _listed(settings: RuntimeSettings, listed: Path | None, *, nothing_erased: bool) -> list[erasures.Erasure]:
    path = listed or settings.erasure_list
    if path is not None and path.exists():
        return list(erasures.read(path))
    if nothing_erased:
        return []
    raise BadBackup(
        "there is no erasure list, and the backup may hold people who were erased since: name it with --erasures,"
        " or say --nothing-erased"
    )


def _keep(settings: RuntimeSettings, listed: Path | None, erased: list[erasures.Erasure]) -> None:
    """In the list of the new installation too, for the next restore."""
    own = settings.erasure_list
    if listed is None or own is None or own.absolute() == listed.absolute():
        return
    for one in erased:
        erasures.append(own, one)


def _planned(data: Path, manifest: Manifest) -> RuntimeSettings:
    """What services would be told; in a folder of our own without the address of an engine that does not run yet."""
    if "YIMEN_DATABASE_URL" in os.environ:
        return settings_of(os.environ, RuntimeSettings)
    place = Installation(data)
    if place.find_keys() is None:
        raise NotEmpty(f"put keys.json of the old installation into {place.folder} first: without it nothing opens")
    if (place.folder / "postgres").exists() or (place.folder / "kafka").exists():
        raise NotEmpty(f"{place.folder} has engines of its own already: restore into a new folder")
    environment = {
        **place.variables(),
        **os.environ,
        **({"YIMEN_POLICY_DIR": manifest.policy} if manifest.policy else {}),
        "YIMEN_DATABASE_URL": NOWHERE,
        "YIMEN_KAFKA_SERVERS": "127.0.0.1:9",
        **time_variables(manifest.time),
    }
    return settings_of(environment, RuntimeSettings)


@contextmanager
def _ground(data: Path, manifest: Manifest, planned: RuntimeSettings) -> Iterator[RuntimeSettings]:
    """Engines that run elsewhere, or PostgreSQL in a folder of our own, for as long as it takes."""
    if planned.database_url != NOWHERE:
        yield planned
        return
    from console.engines.postgres import Postgres  # noqa: PLC0415 -- only with the extra `local`

    place = Installation(data)
    with place.locked():
        endpoints.remove(place.folder)
        postgres = Postgres(place.folder / "postgres", password=place.keys().postgres_password)
        postgres.port = place.port("postgres")
        postgres.start()
        try:
            yield planned.model_copy(update={"database_url": postgres.url})
            state = place.state()
            state.time, state.policy = manifest.time, manifest.policy
            write_whole(place.folder / "installation.json", state)
        finally:
            postgres.stop()
