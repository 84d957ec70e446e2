"""Where a webhook may lead."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.targets import BadTarget, is_public, read_target, vetted


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://partner.example/hook", "not_https"),
        ("ftp://partner.example/hook", "bad_url"),
        ("//partner.example/hook", "bad_url"),
        ("https:///hook", "bad_url"),
        ("https://user:word@partner.example/", "bad_url"),
        ("https://partner.example/#part", "bad_url"),
        ("https://partner.example:0/", "bad_url"),
        ("https://partner.example:99999/", "bad_url"),
        ("https://partner.example/a b", "bad_url"),
        ("https://partner.example/\r\nx: y", "bad_url"),
        ("https://例子.example/", "bad_url"),
        ("https://[::1", "bad_url"),
        ("https://[fe80::1%25eth0]/", "bad_url"),
        ("https://127.0.0.1/", "private_target"),
        ("https://[::ffff:10.0.0.1]/", "private_target"),
        ("https://partner.example/" + "x" * 2000, "bad_url"),
    ],
)
def test_what_is_no_target_is_refused(url: str, code: str) -> None:
    with pytest.raises(BadTarget) as refused:
        read_target(url)
    assert refused.value.code == code


def test_a_target_is_dialled_by_its_address_and_called_by_its_name() -> None:
    target = read_target("https://Partner.Example.:8443/hook?to=us")
    assert target.at("93.184.216.34") == "https://93.184.216.34:8443/hook?to=us"
    assert target.at("2606:2800:220:1::1") == "https://[2606:2800:220:1::1]:8443/hook?to=us"
    assert target.authority == "partner.example:8443"
    assert read_target("https://partner.example").authority == "partner.example"


@pytest.mark.parametrize("named", ["partner.internal", "partner.internal:8080"])
def test_what_is_named_may_be_private_and_speak_http(named: str) -> None:
    target = read_target("http://partner.internal:8080/hook", {named})
    assert vetted(["10.0.0.1"], target) == ["10.0.0.1"]
    with pytest.raises(BadTarget):
        read_target("http://partner.internal:8081/hook", {"partner.internal:8080"})


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::",
        "::1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "2001:db8::1",
    ],
)
def test_no_private_address_is_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_a_public_address_is(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.lists(st.ip_addresses(), min_size=1, max_size=4))
def test_one_private_address_among_others_refuses_all(addresses: list[ipaddress.IPv4Address]) -> None:
    target = read_target("https://partner.example/")
    texts = [str(one) for one in addresses]
    if all(map(is_public, addresses)):
        assert vetted(texts, target) == list(dict.fromkeys(texts))
    else:
        with pytest.raises(BadTarget):
            vetted(texts, target)


@given(st.text(max_size=60).map(lambda rest: f"https://{rest}") | st.text(max_size=60))
def test_no_text_raises_anything_else(url: str) -> None:
    try:
        target = read_target(url)
    except BadTarget:
        return
    assert target.host
    assert target.scheme == "https"


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(BadTarget) as refused:
        vetted([], read_target("https://partner.example/"))
    assert refused.value.code == "no_address"
