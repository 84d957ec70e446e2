"""The data folder of one installation: who may use it now, its keys, its ports, and the time that it lives in."""

import contextlib
import fcntl
import os
import secrets
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from console.engines.child import free_port, listens

DEFAULT_DATA: Final = Path(".yimen")
OWNER_ONLY: Final = 0o600
USERS: Final = ("broker", "admin", "intake", "routing", "notify")
"""Of a broker that keeps users: itself, its operator, and the services."""


class InUse(RuntimeError):
    """Another process holds the folder."""


class InstallationDiffers(ValueError):
    """The folder was made for something else than what is asked now."""


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Made once. Whoever loses the sealing key loses the personal data."""

    token_key: str
    sealing_key: str
    postgres_password: str
    audit_key: str = ""
    """Signs the heads of the audit; folders of before get theirs at the next start."""
    kafka_passwords: dict[str, str] = {}
    """By user, where the broker keeps users."""


class Time(msgspec.Struct, frozen=True, kw_only=True):
    """Simulated time: at the real moment `anchor` it was `origin`, and it runs `speed` times as fast."""

    speed: float
    origin: datetime
    anchor: datetime


def time_variables(time_: Time | None) -> dict[str, str]:
    if time_ is None:
        return {}
    return {
        "YIMEN_TIME_SPEED": str(time_.speed),
        "YIMEN_TIME_ORIGIN": time_.origin.isoformat(),
        "YIMEN_TIME_ANCHOR": time_.anchor.isoformat(),
    }


def kafka_variables(passwords: Mapping[str, str], user: str) -> dict[str, str]:
    """How one of our own users speaks to a broker that keeps users."""
    return {
        "YIMEN_KAFKA_SECURITY": "SASL_PLAINTEXT",
        "YIMEN_KAFKA_MECHANISM": "PLAIN" if user == "admin" else "SCRAM-SHA-512",
        "YIMEN_KAFKA_USER": user,
        "YIMEN_KAFKA_PASSWORD": passwords[user],
    }


class SavedState(msgspec.Struct, kw_only=True):
    """What stays the same from start to start."""

    kafka: str | None = None
    """Kind of the broker that holds this folder's topics."""
    ports: dict[str, int] = {}
    time: Time | None = None
    policy: str | None = None
    secure: bool = False
    """Whether the broker keeps users and rights."""


class Installation:
    """One folder. Everything in it is readable by its owner only, or worthless to others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else uses the folder meanwhile; the system lets go of it whatever becomes of us. Raises `InUse`."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise InUse(f"{self.folder} is in use by process {lock.read().strip() or 'unknown'}") from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def find_keys(self) -> Keys | None:
        path = self.folder / "keys.json"
        return msgspec.json.decode(path.read_bytes(), type=Keys) if path.exists() else None

    def keys(self) -> Keys:
        """Those of the first start."""
        found = self.find_keys()
        if found is None:
            found = Keys(
                token_key=secrets.token_urlsafe(48),
                sealing_key=b64encode(os.urandom(32)).decode(),
                postgres_password=secrets.token_urlsafe(24),
            )
        if not found.audit_key:
            found = replace(found, audit_key=b64encode(os.urandom(32)).decode())
            write_whole(self.folder / "keys.json", found)
        return found

    def variables(self) -> dict[str, str]:
        """What every process here is told of keys and of the files that lie outside the database."""
        keys = self.keys()
        return {
            "YIMEN_TOKEN_KEY": keys.token_key,
            "YIMEN_SEALING_KEY": keys.sealing_key,
            "YIMEN_AUDIT_KEY": keys.audit_key,
            "YIMEN_AUDIT_HEADS_FILE": str(self.folder / "audit-heads.ndjson"),
            "YIMEN_ERASURE_LIST": str(self.folder / "erased.ndjson"),
        }

    def kafka_passwords(self) -> dict[str, str]:
        """Those of the first start with users at the broker."""
        keys = self.keys()
        if not keys.kafka_passwords:
            keys = msgspec.structs.replace(keys, kafka_passwords={name: secrets.token_urlsafe(32) for name in USERS})
            write_whole(self.folder / "keys.json", keys)
        return keys.kafka_passwords

    def state(self) -> SavedState:
        path = self.folder / "installation.json"
        return msgspec.json.decode(path.read_bytes(), type=SavedState) if path.exists() else SavedState()

    def port(self, name: str) -> int:
        """The same as last time, unless somebody else has it now."""
        state = self.state()
        known = state.ports.get(name, 0)
        taken = {port for other, port in state.ports.items() if other != name}
        while not known or known in taken or listens(known):
            known = free_port()
        state.ports[name] = known
        write_whole(self.folder / "installation.json", state)
        return known

    def live_in(
        self, *, speed: float | None, origin: datetime | None, begins_in: timedelta = timedelta()
    ) -> Time | None:
        """The time of this installation; `None` is the machine's own. `begins_in` is real time until the origin.

        Chosen at the first start: what was written down later in another time could not be compared. Raises `Refused`.
        """
        state = self.state()
        known = state.time
        if "intake" in state.ports or known is not None:
            same = known is not None and speed in (None, known.speed) and origin in (None, known.origin)
            if (speed, origin) != (None, None) and not same:
                detail = f"{known.speed:g} times from {known.origin}" if known else "the machine's own time"
                raise InstallationDiffers(
                    f"{self.folder} lives in {detail}; choose another folder with --data for another time"
                )
            return known
        if speed is None and origin is None:
            return None
        now = datetime.now(UTC)
        state.time = Time(speed=speed or 1.0, origin=origin or now, anchor=now + begins_in)
        write_whole(self.folder / "installation.json", state)
        return state.time

    def use_kafka(self, kind: str) -> None:
        """Remember whose topics these are. Raises `Refused` where an Apache Kafka's data would be passed over."""
        state = self.state()
        if state.kafka == "apache" and kind == "tansu":
            raise InstallationDiffers(
                f"{self.folder} has Apache Kafka's data; start it with --kafka apache or choose another folder"
            )
        state.kafka = kind
        write_whole(self.folder / "installation.json", state)

    def use_security(self, *, secure: bool) -> None:
        """For the other commands that work on this installation."""
        state = self.state()
        state.secure = secure
        write_whole(self.folder / "installation.json", state)

    def use_policy(self, policy: Path) -> None:
        """For the other commands that work on this installation."""
        state = self.state()
        state.policy = str(policy.absolute())
        write_whole(self.folder / "installation.json", state)


def write_whole(path: Path, content: object) -> None:
    """Readers see the old file or the new one, never a part; only the owner can read it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, OWNER_ONLY)
            file.write(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
