"""A token of a partner is good if it was signed by a key that is known, for us, and by whoever may still call."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from contracts.codes import Role
from libraries.partners.issuers import Issuer, read_issuers
from libraries.partners.store import Partner
from libraries.partners.tokens import Key, Known, principal_of, read_key
from libraries.runtime.failures import Rejected
from libraries.runtime.web.auth import Principal, issue_token, read_bearer

NOW = datetime.now(UTC)
ELSEWHERE = "https://id.example/realms/county"
OURS, THEIRS, STRANGER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
EDUCATION = "education-130722000000"


def public(key: ec.EllipticCurvePrivateKey, **more: Any) -> str:
    return msgspec.json.encode(ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | more).decode()


def known_key(key: ec.EllipticCurvePrivateKey, ends_at: datetime | None = None) -> Key:
    found = read_key(public(key), ends_at)
    assert found is not None
    return found


def partner(**changes: Any) -> Partner:
    values: dict[str, Any] = {
        "name": "education-system",
        "version": 1,
        "role": Role.OFFICER,
        "office": EDUCATION,
        "area": "130722000000",
        "sources": (),
        "issuer": ELSEWHERE,
        "issuer_subject": "client-7",
        "disabled": False,
        "tokens_from": NOW - timedelta(days=1),
        "changed_at": NOW,
    }
    return Partner(**values | changes)


def known(one: Partner | None = None, **more: Any) -> Known:
    one = one or partner()
    values: dict[str, Any] = {
        "partners": {one.name: one},
        "by_subject": {(one.issuer, one.issuer_subject): one},
        "keys": {"ours": known_key(OURS)},
    }
    return Known(**values | more)


def token(key: Any = OURS, *, kid: str = "ours", algorithm: str = "ES256", without: str = "", **changes: Any) -> str:
    signed_at = datetime.now(UTC)  # tokens are judged by the clock of the machine, long after this file was loaded
    claims = {
        "iss": "yimen",
        "sub": "education-system",
        "aud": "yimen",
        "iat": signed_at,
        "exp": signed_at + timedelta(minutes=10),
        "jti": "token-1",
    }
    claims = {name: value for name, value in (claims | changes).items() if name != without}
    return jwt.encode(claims, key, algorithm, headers={"kid": kid})


FOREIGN = {(ELSEWHERE, "theirs"): known_key(THEIRS)}


def read(said: str, holds: Known | None = None, foreign: Mapping[tuple[str, str], Key] = FOREIGN) -> Principal:
    return principal_of(said, holds or known(), foreign, "yimen", NOW, set())


def refused(said: str, holds: Known | None = None) -> str:
    with pytest.raises(Rejected) as error:
        read(said, holds)
    return error.value.code


def test_what_a_token_opens_follows_from_the_registry() -> None:
    found = read(token(role="ops", office="civil_affairs-130722000000", area="13"))
    assert (found.role, found.office, found.area, found.partner) == (
        Role.OFFICER,
        EDUCATION,
        "130722000000",
        "education-system",
    )
    township = known(partner(role=Role.TOWNSHIP, office="", area="130722100000", sources=("a",)))
    assert read(token(), township).sources == frozenset({"a"})
    nothing = known(partner(role=Role.TOWNSHIP, office="", area="130722100000", sources=()))
    assert read(token(), nothing).sources == frozenset(), "never unlimited"


def test_another_identity_provider_says_only_who_it_is() -> None:
    theirs = {"iss": ELSEWHERE, "sub": "client-7"}
    assert read(token(THEIRS, kid="theirs", **theirs)).partner == "education-system"
    assert refused(token(THEIRS, kid="theirs", **theirs | {"sub": "client-8"})) == "unknown_partner"
    assert refused(token(THEIRS, kid="theirs", iss="yimen")) == "bad_token"
    assert refused(token(THEIRS, kid="theirs", iss="https://other.example", sub="client-7")) == "bad_token"


def test_a_key_that_is_not_held_is_asked_for_where_it_could_matter() -> None:
    missed: set[str] = set()
    for issuer in (ELSEWHERE, "https://other.example"):
        with pytest.raises(Rejected):
            principal_of(token(THEIRS, kid="next", iss=issuer), known(), FOREIGN, "yimen", NOW, missed)
    assert missed == {ELSEWHERE}


@pytest.mark.parametrize(
    "said",
    [
        token(STRANGER),
        token(kid="nobody"),
        token(aud="others"),
        token(exp=NOW - timedelta(minutes=1)),
        *(token(without=name) for name in ("exp", "iat", "iss", "sub", "aud")),
        token(sub=""),
        token(public(OURS).encode() * 2, algorithm="HS256"),
        token(None, algorithm="none"),
        token()[:-4],
        "x",
        "",
        "a.b.c",
    ],
)
def test_everything_else_is_no_token(said: str) -> None:
    assert refused(said) == "bad_token"


def test_who_is_disabled_or_revoked_is_refused() -> None:
    assert refused(token(), known(partner(disabled=True))) == "partner_disabled"
    assert refused(token(), known(revoked=frozenset({"token-1"}))) == "revoked_token"
    assert refused(token(), known(partner(tokens_from=datetime.now(UTC) + timedelta(minutes=1)))) == "revoked_token"
    assert refused(token(sub="another")) == "unknown_partner"
    assert refused(token(), known(partner(role=Role.COORDINATOR, office="", area=""))) == "unscoped_token"


def test_a_key_that_has_ended_signs_nothing() -> None:
    assert refused(token(), known(keys={"ours": known_key(OURS, NOW)})) == "bad_token"
    assert read(token(), known(keys={"ours": known_key(OURS, NOW + timedelta(minutes=5))}))


def test_only_public_keys_of_signatures_are_keys() -> None:
    private = OURS.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    for text in ("", "{}", "[]", private, '{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}', '{"kty":"EC","crv":"P-256"}'):
        assert read_key(text) is None, text


def test_tokens_of_our_own_services_can_be_revoked_too() -> None:
    class Registry:
        def is_revoked(self, token_id: str) -> bool:
            return token_id == revoked

        def read(self, token: str) -> Principal:
            raise AssertionError(token)

        def stands(self, principal: Principal) -> bool:
            raise AssertionError(principal)

    one, other = (issue_token("k" * 32, Principal(subject="a", role=Role.OPS)) for _ in range(2))
    revoked = jwt.decode(one, options={"verify_signature": False})["jti"]
    assert read_bearer(other, "k" * 32, Registry()).role is Role.OPS
    with pytest.raises(Rejected, match="revoked_token"):
        read_bearer(one, "k" * 32, Registry())


def test_issuers_stand_in_one_setting() -> None:
    found = read_issuers(f"{ELSEWHERE} https://id.example/certs,https://b.example http://127.0.0.1:1/keys")
    assert found == [
        Issuer(ELSEWHERE, "https://id.example/certs"),
        Issuer("https://b.example", "http://127.0.0.1:1/keys"),
    ]
    assert read_issuers("") == []
