"""The services as a person asks them: over their public HTTP, with a token of that person that lives for a minute."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import msgspec

from contracts.refusals import FieldError
from libraries.runtime.tracing import current
from libraries.runtime.web.auth import Principal, Role, issue_token
from services.portal.catalogue import Language
from services.portal.domain.accounts import Account, Post
from services.portal.domain.links import Link

TOKEN_LIVES: Final = timedelta(minutes=1)
PATIENCE_SECONDS: Final = 10.0
LONG_PATIENCE_SECONDS: Final = 60.0
KEPT_SECONDS: Final = 2.0
"""An idle connection; shorter than the services keep one, so that none is closed while a request is on its way."""
VERSION: Final = re.compile(r"[!#-~]{1,64}")
TAGS: Final = {"zh": "zh-CN", "en": "en"}
Params = Mapping[str, str | int | None]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What a service says of a refusal."""

    status: int
    title: str = ""
    code: str = ""
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    changed: tuple[str, ...] = ()
    """What was added since it was seen, where that is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Something as it stood, and the version that it had then; empty where it has none."""

    value: Any
    version: str


class ServiceRefused(Exception):
    """The service did not do it, and says why; `version` is what the thing has by now, if it says that too."""

    def __init__(self, problem: Problem, version: str = "") -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.version = version


class ServiceAway(Exception):
    """The service does not answer at the moment; `why` is for the log."""

    def __init__(self, service: str, why: str) -> None:
        super().__init__(service)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Where they are, and the key with which the installation signs tokens."""

    client: httpx.AsyncClient
    urls: Mapping[str, str]
    token_key: str

    def as_post(self, account: Account, post: Post, language: Language) -> "Caller":
        principal = Principal(
            subject=str(account.id), role=post.role, office=post.office, area=post.area, post=post.code
        )
        return self._caller(principal, language)

    def as_applicant(self, case_id: UUID | None, language: Language) -> "Caller":
        """Whoever has shown the receipt of this case; without one it can be shown, and nothing else done."""
        return self._caller(Principal(subject="receipt", role=Role.APPLICANT, case=case_id), language)

    def as_link(self, link: Link, language: Language) -> "Caller":
        """Whoever has this link, in the name of its office."""
        principal = Principal(subject=f"link-{link.id}", role=Role.LINK, office=link.office, referral=link.referral_id)
        return self._caller(principal, language)

    def as_itself(self) -> "Caller":
        """For what the portal has to know, whoever looks at it."""
        return self._caller(Principal(subject="portal", role=Role.OPS), "en")

    def _caller(self, principal: Principal, language: Language) -> "Caller":
        token = issue_token(self.token_key, principal, lifetime=TOKEN_LIVES)
        return Caller(self, {"authorization": f"Bearer {token}", "accept-language": TAGS[language]})

    async def faults(self) -> dict[str, str]:
        """By service, `ok` or that it does not answer."""
        return dict(zip(self.urls, await asyncio.gather(*map(self._live, self.urls)), strict=True))

    async def _live(self, name: str) -> str:
        try:
            answer = await self.client.get(f"{self.urls[name]}/health/live", timeout=2.0)
        except httpx.HTTPError as error:
            return type(error).__name__
        return "ok" if answer.status_code == httpx.codes.OK else str(answer.status_code)


class Caller:
    """One person's calls. Raises `ServiceRefused` or `ServiceAway`."""

    def __init__(self, services: Services, headers: Mapping[str, str]) -> None:
        self._services = services
        self._headers = headers

    async def get(self, service: str, path: str, params: Params | None = None) -> Any:
        return (await self._ask("GET", service, path, params=_given(params))).json()

    async def see(self, service: str, path: str) -> Seen:
        """With its version, for an act that is only to be done on what was seen."""
        answer = await self._ask("GET", service, path)
        return Seen(value=answer.json(), version=_version(answer))

    async def text(self, service: str, path: str, params: Params | None = None) -> str:
        return (await self._ask("GET", service, path, params=_given(params))).text

    async def file(self, service: str, path: str, params: Params | None = None) -> bytes:
        return (await self._ask("GET", service, path, params=_given(params))).content

    async def post(self, service: str, path: str, body: Mapping[str, Any], *, seen: str = "") -> Any:
        """Done only while it still has the version that was `seen`; on whatever is there, if none is given."""
        condition = {"if-match": f'"{seen}"'} if VERSION.fullmatch(seen) else {}
        return (await self._ask("POST", service, path, condition, content=msgspec.json.encode(body))).json()

    async def send(
        self, method: str, service: str, path: str, headers: Mapping[str, str], content: bytes = b""
    ) -> httpx.Response:
        """As it is, with what its headers say; what is looked through takes its time."""
        more: dict[str, Any] = {"content": content} if content else {}
        return await self._ask(method, service, path, headers, timeout=LONG_PATIENCE_SECONDS, **more)

    async def stream(self, service: str, path: str) -> AsyncIterator[bytes]:
        """Of what is too large for the memory."""
        url, client = f"{self._services.urls[service]}{path}", self._services.client
        try:
            async with client.stream("GET", url, headers=self._headers, timeout=LONG_PATIENCE_SECONDS) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise _refusal(service, answer)
                async for chunk in answer.aiter_bytes():
                    yield chunk
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ServiceAway(service, type(error).__name__) from None

    async def _ask(
        self, method: str, service: str, path: str, more: Mapping[str, str] | None = None, **content: Any
    ) -> httpx.Response:
        url, trace = f"{self._services.urls[service]}{path}", current()
        headers = {**self._headers, **({"traceparent": str(trace)} if trace is not None else {}), **(more or {})}
        try:
            answer = await self._services.client.request(method, url, headers=headers, **content)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ServiceAway(service, type(error).__name__) from None
        if answer.is_success:
            return answer
        raise ServiceRefused(Problem(status=answer.status_code)) if method == "HEAD" else _refusal(service, answer)


def _refusal(service: str, answer: httpx.Response) -> ServiceRefused | ServiceAway:
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
    except msgspec.DecodeError:
        return ServiceAway(service, f"{answer.status_code}, and no problem of ours")
    if problem.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return ServiceAway(service, f"{problem.status} {problem.code}")
    return ServiceRefused(problem, _version(answer))


def _version(answer: httpx.Response) -> str:
    return str(answer.headers.get("etag", "")).strip('"')


def _given(params: Params | None) -> dict[str, str | int] | None:
    """`None` for none at all: an empty mapping would take away the query that a link of a service has."""
    return {name: value for name, value in (params or {}).items() if value is not None} or None


def new_client() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEPT_SECONDS)
    return httpx.AsyncClient(timeout=PATIENCE_SECONDS, limits=limits, trust_env=False)
