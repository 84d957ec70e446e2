"""Webhooks against a real HTTPS server: in order, signed, tried again, and nobody harmed by a neighbour."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from libraries.ids import new_id
from services.notify.domain.retrying import OPENS_AFTER
from tests.integration.notify.delivering import Deliveries, a_life, delivering, registered
from tests.integration.notify.harness import Notify
from tests.integration.notify.partner import NAME, OK, Partner, listening, status

LIFE = ["yimen.referral.dispatched.v1", "yimen.referral.signed.v1", "yimen.referral.completed.v1"]


@pytest.fixture
async def partner(tmp_path: Path) -> AsyncIterator[Partner]:
    async with listening(tmp_path) as found:
        yield found


@pytest.fixture
async def deliveries(notify: Notify, partner: Partner) -> AsyncIterator[Deliveries]:
    async with delivering(notify, partner, seconds=2.0) as found:
        yield found


async def test_a_partner_hears_of_a_referral_in_order_and_can_check_who_says_it(
    deliveries: Deliveries, notify: Notify, partner: Partner
) -> None:
    made = await deliveries.subscribes(events=["referral"])
    life = a_life()
    await deliveries.happens(*life)
    await deliveries.sends()

    assert partner.types == LIFE
    for place, (one, event) in enumerate(zip(partner.received, life, strict=True), start=1):
        said = Webhook(made["secret"]).verify(one.body, one.headers)
        assert one.headers["content-type"].startswith("application/cloudevents+json")
        assert one.headers["host"] == f"{NAME}:{partner.port}"
        assert (said["source"], said["subject"]) == ("/yimen/routing", str(event.case_id))
        assert (said["sequence"], said["id"]) == (str(place), one.headers["webhook-id"])
        assert said["data"]["referral_id"] == str(event.referral_id)
        assert "repeated" not in said
    assert set(partner.names) == {NAME}
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(partner.received[0].body + b" ", partner.received[0].headers)


async def test_what_fails_is_tried_again_and_nothing_of_its_case_overtakes_it(
    deliveries: Deliveries, notify: Notify, partner: Partner
) -> None:
    made = await deliveries.subscribes(events=["referral"])
    partner.answers.append(status(500))
    await deliveries.happens(*a_life())
    await deliveries.sends()
    assert partner.types == LIFE[:1]

    await deliveries.sends()
    assert partner.types == LIFE[:1], "its wait is not over"

    await deliveries.waits_are_over()
    await deliveries.sends()
    assert partner.types == [LIFE[0], *LIFE]
    first, again = partner.received[:2]
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    page = await deliveries.shows(f"/v1/deliveries?subscription={made['id']}")
    assert [(one["type"], one["state"], one["attempts"]) for one in page["items"]] == [
        ("referral.completed", "delivered", 1),
        ("referral.signed", "delivered", 1),
        ("referral.dispatched", "delivered", 2),
    ]
    history = (await deliveries.shows(f"/v1/deliveries/{page['items'][2]['id']}"))["history"]
    assert [(one["result"], one.get("status")) for one in history] == [("refused", 500), ("delivered", 204)]


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (status(302, "location: https://elsewhere.example/"), "redirected"),
        (status(429, "retry-after: 7"), "refused"),
        (None, "no_connection"),
        (b"this is not HTTP\r\n\r\n", "no_connection"),
        (60.0, "timed_out"),
    ],
    ids=["redirect", "too many", "drops", "no HTTP", "slow"],
)
async def test_how_an_attempt_went_is_on_record(
    deliveries: Deliveries, notify: Notify, partner: Partner, answer: bytes | float | None, result: str
) -> None:
    made = await deliveries.subscribes(events=["referral"])
    partner.answers.append(answer)
    await deliveries.happens(*a_life()[:1])
    await deliveries.sends()
    (one,) = (await deliveries.shows(f"/v1/deliveries?subscription={made['id']}&state=waiting"))["items"]
    assert [a["result"] for a in (await deliveries.shows(f"/v1/deliveries/{one['id']}"))["history"]] == [result]
    assert datetime.fromisoformat(one["next_at"]) > datetime.now(UTC)
    assert len(partner.received) == 1


async def test_a_long_answer_is_cut_off(deliveries: Deliveries, notify: Notify, partner: Partner) -> None:
    partner.answers.append(b"HTTP/1.1 200 Long\r\ncontent-length: 99999999\r\n\r\n" + b"x" * 200_000)
    await deliveries.subscribes(events=["referral"])
    await deliveries.happens(*a_life())
    await deliveries.sends()
    assert partner.types == LIFE


async def test_whoever_is_gone_is_sent_nothing_more_until_taken_up_again(
    deliveries: Deliveries, notify: Notify, partner: Partner
) -> None:
    made = await deliveries.subscribes(events=["referral"])
    partner.answers.append(status(410))
    await deliveries.happens(*a_life())
    await deliveries.sends()
    found = await deliveries.shows(f"/v1/subscriptions/{made['id']}")
    assert (found["state"], found["reason"], found["waiting"]) == ("disabled", "gone", 3)
    await deliveries.happens(*a_life())
    await deliveries.sends()
    assert len(partner.received) == 1

    await deliveries.acts(made["id"], "resume")
    await deliveries.sends()
    assert partner.types == [LIFE[0], *LIFE], "what happened while it was disabled is not owed"


async def test_an_endpoint_that_fails_again_and_again_is_left_alone_and_then_tried_with_one(
    deliveries: Deliveries, notify: Notify, partner: Partner
) -> None:
    made = await deliveries.subscribes(events=["referral.dispatched"])
    partner.always = status(500)
    for _ in range(20):
        await deliveries.happens(*a_life()[:1])
    await deliveries.sends()
    tried = len(partner.received)
    assert OPENS_AFTER <= tried < OPENS_AFTER + 4, "those that were on their way end"
    await deliveries.sends()
    assert len(partner.received) == tried
    assert (await deliveries.shows(f"/v1/subscriptions/{made['id']}"))["rests_until"]
    await deliveries.scheduler.measure()

    await deliveries.waits_are_over()
    await deliveries.sends()
    assert len(partner.received) == tried + 1, "half-open: one alone"

    partner.always = OK
    await deliveries.waits_are_over()
    await deliveries.sends()
    assert len(partner.received) == tried + 1 + 20
    assert "rests_until" not in await deliveries.shows(f"/v1/subscriptions/{made['id']}")


async def test_two_processes_make_no_attempt_twice(deliveries: Deliveries, notify: Notify, partner: Partner) -> None:
    await deliveries.subscribes(events=["referral"])
    for _ in range(10):
        await deliveries.happens(*a_life())
    schedulers = [deliveries.scheduler, deliveries.another(), deliveries.another()]
    for _ in range(4):
        await asyncio.gather(*(one.run() for one in schedulers))
        await asyncio.gather(*(one.finish() for one in schedulers))
    ids = [one.headers["webhook-id"] for one in partner.received]
    assert len(ids) == len(set(ids)) == 30


async def test_who_lost_its_lease_writes_nothing_down(deliveries: Deliveries, notify: Notify, partner: Partner) -> None:
    made = await deliveries.subscribes(events=["referral"])
    await deliveries.happens(*a_life())
    partner.answers.append(0.5)
    await deliveries.scheduler.run()
    await partner.has(1)
    await notify.rows_changed("UPDATE subscriptions SET epoch = epoch + 1, leased_until = '-infinity'")
    await deliveries.scheduler.finish()
    page = await deliveries.shows(f"/v1/deliveries?subscription={made['id']}")
    assert [(one["state"], one["attempts"]) for one in page["items"]] == [("waiting", 0)] * 3

    await deliveries.sends()
    assert partner.types == [LIFE[0], *LIFE]


async def test_a_slow_endpoint_harms_no_other(deliveries: Deliveries, notify: Notify, partner: Partner) -> None:
    slow = await deliveries.subscribes(name="slow", url=partner.url("/slow"), events=["referral.dispatched"])
    partner.answers.extend([1.5] * 4)
    for _ in range(4):
        await deliveries.happens(*a_life()[:1])
    await deliveries.scheduler.run()
    await partner.has(4)
    await deliveries.acts(slow["id"], "pause")
    await deliveries.subscribes(name="quick", url=partner.url("/quick"), events=["referral"])
    began = datetime.now(UTC)
    await deliveries.happens(*a_life())
    await deliveries.scheduler.run()
    await partner.has(7)
    assert datetime.now(UTC) - began < timedelta(seconds=1)
    assert [one.path for one in partner.received[4:]] == ["/quick"] * 3
    await deliveries.scheduler.finish()


@pytest.mark.parametrize(
    ("addresses", "named"),
    [
        (["10.0.0.1"], frozenset()),
        (["93.184.216.34", "127.0.0.1"], frozenset()),
        (["::ffff:127.0.0.1"], frozenset()),
        (["169.254.169.254"], frozenset({"another.example"})),
    ],
    ids=["private", "one of two", "mapped", "metadata"],
)
async def test_a_name_that_leads_inside_is_not_dialled(
    deliveries: Deliveries, notify: Notify, partner: Partner, addresses: list[str], named: frozenset[str]
) -> None:
    made = await deliveries.subscribes(events=["referral"])
    await deliveries.happens(*a_life()[:1])

    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    scheduler = deliveries.another(named=named, resolve=resolve)
    await scheduler.run()
    await scheduler.finish()
    (one,) = (await deliveries.shows(f"/v1/deliveries?subscription={made['id']}"))["items"]
    assert [a["result"] for a in (await deliveries.shows(f"/v1/deliveries/{one['id']}"))["history"]] == ["not_allowed"]
    assert partner.received == []


async def test_a_name_is_resolved_once_an_attempt_and_what_was_vetted_is_dialled(
    deliveries: Deliveries, notify: Notify, partner: Partner
) -> None:
    """Rebinding: a second look-up would lead elsewhere, so there must be none."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    await deliveries.subscribes(events=["referral"])
    await deliveries.happens(*a_life()[:1])
    scheduler = deliveries.another(resolve=resolve)
    await scheduler.run()
    await scheduler.finish()
    assert (asked, partner.types, partner.names) == ([NAME], LIFE[:1], [NAME])


async def test_a_certificate_of_another_name_is_refused(
    deliveries: Deliveries, notify: Notify, partner: Partner
) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    deliveries.scheduler = deliveries.another(named=frozenset({NAME, "impostor.example"}), resolve=resolve)
    made = await deliveries.subscribes(events=["referral"])
    await notify.rows_changed(f"UPDATE subscriptions SET target = '{partner.url(name='impostor.example')}'")
    await deliveries.happens(*a_life()[:1])
    await deliveries.sends()
    (one,) = (await deliveries.shows(f"/v1/deliveries?subscription={made['id']}"))["items"]
    assert (await deliveries.shows(f"/v1/deliveries/{one['id']}"))["history"][0]["result"] == "no_connection"
    assert partner.received == []


async def test_while_a_secret_takes_over_both_sign(deliveries: Deliveries, notify: Notify, partner: Partner) -> None:
    made = await deliveries.subscribes(events=["referral"])
    turned = await deliveries.acts(made["id"], "rotate-secret")
    await deliveries.happens(*a_life()[:1])
    await deliveries.sends()
    (one,) = partner.received
    for secret in (made["secret"], turned["secret"]):
        Webhook(secret).verify(one.body, one.headers)

    await notify.rows_changed("UPDATE subscriptions SET old_secret_until = now()")
    await deliveries.happens(*a_life()[:1])
    await deliveries.sends()
    last = partner.received[-1]
    Webhook(turned["secret"]).verify(last.body, last.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(last.body, last.headers)


async def test_a_test_event_goes_the_way_of_all_others(deliveries: Deliveries, partner: Partner) -> None:
    made = await deliveries.subscribes()
    sent = await deliveries.acts(made["id"], "test")
    await deliveries.sends()
    (one,) = partner.received
    said = Webhook(made["secret"]).verify(one.body, one.headers)
    assert (said["type"], said["id"]) == ("yimen.subscription.tested.v1", sent["event_id"])
    assert (await deliveries.shows(f"/v1/deliveries/{sent['delivery']}"))["state"] == "delivered"


async def test_what_was_given_up_is_tried_again_by_its_range(
    deliveries: Deliveries, notify: Notify, partner: Partner
) -> None:
    made = await deliveries.subscribes(events=["referral"])
    partner.answers.append(status(500))
    await deliveries.happens(*a_life()[:1])
    await notify.rows_changed("UPDATE deliveries SET asked_at = now() - interval '6 days'")
    await deliveries.sends()
    page = await deliveries.shows(f"/v1/deliveries?subscription={made['id']}&state=failed")
    assert [one["type"] for one in page["items"]] == ["referral.dispatched"]

    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    earlier = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert await deliveries.acts(made["id"], "redrive", since=yesterday, until=earlier) == {"deliveries": 0}
    assert await deliveries.acts(made["id"], "redrive", since=yesterday) == {"deliveries": 1}
    await deliveries.sends()
    assert partner.types == LIFE[:1] * 2


async def test_notify_s_own_alerts_are_owed_too(deliveries: Deliveries, notify: Notify, partner: Partner) -> None:
    from tests.integration.notify.harness import HOUR, NOW, clock_started, facts

    await deliveries.subscribes(events=["clock.breached"])
    case = registered()
    await notify.consumes(case, writer="intake")
    await notify.consumes(clock_started(case.case_id, [facts(new_id())]))
    at = NOW + 2 * HOUR
    await notify.caught_up_to(at)
    await notify.alert_scheduler(at=at).fire()
    await deliveries.sends()
    (one,) = partner.received
    assert (one.event["source"], one.event["type"]) == ("/yimen/notify", "yimen.clock.breached.v1")
    assert int(one.event["sequence"]) > 0
    assert one.event["subject"] == str(case.case_id)


async def test_what_was_settled_long_ago_is_forgotten(deliveries: Deliveries, notify: Notify, partner: Partner) -> None:
    await deliveries.subscribes(events=["referral"])
    await deliveries.happens(*a_life())
    await deliveries.sends()
    await notify.rows_changed("UPDATE deliveries SET settled_at = now() - interval '31 days' WHERE type LIKE '%signed'")
    await deliveries.scheduler.forget()
    assert await notify.rows("SELECT type FROM deliveries ORDER BY id") == [
        ("referral.dispatched",),
        ("referral.completed",),
    ]
    assert await notify.rows("SELECT count(*) FROM delivery_attempts") == [(2,)]
