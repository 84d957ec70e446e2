"""Nothing is ever said to nobody: whatever a policy knows of an office or an area, somebody hears of it."""

import dataclasses

import pytest
from msgspec.structs import replace

from contracts.codes import ClockKind, ClockStatus, SupervisionLevel
from libraries.policies import Policy
from libraries.policies.escalation import rule_for
from services.notify.domain.alerts import recipients_of_alert
from services.notify.domain.escalation import OPS, after_clock_change, last_resort, recipients_of, start_escalation
from services.notify.domain.timers import AlertKind, updated
from tests.unit.notify.builders import CITY, COUNTY, FRIDAY, OFFICE, a_timer, civil, the_policy
from tests.unit.policies.changing import BEFORE, DAY, policy_on

GONE = [
    ("education-130722000000", "130722999000"),  # a township that is in no row any more
    ("nobody-130722000000", "130722100000"),
    ("nobody-130799000000", "130799100000"),
    ("nobody-990000000000", "990000000000"),
    ("", ""),
]


def without(policy: Policy, *roles: str) -> Policy:
    offices = {code: office for code, office in policy.offices.items() if office.role not in roles}
    return dataclasses.replace(policy, offices=offices)


@pytest.mark.parametrize("level", [one for one in SupervisionLevel if one is not SupervisionLevel.NONE])
@pytest.mark.parametrize(("office", "area"), GONE)
@pytest.mark.parametrize("kind", [ClockKind.HANDLING, ClockKind.RETURN_DECISION, ClockKind.DISPATCH])
def test_every_level_is_heard_by_an_office_that_exists(
    level: SupervisionLevel, office: str, area: str, kind: ClockKind
) -> None:
    policy = the_policy()
    rule = rule_for(policy.escalation_rules, level, kind)
    if rule is not None:
        told = recipients_of(rule, office, area, policy)
        assert told
        assert set(told) <= set(policy.offices)


@pytest.mark.parametrize("alert", [AlertKind.DUE_SOON, AlertKind.LAST_DAY, AlertKind.BREACHED])
@pytest.mark.parametrize(("office", "area"), GONE)
@pytest.mark.parametrize("kind", list(ClockKind))
def test_every_alert_is_heard_by_an_office_that_exists(
    alert: AlertKind, office: str, area: str, kind: ClockKind
) -> None:
    told = recipients_of_alert(alert, kind, office, area, the_policy())
    assert told
    assert set(told) <= set(the_policy().offices)


def test_up_the_tree_then_any_then_whoever_runs_it() -> None:
    policy = the_policy()
    assert last_resort("130722999000", policy) == COUNTY
    assert last_resort("130799000000", policy) == CITY
    assert last_resort("990000000000", policy) == CITY
    assert last_resort("130722100000", without(policy, "civil_affairs")) == "government_office-130722000000"
    assert last_resort("130722100000", without(policy, "civil_affairs", "government_office")) == OPS


def test_a_successor_is_told_in_the_place_of_an_office_that_is_no_more(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    policy = policy_on(tmp_path_factory.mktemp("pack"), DAY)
    old, new = "education-130721000000", "education-130705000000"
    assert recipients_of_alert(AlertKind.LAST_DAY, ClockKind.HANDLING, old, "130721100000", policy) == (new,)
    assert recipients_of_alert(AlertKind.BREACHED, ClockKind.HANDLING, old, "130721100000", policy) == (
        new,
        "civil_affairs-130705000000",
    )
    assert policy.on(BEFORE).office_now(old) is policy.on(BEFORE).offices[old]


def test_a_breached_clock_and_its_policy_go_to_the_successor_without_a_second_breach() -> None:
    broken = replace(
        a_timer(), status=ClockStatus.BREACHED, next_alert=None, next_fire_at=None, breached_at=civil("09 00:00")
    )
    escalation = start_escalation(None, broken, AlertKind.BREACHED, the_policy())
    assert escalation is not None
    told = replace(a_timer(office="health-130722000000"), clock_id=broken.clock_id, version=2, due_at=FRIDAY)
    after = updated(broken, told, civil("10 09:00"))
    assert (after.office, after.version, after.status) == ("health-130722000000", 2, ClockStatus.BREACHED)
    assert after.next_alert is None
    has_level_above = after_clock_change(escalation, after, paused=False, at=civil("10 09:00"), policy=the_policy())
    assert (has_level_above.office, has_level_above.level, has_level_above.next_level) == (
        "health-130722000000",
        escalation.level,
        escalation.next_level,
    )
    assert escalation.office == OFFICE
