"""A real HTTP server that records what it is given and answers what the test wants."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sentinel.text import use_language


class Receiver:
    """`answers` are used up one a request; then the last one stays."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, str], str]] = []
        self.answers: list[tuple[int, str]] = [(200, '{"errcode": 0}')]
        self.port = 0

    def url(self, path: str = "/send") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """A command speaks its configuration's language: no other test shall."""
    yield
    use_language("zh")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            received.taken.append((self.path, dict(self.headers.items()), body))
            answers = received.answers
            status, text = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            self.send_header("Location", received.url("/elsewhere"))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield received
    server.shutdown()
    server.server_close()
    thread.join()
