"""A port for whoever is to listen soon."""

import socket

import pytest

from console.engines import child


def test_a_port_is_none_that_connections_get_and_none_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert child.free_port() in child.OWN_PORTS
    with socket.socket() as taken:
        port = child.free_port()
        taken.bind(("127.0.0.1", port))
        other = child.free_port()
        monkeypatch.setattr(child, "OWN_PORTS", (port, other))
        assert {child.free_port() for _ in range(50)} == {other}
