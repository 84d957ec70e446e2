"""What aiokafka's admin client has no words for: users, rights and quotas of a broker, in Kafka's own protocol.

https://kafka.apache.org/protocol
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import (
    CreateAclsRequest_v1,
    DeleteAclsRequest_v1,
    DescribeAclsRequest_v1,
    DescribeClientQuotasRequest_v0,
)
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Array,
    Boolean,
    CompactArray,
    CompactBytes,
    CompactString,
    Float64,
    Int8,
    Int16,
    Int32,
    Schema,
    String,
    TaggedFields,
)

from console.partner.rights import CREATE, READ, WRITE, Right
from services.notify.domain.credentials import Salted

SCRAM_SHA_512: Final = 2
ALLOW: Final = 3
ANY: Final = 1
LITERAL, PREFIXED = 3, 4
KINDS: Final = {"topic": 2, "group": 3}
OPERATIONS: Final = {READ: 3, WRITE: 4, CREATE: 5}
NO_SUCH_USER: Final = 91
EXACT: Final = 0
ANY_NAME: Final = 2
TEXT: Final = String("utf-8")
SHORT: Final = CompactString("utf-8")


class _DescribeUsersResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 50
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("error_message", SHORT),
        (
            "results",
            CompactArray(
                ("user", SHORT),
                ("error_code", Int16),
                ("error_message", SHORT),
                (
                    "credentials",
                    CompactArray(("mechanism", Int8), ("iterations", Int32), ("tags", TaggedFields)),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeUsers(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 50
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _DescribeUsersResponse
    SCHEMA = Schema(("users", CompactArray(("name", SHORT), ("tags", TaggedFields))), ("tags", TaggedFields))


class _AlterUsersResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(("user", SHORT), ("error_code", Int16), ("error_message", SHORT), ("tags", TaggedFields)),
        ),
        ("tags", TaggedFields),
    )


class _AlterUsers(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _AlterUsersResponse
    SCHEMA = Schema(
        ("deletions", CompactArray(("name", SHORT), ("mechanism", Int8), ("tags", TaggedFields))),
        (
            "upsertions",
            CompactArray(
                ("name", SHORT),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterQuotasResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "entries",
            Array(
                ("error_code", Int16),
                ("error_message", TEXT),
                ("entity", Array(("entity_type", TEXT), ("entity_name", TEXT))),
            ),
        ),
    )


class _AlterQuotas(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _AlterQuotasResponse
    SCHEMA = Schema(
        (
            "entries",
            Array(
                ("entity", Array(("entity_type", TEXT), ("entity_name", TEXT))),
                ("ops", Array(("key", TEXT), ("value", Float64), ("remove", Boolean))),
            ),
        ),
        ("validate_only", Boolean),
    )


class _Plain(Request[RequestStruct]):  # type: ignore[misc]  # aiokafka has no types
    """A request of which one version will do; the broker says if it does not."""

    API_KEY = -1
    ALLOW_UNKNOWN_API_VERSION = True

    def __init__(self, struct: RequestStruct) -> None:
        self._struct = struct

    def build(self, request_struct_class: type[RequestStruct]) -> RequestStruct:
        del request_struct_class
        return self._struct

    def prepare(self, versions: dict[int, tuple[int, int]]) -> RequestStruct:
        del versions
        return self._struct


class BrokerRefused(RuntimeError):
    """The broker does not do it; the text says why."""


class Found(NamedTuple):
    users: Mapping[str, int]
    """With their iterations, which are all that a broker tells of a password."""
    rights: frozenset[Right]
    quotas: Mapping[str, Mapping[str, float]]


class Broker:
    """A connection as an administrator of the broker."""

    def __init__(self, admin: AIOKafkaAdminClient) -> None:
        self._admin = admin

    async def find(self) -> Found:
        """Raises `BrokerRefused` where the broker keeps no rights, or we may not see them."""
        return Found(await self._users(), await self._rights(), await self._quotas())

    async def put_users(self, users: Mapping[str, Salted], gone: Iterable[str]) -> None:
        upserts: list[tuple[Any, ...]] = [
            (name, SCRAM_SHA_512, one.iterations, one.salt, one.password, {}) for name, one in sorted(users.items())
        ]
        deletions: list[tuple[Any, ...]] = [(name, SCRAM_SHA_512, {}) for name in sorted(gone)]
        if upserts or deletions:
            answer = await self._ask(_AlterUsers(deletions, upserts, {}))
            for _, code, message, _ in answer.results:
                _check(code, message)

    async def put_rights(self, missing: Iterable[Right], gone: Iterable[Right]) -> None:
        if rows := [_row(one) for one in sorted(missing)]:
            for code, message in (await self._ask(CreateAclsRequest_v1(rows))).creation_responses:
                _check(code, message)
        if rows := [_row(one) for one in sorted(gone)]:
            for code, message, _ in (await self._ask(DeleteAclsRequest_v1(rows))).filter_responses:
                _check(code, message)

    async def put_quotas(self, quotas: Mapping[str, Mapping[str, float]], gone: Mapping[str, Iterable[str]]) -> None:
        entries = [
            ([("user", user)], [(key, value, False) for key, value in wanted.items()])
            for user, wanted in quotas.items()
        ] + [([("user", user)], [(key, 0.0, True) for key in keys]) for user, keys in gone.items()]
        if entries:
            for code, message, _ in (await self._ask(_AlterQuotas(entries, False))).entries:
                _check(code, message)

    async def _users(self) -> dict[str, int]:
        answer = await self._ask(_DescribeUsers(None, {}))
        _check(answer.error_code, answer.error_message)
        return {
            user: iterations
            for user, code, _, credentials, _ in answer.results
            if code != NO_SUCH_USER
            for mechanism, iterations, _ in credentials
            if mechanism == SCRAM_SHA_512
        }

    async def _rights(self) -> frozenset[Right]:
        answer = await self._ask(DescribeAclsRequest_v1(ANY, None, ANY, None, None, ANY, ANY))
        _check(answer.error_code, answer.error_message)
        kinds = {number: name for name, number in KINDS.items()}
        operations = {number: name for name, number in OPERATIONS.items()}
        found = set()
        for kind, name, pattern, acls in answer.resources:
            for principal, _, operation, permission in acls:
                if kind in kinds and operation in operations and permission == ALLOW:
                    user = principal.removeprefix("User:")
                    found.add(Right(user, operations[operation], kinds[kind], name, pattern == PREFIXED))
        return frozenset(found)

    async def _quotas(self) -> dict[str, dict[str, float]]:
        answer = await self._ask(DescribeClientQuotasRequest_v0([("user", ANY_NAME, None)], True))
        _check(answer.error_code, answer.error_message)
        found = {}
        for entity, values in answer.entries or ():
            for kind, name in entity:
                if kind == "user" and name is not None:
                    found[name] = dict(values)
        return found

    async def _ask(self, struct: RequestStruct) -> Any:
        return await self._admin._send_to_controller(_Plain(struct))  # noqa: SLF001 -- its own requests go there too


@asynccontextmanager
async def connected(connection: Mapping[str, Any]) -> AsyncIterator[Broker]:
    admin = AIOKafkaAdminClient(**connection)
    await admin.start()
    try:
        yield Broker(admin)
    finally:
        await admin.close()


def _row(one: Right) -> tuple[Any, ...]:
    pattern = PREFIXED if one.prefixed else LITERAL
    return KINDS[one.kind], one.name, pattern, f"User:{one.user}", "*", OPERATIONS[one.operation], ALLOW


def _check(code: int, message: str | None) -> None:
    if code:
        raise BrokerRefused(f"{for_code(code).__name__}: {message or 'the broker refused it'}")
