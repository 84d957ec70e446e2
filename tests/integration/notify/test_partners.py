"""The registry of partners, and the tokens that they get and lose, over HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import jwt
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from litestar import Litestar, get
from sqlalchemy import text

from contracts.codes import DeliveryChannel, Role
from libraries.partners.holding import Partners
from libraries.partners.issuers import ForeignKeys, Issuer
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from services.notify.delivery.scheduler import DeliveryScheduler
from services.notify.delivery.sender import WebhookSender
from services.notify.delivery.to_topic import TopicCarrier
from services.notify.http import ROUTES
from services.notify.partners import registry, signing
from services.notify.partners.registry import Issued, NewPartner
from tests.integration import web
from tests.integration.notify.delivering import a_life, registered
from tests.integration.notify.harness import NOW, OFFICE, PACK, Notify
from tests.sealing import SEALER
from tests.sockets import listening

ELSEWHERE = "https://id.example/realms/county"
SYSTEM = NewPartner(
    "education-system", Role.OFFICER, office=OFFICE, area=OFFICE[-12:], issuer=ELSEWHERE, issuer_subject="7"
)
TOWNSHIP = NewPartner("qiaobei-window", Role.TOWNSHIP, area="130722100000", sources=("qiaobei",))
PATH = "/v1/subscriptions"
T = TypeVar("T")


@dataclass(kw_only=True)
class Door:
    notify: Notify
    partners: Partners
    http: httpx.AsyncClient

    async def does(self, act: Callable[..., Awaitable[T]], *what: Any) -> T:
        async with transaction(self.notify.engine) as conn:
            found = await act(conn, *what)
        await self.partners.look()
        return found

    async def adds(self, new: NewPartner = SYSTEM) -> Issued:
        issued = await self.does(registry.add, new, SEALER, datetime.now(UTC))
        assert issued is not None
        return issued

    async def asks(self, issued: Issued, **more: str) -> httpx.Response:
        form = {"grant_type": "client_credentials", **more}
        return await self.http.post("/oauth/token", data=form, auth=(issued.id, issued.secret))

    async def token(self, issued: Issued) -> dict[str, str]:
        answer = await self.asks(issued)
        assert answer.status_code == 200, answer.text
        return {"authorization": f"Bearer {answer.json()['access_token']}"}

    async def code(self, headers: dict[str, str]) -> str:
        """Why a token is refused; empty if it is not."""
        answer = await self.http.get(PATH, headers=headers)
        return str(answer.json().get("code", ""))


@pytest.fixture
async def door(notify: Notify) -> AsyncIterator[Door]:
    policy, partners = PolicyWatch(PACK), Partners(engine=notify.engine, audience="yimen")
    state = {
        "engine": notify.engine,
        "policy": policy,
        "places": policy,
        "clock": Clock(speed=1e-9, origin=NOW, anchor=datetime.now(UTC)),
        "sealer": SEALER,
        "webhooks": WebhookSender(),
        "partners": partners,
    }
    async with web.client_of("notify", ROUTES, notify.engine, state) as http:
        found = Door(notify=notify, partners=partners, http=http)
        await found.does(signing.begin, SEALER, datetime.now(UTC))
        yield found


async def test_a_client_gets_a_token_that_the_published_keys_confirm(door: Door) -> None:
    issued = await door.adds()
    answer = await door.asks(issued)
    assert (answer.status_code, answer.json()["token_type"], answer.json()["expires_in"]) == (200, "Bearer", 600)
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()["access_token"]
    where = (await door.http.get("/.well-known/oauth-authorization-server")).json()
    keys = jwt.PyJWKSet.from_dict((await door.http.get(where["jwks_uri"])).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["ES256"], audience="yimen", issuer="yimen")
    assert (claims["sub"], claims["client_id"]) == ("education-system", "education-system.1")
    assert await door.code({"authorization": f"Bearer {token}"}) == ""
    form = {"client_id": issued.id, "client_secret": issued.secret, "grant_type": "client_credentials"}
    assert (await door.http.post("/oauth/token", data=form)).status_code == 200, "in the form too"
    stored = await door.notify.rows("SELECT c::text FROM partner_credentials AS c")
    assert issued.secret not in str(stored)


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        ({"data": {"grant_type": "client_credentials"}}, 401, "invalid_client"),
        (
            {"data": {"grant_type": "client_credentials"}, "auth": ("education-system.1", "guessed")},
            401,
            "invalid_client",
        ),
        ({"data": {"grant_type": "client_credentials"}, "auth": ("education-system.2", "x")}, 401, "invalid_client"),
        ({"data": {"grant_type": "client_credentials"}, "auth": ("nobody.1", "x")}, 401, "invalid_client"),
        ({"data": {"grant_type": "client_credentials"}, "auth": ("\x00'", "x")}, 401, "invalid_client"),
        (
            {"data": {"grant_type": "client_credentials"}, "headers": {"authorization": "Basic ???"}},
            401,
            "invalid_client",
        ),
        ({"data": {"grant_type": "password"}, "auth": ("education-system.1", "x")}, 400, "unsupported_grant_type"),
        ({"data": {}}, 400, "invalid_request"),
        ({"json": {"grant_type": "client_credentials"}}, 400, "invalid_request"),
        (
            {
                "content": "grant_type=client_credentials&grant_type=client_credentials",
                "headers": {"content-type": "application/x-www-form-urlencoded"},
            },
            400,
            "invalid_request",
        ),
        (
            {"content": b"\xff=\xff", "headers": {"content-type": "application/x-www-form-urlencoded"}},
            400,
            "invalid_request",
        ),
        (
            {"data": {"grant_type": "client_credentials", "client_secret": "x"}, "auth": ("education-system.1", "x")},
            400,
            "invalid_request",
        ),
    ],
)
async def test_everybody_else_gets_an_error_that_oauth_knows(
    door: Door, sent: dict[str, Any], status: int, error: str
) -> None:
    await door.adds()
    answer = await door.http.post("/oauth/token", **sent)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"].isascii()
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_an_idempotency_key_gives_nobody_the_token_of_another(door: Door) -> None:
    issued = await door.adds()
    headers = {"idempotency-key": "same"}
    form = {"grant_type": "client_credentials"}
    first = await door.http.post("/oauth/token", data=form, auth=(issued.id, issued.secret), headers=headers)
    other = await door.http.post("/oauth/token", data=form, auth=(issued.id, "guessed"), headers=headers)
    assert (first.status_code, other.status_code) == (200, 401)


async def test_who_is_disabled_is_out_and_its_subscriptions_end(door: Door) -> None:
    issued, other = await door.adds(), await door.adds(TOWNSHIP)
    before, of_other = await door.token(issued), await door.token(other)
    made = await door.http.post(PATH, json={"name": "ours", "url": "https://partner.example/"}, headers=before)
    assert made.status_code == 201, made.text
    ended = await door.does(registry.disable, SYSTEM.name, datetime.now(UTC))
    assert ended == ["ours"]
    assert (await door.code(before), await door.code(of_other)) == ("partner_disabled", "")
    assert (await door.asks(issued)).json()["error"] == "invalid_client"
    ops = web.one_of_each_role(OFFICE)["ops"]
    one, headers = f"{PATH}/{made.json()['id']}", {"authorization": f"Bearer {ops}"}
    shown = (await door.http.get(one, headers=headers)).json()
    assert (shown["state"], shown["reason"]) == ("disabled", "partner_disabled")
    assert (await door.http.post(f"{one}/resume", headers=headers)).json()["code"] == "subscriber_disabled"
    assert await door.does(registry.enable, SYSTEM.name, datetime.now(UTC))
    assert await door.code(before) == "revoked_token", "what was issued before stays refused"
    await door.notify.rows_changed("UPDATE partners SET tokens_from = tokens_from - interval '2 seconds', version = 9")
    await door.partners.look()
    assert await door.code(await door.token(issued)) == ""
    assert (await door.http.post(f"{one}/resume", headers=headers)).status_code == 200


async def test_a_partner_gives_back_its_own_tokens_alone(door: Door) -> None:
    issued, other = await door.adds(), await door.adds(TOWNSHIP)
    mine, theirs = await door.token(issued), await door.token(other)
    for headers in (mine, theirs, {"authorization": "Bearer x"}):
        form = {"token": headers["authorization"].removeprefix("Bearer ")}
        answer = await door.http.post("/oauth/revoke", data=form, auth=(issued.id, issued.secret))
        assert (answer.status_code, answer.json()) == (200, {})
    await door.partners.look()
    assert (await door.code(mine), await door.code(theirs)) == ("revoked_token", "")
    await door.notify.rows_changed("UPDATE revoked_tokens SET ends_at = now() - interval '1 second'")
    await door.partners.forget()
    assert await door.notify.rows("SELECT count(*) FROM revoked_tokens") == [(0,)]


async def test_secrets_overlap_for_a_day(door: Door) -> None:
    first = await door.adds()
    second = await door.does(registry.rotate, SYSTEM.name, SEALER, datetime.now(UTC))
    assert second is not None
    assert second.id == "education-system.2"
    assert [(await door.asks(one)).status_code for one in (first, second)] == [200, 200]
    await door.notify.rows_changed("UPDATE partner_credentials SET ends_at = ends_at - interval '24 hours'")
    assert [(await door.asks(one)).status_code for one in (first, second)] == [401, 200]
    assert await door.does(registry.rotate, "nobody", SEALER, datetime.now(UTC)) is None
    assert await door.does(registry.add, SYSTEM, SEALER, datetime.now(UTC)) is None


async def test_a_new_key_is_known_before_it_signs_and_the_old_one_after(door: Door) -> None:
    issued = await door.adds()
    before = await door.token(issued)
    key_id, signs_from = await door.does(signing.rotate, SEALER, datetime.now(UTC))
    published = {one["kid"] for one in (await door.http.get("/oauth/jwks")).json()["keys"]}
    still = await door.token(issued)
    assert key_id in published
    assert len(published) == 2
    assert jwt.get_unverified_header(still["authorization"][7:])["kid"] != key_id
    assert signs_from > datetime.now(UTC)
    await door.notify.rows_changed("UPDATE signing_secrets SET signs_from = signs_from - interval '10 minutes'")
    after = await door.token(issued)
    assert jwt.get_unverified_header(after["authorization"][7:])["kid"] == key_id
    assert [await door.code(one) for one in (before, still, after)] == [""] * 3
    await door.notify.rows_changed("UPDATE signing_keys SET ends_at = now(), version = 9 WHERE ends_at IS NOT NULL")
    await door.partners.look()
    assert [await door.code(one) for one in (before, still, after)] == ["bad_token", "bad_token", ""]


async def test_the_county_identity_provider_speaks_for_a_partner(door: Door) -> None:
    await door.adds()
    private = ec.generate_private_key(ec.SECP256R1())
    public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": "k1", "use": "sig", "alg": "ES256"}

    @get("/certs")
    async def certs() -> dict[str, Any]:
        return {"keys": [public, {"kty": "oct", "kid": "k2", "k": "eA"}, {"kty": "RSA", "kid": "k3", "use": "enc"}]}

    now = datetime.now(UTC)
    claims = {"iss": ELSEWHERE, "sub": "7", "aud": ["yimen", "account"], "iat": now, "exp": now + timedelta(minutes=1)}
    headers = {"authorization": f"Bearer {jwt.encode(claims, private, 'ES256', headers={'kid': 'k1'})}"}
    async with listening(Litestar([certs])) as address:
        foreign = ForeignKeys(partners=door.partners, issuers=[Issuer(ELSEWHERE, f"{address}/certs")])
        assert await door.code(headers) == "bad_token"
        assert door.partners.missed == {ELSEWHERE}
        await foreign.turn()
    assert door.partners.foreign.keys() == {(ELSEWHERE, "k1")}
    assert await door.code(headers) == ""
    gone = ForeignKeys(partners=door.partners, issuers=[Issuer(ELSEWHERE, f"{address}/certs")])
    await gone.turn()
    assert await door.code(headers) == "", "what was fetched counts while its provider is away"
    await door.does(registry.disable, SYSTEM.name, datetime.now(UTC))
    assert await door.code(headers) == "partner_disabled"


async def test_a_partner_hears_on_a_topic_of_its_own_in_order(door: Door, kafka: str) -> None:
    name = f"hears-{uuid4().hex[:8]}"
    issued = await door.adds(SYSTEM._replace(name=name, issuer_subject=name))
    headers = await door.token(issued)
    body = {"name": "inbox", "channel": "kafka", "events": ["referral"]}
    refused = await door.http.post(PATH, json=body | {"url": "https://partner.example/"}, headers=headers)
    assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [("url", "url_of_topic")]
    stranger = {"authorization": f"Bearer {web.one_of_each_role(OFFICE)['ops']}"}
    assert (await door.http.post(PATH, json=body, headers=stranger)).json()["code"] == "no_own_topic"
    made = (await door.http.post(PATH, json=body, headers=headers)).json()
    topic = f"partners.{name}.events.v1"
    assert (made["channel"], made["target"], "secret" in made) == ("kafka", topic, False)
    rotated = await door.http.post(f"{PATH}/{made['id']}/rotate-secret", headers=headers)
    assert (rotated.status_code, rotated.json()["code"]) == (409, "nothing_signed")
    life = a_life()
    await door.notify.consumes(registered(life[0].case_id), writer="intake")
    await door.notify.consumes(*life)
    broker = {"bootstrap_servers": [kafka]}
    away = TopicCarrier(connection={"bootstrap_servers": ["127.0.0.1:1"]}, seconds=5.0)
    for topics in (away, TopicCarrier(connection=broker)):
        scheduler = DeliveryScheduler(
            engine=door.notify.engine,
            sealer=SEALER,
            sender=WebhookSender(),
            carriers={DeliveryChannel.KAFKA: topics},
        )
        await scheduler.run()
        await scheduler.finish()
        await door.notify.rows_changed("UPDATE deliveries SET next_at = now() WHERE state = 'waiting'")
    shown = (await door.http.get(f"/v1/deliveries?subscription={made['id']}", headers=headers)).json()["items"]
    assert {one["state"] for one in shown} == {"delivered"}
    assert max(one["attempts"] for one in shown) == 2, "what failed while the broker was away went out later"
    async with AIOKafkaConsumer(topic, **broker, auto_offset_reset="earliest") as consumer:
        records = [await consumer.getone() for _ in life]
    assert {record.key for record in records} == {str(life[0].case_id).encode()}
    kinds = {dict(record.headers)["content-type"].partition(b";")[0] for record in records}
    assert kinds == {b"application/cloudevents+json"}
    assert [msgspec.json.decode(record.value)["type"] for record in records] == [one.wire_type() for one in life]


async def test_what_is_done_is_said_without_a_secret(door: Door) -> None:
    issued = await door.adds()
    await door.does(registry.disable, SYSTEM.name, datetime.now(UTC))
    async with transaction(door.notify.engine) as conn:
        said = (await conn.execute(text("SELECT topic, type, key, value FROM journal ORDER BY xid, id"))).all()
    assert [(row.topic, row.type, row.key) for row in said[1:]] == [
        ("access.partners.v1", "yimen.partner.changed.v1", SYSTEM.name)
    ] * 2
    assert [msgspec.json.decode(row.value).get("disabled", False) for row in said[1:]] == [False, True]
    assert issued.secret not in str(said)
    assert "d" not in msgspec.json.decode(msgspec.json.decode(said[0].value)["public_key"])
