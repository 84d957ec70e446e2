"""What an installation can set: read once from the environment, checked at the start, frozen."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

REPOSITORY = Path(__file__).parents[2]
KEY_BYTES = 32
SHORTEST_TOKEN_KEY = 32
ORIGIN = r"https?://[A-Za-z0-9.:\[\]-]+"
"""Scheme, host and port of an address, and nothing that means something in a header."""
ISSUER_KEYS = r"https?://[^\s,]+ (https://[^\s,]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?/[^\s,]*)"
"""An issuer with the address of its keys, which come by https, or from this machine."""

S = TypeVar("S", bound="ProcessSettings")


class SettingsRefused(ValueError):
    """The environment cannot be used; the text names each variable and its rule, never a value."""


def _is_key(text: str) -> bool:
    try:
        return len(b64decode(text, validate=True)) == KEY_BYTES
    except ValueError:
        return False


def _is_key_or_empty(value: SecretStr) -> SecretStr:
    if value.get_secret_value() and not _is_key(value.get_secret_value()):
        raise ValueError("must be 32 bytes in base64")
    return value


def _are_keys(value: SecretStr) -> SecretStr:
    if not all(map(_is_key, keys_of(value))):
        raise ValueError("must be 32 bytes in base64 each")
    return value


def keys_of(value: SecretStr) -> list[str]:
    """Those that stand with commas between."""
    return list(filter(None, value.get_secret_value().split(",")))


OptionalKey = Annotated[SecretStr, AfterValidator(_is_key_or_empty)]
"""32 bytes in base64, or empty."""
Keys = Annotated[SecretStr, AfterValidator(_are_keys)]
"""32 bytes in base64 each, with commas between; or empty."""


class ProcessSettings(BaseSettings):
    """Settings that all processes share."""

    model_config = SettingsConfigDict(env_prefix="YIMEN_", frozen=True, use_attribute_docstrings=True, extra="ignore")

    database_url: str = Field(repr=False)
    """PostgreSQL, for example postgresql://user@host:5432/yimen."""
    http_host: str = "127.0.0.1"
    """Address to listen on."""
    http_port: int = Field(default=0, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    policy_dir: Path = REPOSITORY / "deploy" / "policies" / "zhangjiakou"
    """Folder of the policy pack; its parents stand beside it."""
    token_key: SecretStr = Field(min_length=SHORTEST_TOKEN_KEY)
    """Signs bearer tokens; at least 32 characters."""
    time_speed: float = Field(default=1.0, gt=0)
    """How many times faster than the machine's clock business time runs."""
    time_origin: datetime | None = None
    """Business time at the anchor, with offset."""
    time_anchor: datetime | None = None
    """Real moment at which business time stood at the origin; the same in every process."""
    audit_key: OptionalKey = SecretStr("")
    """Signs the heads of the audit: the seed of an Ed25519 key, 32 bytes in base64. Without it they are not signed."""
    audit_heads_file: Path | None = None
    """Where signed heads of the audit are appended, on another disk than the database's."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least level that is logged."""
    body_limit: int = Field(default=1024 * 1024, ge=1024)
    """Largest HTTP body in bytes."""
    request_head_seconds: float = Field(default=5.0, gt=0)
    """How long the head of a request may take to arrive, and how long its body may stand still."""
    request_body_seconds: float = Field(default=60.0, gt=0)
    """How long the body of a request may take to arrive."""
    graceful_seconds: float = Field(default=25.0, gt=0)
    """How long a stop may take before what is unfinished is left to the next process."""

    @field_validator("database_url")
    @classmethod
    def _is_a_postgres_url(cls, value: str) -> str:
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):
            raise ValueError("must be a PostgreSQL URL") from None
        if url.get_backend_name() != "postgresql":
            raise ValueError("must be a PostgreSQL URL")
        return value

    @model_validator(mode="after")
    def _simulated_time_is_anchored(self) -> Self:
        if (self.time_speed != 1.0 or self.time_origin is not None) and self.time_anchor is None:
            raise ValueError("time_speed and time_origin need time_anchor")
        return self


class RuntimeSettings(ProcessSettings):
    """Settings that all services share: those of a process on Kafka, with data of people."""

    kafka_servers: str
    """Kafka brokers, host:port, separated by commas."""
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How brokers are spoken to."""
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """SASL mechanism, where SASL is used."""
    kafka_user: str = ""
    """SASL user."""
    kafka_password: SecretStr = SecretStr("")
    """SASL password."""
    kafka_answers_waiting_fetches: bool = True
    """Whether the brokers answer a waiting fetch as soon as a record comes. Apache Kafka does, Tansu does not."""
    kafka_ca_file: Path | None = None
    """Certificates that sign the brokers'; the system's if not set."""
    board_url: str = Field(default="", pattern=rf"^({ORIGIN}(,{ORIGIN})*)?$")
    """Where browsers find the board, several with commas between: its page may read answers of this service."""
    sealing_key: SecretStr
    """Wraps the data key of each case: 32 bytes in base64."""
    sealing_keys_before: Keys = SecretStr("")
    """Other sealing keys that open what is there, with commas between, while one takes the place of another."""
    index_key: Keys = SecretStr("")
    """Makes fingerprints, receipts and match keys of applicants: 32 bytes in base64. Never changed: if it is not set,
    it is the sealing key, and has to be set to that before the sealing key is changed."""
    erasure_list: Path | None = None
    """Where `yimen person erase` writes which cases it erased, outside the database and its backups: `yimen restore`
    erases them again."""
    token_issuers: str = Field(default="", pattern=rf"^({ISSUER_KEYS}(,{ISSUER_KEYS})*)?$")
    """Identity providers whose tokens speak for partners: issuer, a blank, address of its keys; commas between."""
    token_audience: str = Field(default="yimen", min_length=1, max_length=200)
    """For whom tokens of partners have to be (`aud`)."""
    idempotency_hours: int = Field(default=48, ge=1, le=720)
    """How long the answer to a request with an `Idempotency-Key` is kept, and given again."""
    recount_pause_seconds: float = Field(default=0.05, ge=0)
    """How long to wait after each batch of clocks that a new calendar makes to be counted again."""

    @field_validator("sealing_key")
    @classmethod
    def _has_32_bytes(cls, value: SecretStr) -> SecretStr:
        if not _is_key(value.get_secret_value()):
            raise ValueError("must be 32 bytes in base64")
        return value

    def kafka_connection(self) -> dict[str, object]:
        """Aiokafka's keywords for address and security."""
        found: dict[str, object] = {"bootstrap_servers": self.kafka_servers.split(",")}
        if self.kafka_security.endswith("SSL"):
            from aiokafka.helpers import create_ssl_context  # noqa: PLC0415 -- only where TLS is used

            found["ssl_context"] = create_ssl_context(cafile=str(self.kafka_ca_file) if self.kafka_ca_file else None)
        if self.kafka_security.startswith("SASL"):
            found |= {
                "sasl_mechanism": self.kafka_mechanism,
                "sasl_plain_username": self.kafka_user,
                "sasl_plain_password": self.kafka_password.get_secret_value(),
            }
        return found | {"security_protocol": self.kafka_security}


def read_settings(kind: type[S]) -> S:
    """The settings of the environment. Raises `SettingsRefused` naming every variable that is wrong."""
    nothing: dict[str, Any] = {}  # everything comes from the environment
    return _checked(kind, lambda: kind(**nothing))


def settings_of(environment: Mapping[str, str], kind: type[S]) -> S:
    """The settings as a service with this environment would read them. Raises `SettingsRefused`."""
    prefix = kind.model_config.get("env_prefix", "")
    given = {name: environment.get(f"{prefix}{name.upper()}") for name in kind.model_fields}
    return _checked(kind, lambda: kind.model_validate({n: value for n, value in given.items() if value is not None}))


def _checked(kind: type[S], read: Callable[[], S]) -> S:
    """An error of pydantic's own shows the value that it refuses, and that may be a key."""
    try:
        return read()
    except ValidationError as error:
        prefix = kind.model_config.get("env_prefix", "")
        told = [
            f"{prefix}{'_'.join(map(str, fault['loc'])).upper() or '*'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsRefused("\n".join(told)) from None
