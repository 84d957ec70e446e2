"""Every door refuses what it does not know, with all faults at once, and understands one way of writing things."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from contracts.submissions import Post
from libraries.checking import check_value
from libraries.runtime.web.app import build_app
from libraries.runtime.web.requests import AskedArea, AskedCase

DIGITS = b"9" * 5000
MARCH = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Paint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=10)]
    colour: Colour = Colour.RED
    coats: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1
    dried_at: datetime | None = None
    tags: Annotated[tuple[str, ...], msgspec.Meta(max_length=2)] = ()
    notes: dict[str, str | int | bool] = {}


@get("/asks")
async def asks(
    area: AskedArea = "",
    case: AskedCase = None,
    colour: Annotated[Colour | None, QueryParameter()] = None,
    before: Annotated[datetime | None, QueryParameter()] = None,
    cursor: Annotated[UUID | None, QueryParameter()] = None,
    text: Annotated[str | None, QueryParameter(max_length=8)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=9)] = 5,
) -> dict[str, Any]:
    return {
        "area": area,
        "case": case,
        "colour": colour,
        "before": before,
        "cursor": cursor,
        "text": text,
        "limit": limit,
    }


@post("/paints/{shelf:int}", status_code=200)
async def paints(request: Request[Any, Any, Any], shelf: FromPath[int], data: JSONBody[Paint]) -> dict[str, Any]:
    del request
    return {"shelf": shelf, **msgspec.structs.asdict(data)}


@pytest.fixture
async def door() -> AsyncIterator[httpx.AsyncClient]:
    async def probe() -> dict[str, str]:
        return {}

    app = build_app("sample", [asks, paints], state={"token_key": "k"}, probe=probe)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sample") as client:
        yield client


def faults(reply: httpx.Response) -> dict[str, str]:
    assert reply.headers["content-type"] == "application/problem+json"
    return {error["field"]: error["code"] for error in reply.json()["errors"]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name=Zhang", {"": "unknown_parameter"}),
        ("limit=0", {"limit": "out_of_range"}),
        ("limit=999999999999999999999", {"limit": "wrong_type"}),
        ("limit=1.5", {"limit": "wrong_type"}),
        ("limit=1&limit=2", {"limit": "repeated"}),
        ("colour=green", {"colour": "not_one_of"}),
        ("before=2026-03-02T09:00:00", {"before": "offset_missing"}),
        ("before=0001-01-01T00:00:00%2B14:00", {"before": "calendar_range"}),
        ("before=9999-12-31T23:59:59-14:00", {"before": "calendar_range"}),
        ("before=1772415000", {"before": "time_form"}),
        ("cursor=17", {"cursor": "not_an_id"}),
        ("area=13072", {"area": "bad_area"}),
        ("case=17", {"case": "bad_case"}),
        ("text=%00", {"text": "bad_character"}),
        ("text=123456789", {"text": "too_long"}),
        ("text=%ff", {"": "not_utf8"}),
        ("text=%ed%a0%80", {"": "not_utf8"}),
        ("&".join(f"a{number}=1" for number in range(60)), {"": "too_many"}),
        ("limit=x&colour=y&nobody=z", {"limit": "wrong_type", "colour": "not_one_of", "": "unknown_parameter"}),
    ],
)
async def test_what_a_query_cannot_mean_is_refused(
    door: httpx.AsyncClient, query: str, expected: dict[str, str]
) -> None:
    reply = await door.get(f"/asks?{query}")
    assert reply.status_code == (400 if "not_utf8" in expected.values() else 422)
    assert faults(reply) == expected


async def test_the_parameters_that_there_are_are_named(door: httpx.AsyncClient) -> None:
    (error,) = (await door.get("/asks?nobody=1", headers={"accept-language": "en"})).json()["errors"]
    assert error["detail"].endswith("Known: area, before, case, colour, cursor, limit, text")


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02T09:30:00%2B08:00",
        "2026-03-02T01:30:00Z",
        "2026-03-02T01:30:00.000Z",
        "2026-03-02T09:30%2B08:00",
        "2026-03-02T09:30+08:00",
        "20260302T093000%2B0800",
    ],
)
async def test_a_moment_is_the_same_however_it_is_written(door: httpx.AsyncClient, written: str) -> None:
    reply = await door.get(f"/asks?before={written}")
    assert reply.status_code == 200, reply.text
    assert datetime.fromisoformat(reply.json()["before"]) == MARCH


async def test_an_empty_value_is_as_good_as_none(door: httpx.AsyncClient) -> None:
    reply = await door.get("/asks?area=&case=&colour=&before=&cursor=&text=&limit=")
    assert (reply.status_code, reply.json()["limit"]) == (200, 5)


async def test_what_is_known_is_taken(door: httpx.AsyncClient) -> None:
    reply = await door.get("/asks?area=1307&case=130722-20260302-00017-7&colour=blue&limit=9")
    assert (
        reply.json() | {"area": "1307", "case": "130722-20260302-00017-7", "colour": "blue", "limit": 9} == reply.json()
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"nam": "x"}', {"": "unknown_field", "name": "missing"}),
        (b'{"name": " "}', {"name": "missing"}),
        (b'{"name": null}', {"name": "missing"}),
        (b'{"name": "x", "coats": 4}', {"coats": "out_of_range"}),
        (b'{"name": "x", "coats": true}', {"coats": "wrong_type"}),
        (b'{"name": "x", "coats": 1.0}', {"coats": "wrong_type"}),
        (b'{"name": "x\\u0000"}', {"name": "bad_character"}),
        (b'{"name": "x", "dried_at": "2026-03-02T09:00"}', {"dried_at": "offset_missing"}),
        (b'{"name": "x", "dried_at": 5}', {"dried_at": "time_form"}),
        (b'{"name": "x", "tags": ["a", "b", "c"]}', {"tags": "too_many"}),
        (b'{"name": "x", "tags": [5, null]}', {"tags.0": "wrong_type", "tags.1": "wrong_type"}),
        (b'{"name": "x", "notes": {"a": []}}', {"notes": "wrong_type"}),
        (
            b'{"colour": "green", "coats": "x", "why": 1}',
            {"name": "missing", "colour": "not_one_of", "coats": "wrong_type", "": "unknown_field"},
        ),
    ],
)
async def test_every_fault_of_a_body_is_named_at_once(
    door: httpx.AsyncClient, body: bytes, expected: dict[str, str]
) -> None:
    reply = await door.post("/paints/1", content=body)
    assert (reply.status_code, faults(reply)) == (422, expected)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"name": "\xff"}',
        b"[" * 100_000,
        b'{"name": "\\ud800"}',
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
async def test_what_is_no_object_is_a_400_and_never_a_500(door: httpx.AsyncClient, body: bytes) -> None:
    assert (await door.post("/paints/1", content=body)).status_code == 400


async def test_a_field_twice_means_two_things(door: httpx.AsyncClient) -> None:
    reply = await door.post("/paints/1", content=b'{"name": "a", "name": "b"}')
    assert (reply.status_code, faults(reply)) == (400, {"": "doubled_field"})


async def test_null_says_as_much_as_leaving_it_out(door: httpx.AsyncClient) -> None:
    bare = await door.post("/paints/1", json={"name": "x"})
    null = dict.fromkeys(("colour", "coats", "dried_at", "tags", "notes"))
    told = await door.post("/paints/1", json={"name": "x", **null})
    assert (told.status_code, told.json()) == (200, bare.json())


@pytest.mark.parametrize("post", ["张示例", "Window-3", "window 3", "window-13800138000"])
def test_a_post_that_is_none_has_a_code_of_its_own(post: str) -> None:
    _, faults = check_value(Post, post, "first_contact_post")
    assert [(fault.field, fault.code) for fault in faults] == [("first_contact_post", "bad_post")]


async def test_a_fault_never_repeats_what_was_sent(door: httpx.AsyncClient) -> None:
    secret = "13800138000"
    for reply in (
        await door.get(f"/asks?{secret}={secret}&colour={secret}&before={secret}"),
        await door.post("/paints/1", json={secret: secret, "name": 5, "colour": secret, "notes": {secret: []}}),
        await door.get(f"/{secret}?{secret}"),
        await door.post(f"/paints/{secret}x", json={}),
    ):
        assert reply.status_code in {404, 422}
        assert secret not in reply.text
