"""What a container asks of its own process."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from console.engines.child import free_port
from libraries.runtime.health_check import fault

ANSWERS = {"/health/live": 200}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(ANSWERS.get(self.path, 404))
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_who_lives_has_no_fault(port: int) -> None:
    assert fault(port) is None


def test_another_answer_is_a_fault(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ANSWERS, "/health/live", 503)

    assert fault(port) == f"port {port} answers 503"


def test_no_answer_is_a_fault() -> None:
    nobody = free_port()

    assert fault(nobody) == f"no answer on port {nobody}: ConnectionRefusedError"
