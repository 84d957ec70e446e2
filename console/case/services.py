"""Asking a running installation over HTTP, as operations may; only for a case's file as a coordinator may."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

import httpx
import msgspec

from console import endpoints
from console.installation import DEFAULT_DATA, Installation
from libraries.runtime.web.auth import Principal, Role, issue_token

Answer = TypeVar("Answer")

LIFETIME: Final = timedelta(minutes=5)
TIMEOUT_SECONDS: Final = 20.0
HOW: Final = (
    "nothing runs here: start `yimen up`, name its folder with --data,"
    " or set YIMEN_INTAKE_URL, YIMEN_ROUTING_URL and YIMEN_TOKEN (or YIMEN_TOKEN_KEY)"
)


class Unanswered(Exception):
    """There is no answer; `code` is what the service said, or `unreachable`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Where they are, and the token that opens them."""

    intake: str
    routing: str
    token: str
    notify: str = ""
    """Empty where nobody said: most commands do without it."""

    def ask(self, url: str, kind: type[Answer], **params: str) -> Answer:
        """Raises `Unanswered`."""
        content = self._get(url, params)
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.MsgspecError:
            raise Unanswered("unreachable", f"{url} answers, and not as our services do") from None

    def read(self, url: str, **params: str) -> str:
        """As text for people. Raises `Unanswered`."""
        return self._get(url, params | {"format": "text"}).decode("utf-8", "replace").rstrip("\n")

    def _get(self, url: str, params: dict[str, str]) -> bytes:
        headers = {"authorization": f"Bearer {self.token}", "accept-language": "en"}
        try:
            reply = httpx.get(url, params=params, headers=headers, timeout=TIMEOUT_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unanswered("unreachable", f"{url}: {type(error).__name__}") from None
        if reply.is_success:
            return reply.content
        try:
            problem = msgspec.json.decode(reply.content, type=dict)
        except msgspec.MsgspecError:
            raise Unanswered("unreachable", f"{url} answers {reply.status_code}, and not as our services do") from None
        code, detail = problem.get("code") or reply.status_code, problem.get("detail") or problem.get("title")
        raise Unanswered(str(code), str(detail))


def find_services(data: Path | None, role: Role = Role.OPS) -> Services | None:
    """A folder that is named, or where `up` runs now, goes before the environment."""
    folder = Installation(data or Path(os.environ.get("YIMEN_DATA") or DEFAULT_DATA))
    running, keys = endpoints.find(folder.folder), folder.find_keys()
    if running is not None and keys is not None:
        return Services(
            intake=running.intake,
            routing=running.routing,
            token=_signed(keys.token_key, role),
            notify=running.notify,
        )
    if data is not None:
        return None
    intake, routing = os.environ.get("YIMEN_INTAKE_URL"), os.environ.get("YIMEN_ROUTING_URL")
    token, key = os.environ.get("YIMEN_TOKEN"), os.environ.get("YIMEN_TOKEN_KEY")
    if not intake or not routing or not (token or key):
        return None
    return Services(
        intake=intake.rstrip("/"),
        routing=routing.rstrip("/"),
        token=token or _signed(key or "", role),
        notify=(os.environ.get("YIMEN_NOTIFY_URL") or "").rstrip("/"),
    )


def _signed(key: str, role: Role) -> str:
    """For this one call; the ready-made tokens of a folder end some day, its key does not."""
    principal = Principal(subject="console", role=role, installation=role is not Role.OPS)
    return issue_token(key, principal, lifetime=LIFETIME)
