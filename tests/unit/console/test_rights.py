"""Rights at the broker follow from the topic registry and the registry of partners, and from nothing else."""

from datetime import UTC, datetime
from typing import Any

import pytest

from console.partner.applying import Wanted, plan_of
from console.partner.kafka import Found
from console.partner.rights import QUOTA, READ, WRITE, Right, rights_of_partner, rights_of_service, topics_of
from contracts.codes import Role
from contracts.topics import TOPICS
from libraries.partners.store import Partner
from services.notify.domain.credentials import CredentialId, hash_of, is_secret, new_secret, read_id, salted

NOW = datetime(2026, 3, 2, tzinfo=UTC)
EDUCATION, CIVIL_AFFAIRS = "education-130722000000", "civil_affairs-130722000000"


def partner(name: str, role: Role, **more: Any) -> Partner:
    values: dict[str, Any] = {
        "version": 1,
        "office": "",
        "area": "",
        "sources": (),
        "issuer": "",
        "issuer_subject": "",
        "disabled": False,
        "tokens_from": NOW,
        "changed_at": NOW,
    }
    return Partner(name=name, role=role, **values | more)


OFFICE = partner("education-system", Role.OFFICER, office=EDUCATION)
TOWNSHIP = partner("qiaobei", Role.TOWNSHIP, area="130722100000", sources=("qiaobei",))
COUNTY = partner("county", Role.COORDINATOR, area="130722000000")
OPS = partner("ops", Role.OPS)


def topics(one: Partner) -> set[tuple[str, str]]:
    return {(right.operation, right.name) for right in rights_of_partner(one, f"{one.name}.1") if right.kind == "topic"}


def test_each_partner_reads_and_writes_its_own() -> None:
    assert topics(OFFICE) == {
        (READ, f"departments.{EDUCATION}.referrals.v1"),
        (WRITE, f"departments.{EDUCATION}.feedback.v1"),
        (READ, "partners.education-system.events.v1"),
    }
    assert topics(TOWNSHIP) == {
        (WRITE, "partners.qiaobei.submissions.v1"),
        (READ, "partners.qiaobei.rejections.v1"),
        (READ, "partners.qiaobei.events.v1"),
    }
    assert topics(COUNTY) == {(READ, "partners.county.events.v1")}
    shared = {"intake.rejections.v1", "intake.cases.v1", "routing.referrals.v1", "notify.alerts.v1"}
    assert topics(OPS) == {(READ, name) for name in (*shared, "partners.ops.events.v1")}
    assert topics(partner("ops", Role.OPS, area="130722000000")) == {(READ, "partners.ops.events.v1")}


@pytest.mark.parametrize("one", [OFFICE, TOWNSHIP, COUNTY, OPS])
def test_groups_are_below_the_own_name_and_nothing_is_left_of_who_is_disabled(one: Partner) -> None:
    groups = {right for right in rights_of_partner(one, "u") if right.kind == "group"}
    assert groups == {Right("u", READ, "group", f"{one.name}.", prefixed=True)}
    gone = partner(one.name, one.role, office=one.office, area=one.area, sources=one.sources, disabled=True)
    assert rights_of_partner(gone, "u") == frozenset()
    assert topics_of(gone) == {}


def test_a_service_writes_what_the_registry_says_and_reads_what_it_says() -> None:
    for service in ("intake", "routing", "notify"):
        rights = rights_of_service(service, [EDUCATION, CIVIL_AFFAIRS], [TOWNSHIP, COUNTY])
        for topic in TOPICS:
            name = topic.named(TOWNSHIP.name if topic.per_partner else EDUCATION)
            found = {right.operation for right in rights if right.kind == "topic" and right.name == name}
            writes = service in topic.writer.replace(",", "").split()
            assert (WRITE in found, READ in found) == (writes, service in topic.readers), (service, name)
    names = {right.name for right in rights_of_service("intake", [], [COUNTY])}
    assert "partners.county.submissions.v1" not in names, "it has none"


def test_what_is_there_and_not_wanted_goes_only_if_it_is_a_partners() -> None:
    kept, gone = Right("elsewhere", READ, "topic", "a"), Right("qiaobei.1", READ, "topic", "intake.cases.v1")
    wanted = Wanted(
        users={"qiaobei.2": salted("secret")},
        rights=rights_of_partner(TOWNSHIP, "qiaobei.2"),
        quotas={"qiaobei.2": QUOTA},
        ours=frozenset({"qiaobei"}),
        topics={},
    )
    found = Found(
        users=dict.fromkeys(["qiaobei.1", "elsewhere", "other.1"], 8192),
        rights=frozenset({kept, gone}),
        quotas={"qiaobei.1": {"producer_byte_rate": 1.0}, "elsewhere": {}},
    )
    plan = plan_of(wanted, found)
    assert (set(plan.users), plan.users_gone) == ({"qiaobei.2"}, ("qiaobei.1",))
    assert (plan.rights, plan.rights_gone) == (wanted.rights, {gone})
    assert (dict(plan.quotas), dict(plan.quotas_gone)) == (
        {"qiaobei.2": QUOTA},
        {"qiaobei.1": ("producer_byte_rate",)},
    )
    assert "- qiaobei.1 may read topic intake.cases.v1" in plan.told()
    assert "secret" not in str(plan.told())
    after = Found(
        {"qiaobei.2": wanted.users["qiaobei.2"].iterations, "elsewhere": 1},
        wanted.rights | {kept},
        {"qiaobei.2": QUOTA},
    )
    assert plan_of(wanted, after).told() == [], "a second time there is nothing to do"
    stale = Found({"qiaobei.2": 1}, after.rights, after.quotas)
    assert plan_of(wanted, stale).told() == ["+ user qiaobei.2"], "of another secret"


def test_a_secret_is_known_by_its_hash_and_a_credential_by_its_number() -> None:
    secret = new_secret()
    assert is_secret(secret, hash_of(secret))
    assert not is_secret("guessed", hash_of(secret))
    assert salted(secret, b"salt") == salted(secret, b"salt")
    assert read_id("qiaobei.12") == CredentialId("qiaobei", 12)
    for text in ("qiaobei", "qiaobei.0", "qiaobei.1.1", ".1", "Qiaobei.1", "qiaobei.1 ", "q.1", "intake"):
        assert read_id(text) is None, text
