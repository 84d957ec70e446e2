"""Subscriptions over HTTP: what can be asked for, by whom, and what stays secret."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from contracts.codes import Role
from tests.integration.notify.delivering import AREA, OPS, Deliveries, a_life, delivering, registered, token
from tests.integration.notify.harness import NOW, OFFICE, Notify
from tests.integration.notify.partner import listening

COUNTY = "130722000000"
OTHER = "education-130730000000"
OFFICER = token(Role.OFFICER, office=OFFICE)
COLLEAGUE = token(Role.HEAD, office=OFFICE)
NEIGHBOUR = token(Role.OFFICER, office=OTHER)
COORDINATOR = token(Role.COORDINATOR, area=COUNTY)
TOWNSHIP = token(Role.TOWNSHIP, area=AREA, sources=frozenset({"township-a"}))
PATH = "/v1/subscriptions"


@pytest.fixture
async def deliveries(notify: Notify, tmp_path: Path) -> AsyncIterator[Deliveries]:
    async with listening(tmp_path) as partner, delivering(notify, partner) as found:
        yield found


def wanted(**more: Any) -> dict[str, Any]:
    return {"name": "ours", "url": "https://partner.example/hook", **more}


async def test_all_that_is_wrong_is_named_at_once(deliveries: Deliveries) -> None:
    body = wanted(
        name="Ours",
        url="http://127.0.0.1/",
        events=["referral", "referrals"],
        area="999999",
        categories=["nothing"],
        offices=["nobody-130722000000"],
        since=(NOW + timedelta(days=1)).isoformat(),
    )
    answer = await deliveries.http.post(PATH, json=body, headers=OPS)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == ["name"], "its form comes first"
    answer = await deliveries.http.post(PATH, json=body | {"name": "ours"}, headers=OPS)
    assert {(one["field"], one["code"]) for one in answer.json()["errors"]} == {
        ("url", "not_https"),
        ("events.1", "not_one_of"),
        ("area", "unknown_area"),
        ("categories.0", "unknown_category"),
        ("offices.0", "unknown_office"),
        ("since", "since_ahead"),
    }
    long_ago = wanted(since=(NOW - timedelta(days=31)).isoformat())
    answer = await deliveries.http.post(PATH, json=long_ago, headers=OPS)
    assert [one["code"] for one in answer.json()["errors"]] == ["too_long_ago"]


@pytest.mark.parametrize(
    ("who", "asked", "code"),
    [
        (OFFICER, {"offices": [OTHER]}, "own_office_only"),
        (COORDINATOR, {"area": "130730000000"}, "outside_area"),
        (TOWNSHIP, {"area": COUNTY}, "outside_area"),
        (token(Role.CLERK, area=AREA), {}, "role_not_allowed"),
        (token(Role.AUDITOR, area=AREA), {}, "role_not_allowed"),
    ],
    ids=["another office", "another county", "the county", "clerk", "auditor"],
)
async def test_nobody_asks_for_more_than_the_token_gives(
    deliveries: Deliveries, who: dict[str, str], asked: dict[str, Any], code: str
) -> None:
    answer = await deliveries.http.post(PATH, json=wanted(**asked), headers=who)
    assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_a_secret_is_shown_once_and_never_stands_in_the_database(deliveries: Deliveries, notify: Notify) -> None:
    made = await deliveries.subscribes()
    assert made["secret"].startswith("whsec_")
    assert "secret" not in await deliveries.shows(f"{PATH}/{made['id']}")
    (row,) = await notify.rows("SELECT s::text FROM subscriptions AS s")
    assert made["secret"] not in row[0]
    assert made["secret"][6:].encode().hex() not in row[0]


async def test_the_same_request_makes_one_subscription_and_gets_its_secret_again(deliveries: Deliveries) -> None:
    headers = {**OFFICER, "idempotency-key": "once"}
    first, second = [await deliveries.http.post(PATH, json=wanted(), headers=headers) for _ in range(2)]
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    again = await deliveries.http.post(PATH, json=wanted(), headers=OFFICER)
    assert (again.status_code, again.json()["code"]) == (409, "subscription_exists")


async def test_an_office_has_its_subscriptions_together_and_no_other_knows_of_them(deliveries: Deliveries) -> None:
    made = await deliveries.subscribes(OFFICER)
    one = f"{PATH}/{made['id']}"
    for who in (OFFICER, COLLEAGUE, OPS):
        assert [s["id"] for s in (await deliveries.http.get(PATH, headers=who)).json()["items"]] == [made["id"]]
        assert (await deliveries.http.get(one, headers=who)).status_code == 200
    for who in (NEIGHBOUR, COORDINATOR, TOWNSHIP):
        assert (await deliveries.http.get(PATH, headers=who)).json()["items"] == []
        assert (await deliveries.http.get(one, headers=who)).status_code == 404
        none = await deliveries.http.get(f"/v1/deliveries?subscription={made['id']}", headers=who)
        assert none.json() == {"items": [], "next": None}
        for act in ("pause", "resume", "disable", "rotate-secret", "test"):
            assert (await deliveries.http.post(f"{one}/{act}", headers=who)).status_code == 404, act
        for act, body in {"redrive": {"since": NOW.isoformat()}, "replay": {"case": str(uuid4())}}.items():
            assert (await deliveries.http.post(f"{one}/{act}", json=body, headers=who)).status_code == 404, act


async def test_each_hears_of_its_own(deliveries: Deliveries, notify: Notify) -> None:
    names = {"office": OFFICER, "neighbour": NEIGHBOUR, "county": COORDINATOR, "system": TOWNSHIP, "all": OPS}
    made = {name: (await deliveries.subscribes(who, name=name))["id"] for name, who in names.items()}
    ours, theirs = a_life()[:1], a_life(OTHER)[:1]
    await notify.consumes(registered(ours[0].case_id), writer="intake")
    await notify.consumes(registered(theirs[0].case_id, source="township-b", area="130730100000"), writer="intake")
    await notify.consumes(*ours, *theirs)
    heard = {}
    for name, subscription in made.items():
        page = await deliveries.shows(f"/v1/deliveries?subscription={subscription}")
        heard[name] = {(one["type"], one["case_id"]) for one in page["items"]}
    case, other = str(ours[0].case_id), str(theirs[0].case_id)
    assert heard == {
        "office": {("referral.dispatched", case)},
        "neighbour": {("referral.dispatched", other)},
        "county": {("case.registered", case), ("referral.dispatched", case)},
        "system": {("case.registered", case), ("referral.dispatched", case)},
        "all": {(kind, one) for kind in ("case.registered", "referral.dispatched") for one in (case, other)},
    }


async def test_what_is_said_before_its_case_is_known_waits_for_it(deliveries: Deliveries, notify: Notify) -> None:
    made = await deliveries.subscribes(TOWNSHIP)
    begun, *rest = a_life()
    await notify.consumes(begun, *rest)
    assert await notify.rows("SELECT count(*) FROM deliveries") == [(0,)]
    await notify.consumes(registered(begun.case_id), writer="intake")
    page = await deliveries.shows(f"/v1/deliveries?subscription={made['id']}")
    assert [one["type"] for one in reversed(page["items"])] == [
        "referral.dispatched",
        "referral.signed",
        "referral.completed",
        "case.registered",
    ]
    assert await notify.rows("SELECT count(*) FROM unplaced_events") == [(0,)]


async def test_the_answers_of_a_case_go_to_whoever_may_know_them(deliveries: Deliveries, notify: Notify) -> None:
    for name, who in {"county": COORDINATOR, "all": OPS}.items():
        await deliveries.subscribes(who, name=name)
    await notify.consumes(registered(attributes={"boarding": True}), writer="intake")
    events = await notify.rows(
        "SELECT s.name, convert_from(d.event, 'UTF8')::jsonb #> '{data,attributes}' IS NOT NULL"
        " FROM deliveries AS d JOIN subscriptions AS s ON s.id = d.subscription_id ORDER BY 1"
    )
    assert events == [("all", False), ("county", True)]


async def test_acts_are_done_on_what_was_seen(deliveries: Deliveries) -> None:
    made = await deliveries.subscribes()
    one = f"{PATH}/{made['id']}"
    seen = {**OPS, "if-match": (await deliveries.http.get(one, headers=OPS)).headers["etag"]}
    paused = await deliveries.http.post(f"{one}/pause", headers=seen)
    assert (paused.json()["state"], paused.headers["etag"]) == ("paused", '"2"')
    stale = await deliveries.http.post(f"{one}/disable", headers=seen)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    await deliveries.acts(made["id"], "disable")
    refused = await deliveries.http.post(f"{one}/test", headers=OPS)
    assert (refused.status_code, refused.json()["code"]) == (409, "subscription_state")


async def test_while_paused_what_happens_is_kept_and_while_disabled_it_is_not(
    deliveries: Deliveries, notify: Notify
) -> None:
    made = await deliveries.subscribes(events=["case"])
    for act in ("pause", "disable", "resume"):
        await deliveries.acts(made["id"], act)
        await notify.consumes(registered(), writer="intake")
        await deliveries.sends() if act != "resume" else None
    assert await notify.rows("SELECT state, attempts FROM deliveries") == [("waiting", 0)] * 2


async def test_pages_and_their_ends(deliveries: Deliveries, notify: Notify) -> None:
    for number in range(3):
        made = await deliveries.subscribes(name=f"n{number}")
    first = await deliveries.shows(f"{PATH}?limit=2")
    rest = await deliveries.shows(f"{PATH}?limit=2&cursor={first['next']}")
    assert [one["name"] for one in first["items"] + rest["items"]] == ["n0", "n1", "n2"]
    assert rest["next"] is None
    for _ in range(3):
        await notify.consumes(registered(), writer="intake")
    latest = await deliveries.shows(f"/v1/deliveries?subscription={made['id']}&limit=2")
    oldest = await deliveries.shows(f"/v1/deliveries?subscription={made['id']}&cursor={latest['next']}")
    assert [len(latest["items"]), len(oldest["items"])] == [2, 1]
    for wrong in ("cursor=x", "subscription=x", "state=lost", "limit=0"):
        answer = await deliveries.http.get(f"/v1/deliveries?subscription={made['id']}&{wrong}", headers=OPS)
        assert answer.status_code == 422, wrong
    assert (await deliveries.http.get("/v1/deliveries", headers=OPS)).status_code == 422
    assert (await deliveries.http.get(f"{PATH}?cursor=x", headers=OPS)).status_code == 422
    assert (await deliveries.http.get("/v1/deliveries/99999999999999999999", headers=OPS)).status_code == 404


async def test_a_replay_is_asked_for_one_at_a_time(deliveries: Deliveries, notify: Notify) -> None:
    made = await deliveries.subscribes()
    one = f"{PATH}/{made['id']}/replay"
    for body in ({}, {"since": NOW.isoformat(), "case": str(uuid4())}):
        assert (await deliveries.http.post(one, json=body, headers=OPS)).json()["code"] == "one_of"
    asked = await deliveries.http.post(one, json={"since": (NOW - timedelta(days=1)).isoformat()}, headers=OPS)
    assert asked.status_code == 202
    for body in ({"since": NOW.isoformat()}, {"case": str(uuid4())}):
        assert (await deliveries.http.post(one, json=body, headers=OPS)).json()["code"] == "replay_runs"
    await notify.rows_changed("UPDATE replays SET done_at = now()")
    assert (await deliveries.http.post(one, json={"since": NOW.isoformat()}, headers=OPS)).status_code == 409
    assert (await deliveries.http.post(one, json={"case": str(uuid4())}, headers=OPS)).status_code == 202
    found = (await deliveries.http.get(f"{one}s", headers=OPS)).json()
    assert [("case_id" in each, "since" in each) for each in found] == [(True, False), (False, True)]
