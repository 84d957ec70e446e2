"""Where a webhook may lead: https to public addresses alone, unless whoever runs the installation named the target."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

HTTPS: Final = "https"
PORTS: Final = {HTTPS: 443, "http": 80}
LONGEST: Final = 2000
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.ip_network("::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadTarget(ValueError):
    """The address of a webhook that nobody is sent to; `code` is of the table of refusals."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address taken apart. `path` has the query too."""

    scheme: str
    host: str
    port: int
    path: str
    named: bool
    """Whoever runs the installation named it, so it may be private, and speak http."""

    @property
    def authority(self) -> str:
        """As the header `Host` has it."""
        return _authority(self.host, self.port if self.port != PORTS[self.scheme] else None)

    def at(self, address: str) -> str:
        """The same with an address in the place of the name."""
        return f"{self.scheme}://{_authority(address, self.port)}{self.path}"


def read_target(url: str, named: Iterable[str] = ()) -> Target:
    """Raises `BadTarget`. `named` are hosts, or hosts with a port, that may be private."""
    if len(url) > LONGEST or not url.isascii() or any(c <= " " or c in '\\"<>^`{|}\x7f' for c in url):
        raise BadTarget("bad_url")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise BadTarget("bad_url") from None
    if parts.scheme not in PORTS or not host or "@" in parts.netloc or parts.fragment or port == 0 or "%" in host:
        raise BadTarget("bad_url")
    port = port or PORTS[parts.scheme]
    allowed = not {host, _authority(host, port)}.isdisjoint(named)
    if parts.scheme != HTTPS and not allowed:
        raise BadTarget("not_https")
    if (literal := _literal(host)) is not None and not allowed and not is_public(literal):
        raise BadTarget("private_target")
    query = f"?{parts.query}" if parts.query else ""
    return Target(scheme=parts.scheme, host=host, port=port, path=(parts.path or "/") + query, named=allowed)


def vetted(addresses: Iterable[str], target: Target) -> list[str]:
    """The addresses that may be dialled, in order. Raises `BadTarget` unless every one that the name has is public.

    One that is private among others that are not is how a name is made to lead inside.
    """
    found = list(dict.fromkeys(addresses))
    if not found:
        raise BadTarget("no_address")
    if not target.named and not all(is_public(ipaddress.ip_address(one)) for one in found):
        raise BadTarget("private_target")
    return found


def is_public(address: Address) -> bool:
    """Whether an address is reachable from everywhere; one that carries another within is what that one is."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """IPv4 in IPv6: mapped (RFC 4291), 6to4 (RFC 3056), Teredo (RFC 4380), NAT64 (RFC 6052)."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _authority(host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port is not None else shown
