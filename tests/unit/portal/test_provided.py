"""What an identity provider proves and what its groups give, without one."""

import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from contracts.codes import Role
from libraries.partners.tokens import Key
from libraries.policies import Policy, load_policy
from services.portal.domain.accounts import Post
from services.portal.domain.provided import Identity, groups_of, names_for, posts_of, to_begin, to_end
from services.portal.provider import BadToken, Client, check_id_token, is_safe
from tests.packs import PACKS, refusals, small_city, write

SCHOOLS = "education-130722000000"
TOWN = "township-130722100000"
SIGNING = ec.generate_private_key(ec.SECP256R1())
KEY = Key(SIGNING.public_key(), "ES256")
CLIENT = Client(
    issuer="https://id.example", id="portal", secret="x", redirect="", home="", scope="openid", groups="groups"
)


@cache
def policy() -> Policy:
    return load_policy(PACKS / "zhangjiakou")


def token(key: Any = SIGNING, algorithm: str = "ES256", **changed: Any) -> str:
    now = int(time.time())
    whole = {"iss": CLIENT.issuer, "sub": "a", "aud": "portal", "exp": now + 60, "iat": now, "nonce": "n", **changed}
    return jwt.encode({name: value for name, value in whole.items() if value is not None}, key, algorithm=algorithm)


def test_a_token_that_is_for_us_is_taken() -> None:
    assert check_id_token(token(), KEY, CLIENT, "n")["sub"] == "a"
    assert check_id_token(token(aud=["portal", "other"], azp="portal"), KEY, CLIENT, "n")["sub"] == "a"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"aud": ["portal", "other"]},
        {"azp": "other"},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"iat": int(time.time()) + 3600},
        {"nonce": "of another"},
        {"nonce": None},
        {"nonce": 5},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
    ],
)
def test_any_other_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        check_id_token(token(**changed), KEY, CLIENT, "n")


def test_a_signature_of_another_or_of_nobody_is_none() -> None:
    another = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for forged in (
        token(ec.generate_private_key(ec.SECP256R1())),
        token(another, "RS256"),
        token("x" * 64, "HS256"),
        token("", "none"),
        "no.token.atall",
        "",
    ):
        with pytest.raises(BadToken):
            check_id_token(forged, KEY, CLIENT, "n")


@pytest.mark.parametrize(
    ("claimed", "groups"),
    [
        (["a", "b", "a"], ("a", "b")),
        ("a", ("a",)),
        ([1, None, "", "x" * 201, {"a": 1}], ()),
        ({"a": 1}, ()),
        (None, ()),
        (7, ()),
    ],
)
def test_groups_are_names_whatever_the_provider_writes(claimed: Any, groups: tuple[str, ...]) -> None:
    assert groups_of(claimed) == groups


def test_each_group_gives_the_posts_of_its_rows() -> None:
    given = posts_of([f"yimen/officer/{SCHOOLS}", f"yimen/clerk/{TOWN}", "yimen/auditor/130722"], policy())
    assert [(one.role, one.office, one.area) for one in given] == [
        (Role.OFFICER, SCHOOLS, "130722000000"),
        (Role.CLERK, TOWN, "130722100000"),
        (Role.AUDITOR, None, "130722000000"),
    ]


@pytest.mark.parametrize(
    "group",
    [
        "staff",
        "yimen/officer/",
        "yimen/officer/nobody-130722000000",
        "yimen/officer/{office}",
        "yimen/assistant/130722100000",
        "yimen/auditor/99",
        "yimen/auditor/x' OR 1=1",
        f"yimen/ops/{SCHOOLS}",
        f"not-yimen/officer/{SCHOOLS}",
        f"yimen/officer/{SCHOOLS}/x",
    ],
)
def test_a_group_that_no_row_fits_or_with_a_code_of_nobody_gives_nothing(group: str) -> None:
    assert posts_of([group], policy()) == ()


def test_what_a_group_gave_ends_with_it_and_what_a_person_gave_stays() -> None:
    given = posts_of([f"yimen/officer/{SCHOOLS}"], policy())
    at = datetime(2026, 3, 2, tzinfo=UTC)
    same = {"id": UUID(int=1), "office": SCHOOLS, "area": "130722000000"}
    held = Post(role=Role.OFFICER, by_group="g", **same)
    gone = Post(role=Role.HEAD, by_group="g", **same)
    here = Post(role=Role.COORDINATOR, **same)
    deputy = Post(role=Role.OFFICER, begins_at=at, ends_at=at, **same)
    assert to_end([held, gone, here], given) == [gone]
    assert to_begin([held, here], given) == []
    assert to_begin([deputy], given) == list(given)


@pytest.mark.parametrize(
    ("wished", "name"),
    [
        ("Wang.Fang@id.example", "wang.fang"),
        ("王芳", "sso-"),
        ("13800138000", "sso-"),
        ("", "sso-"),
        ("a" * 60, "sso-"),
        ("<b>", "sso-"),
    ],
)
def test_a_name_is_taken_if_it_is_one(wished: str, name: str) -> None:
    who = Identity(issuer=CLIENT.issuer, subject="a", name=wished, groups=())
    first, otherwise = names_for(who)
    assert first.startswith(name)
    assert otherwise != first
    assert len(otherwise) <= 40


def test_addresses_are_of_tls_or_of_this_machine() -> None:
    good = ("https://id.example/x", "http://127.0.0.1:3000/x", "http://localhost/x")
    bad = ("http://id.example/x", "javascript:alert(1)", "", "https://", "file:///etc", "http://127.0.0.1.evil.example")
    assert [one for one in good if not is_safe(one)] + [one for one in bad if is_safe(one)] == []


def test_every_fault_of_the_table_is_named_with_its_line(tmp_path: Path) -> None:
    pack = small_city(tmp_path)
    rows = (
        "{group: a, role: officer}",
        "{group: a, role: ops, area: '130722'}",
        "{group: a, role: clerk}",
        "{group: a, role: clerk, office: nobody-130722000000}",
        "{group: a, role: auditor, area: '99'}",
        "{group: 'a/{office}', role: officer, office: education-130722000000}",
        "{group: '{area}{office}', role: officer}",
        "{group: a, role: assistant, area: '130722', ofice: x}",
        "{group: a, role: auditor, area: '130722', post: window}",
    )
    write(pack, "sign_in.yaml", "".join(f"- {row}\n" for row in rows))
    told = refusals(pack)
    assert {f"city/sign_in.yaml:{line}" for line in range(1, len(rows) + 1)} == {
        fault.partition(": ")[0] for fault in told
    }
