"""Real parts that actions reach: a packet filter behind its gatekeeper, an HTTP server."""

from __future__ import annotations

import http.server
import json
import subprocess
from pathlib import Path
from typing import Any

from sentinel.config import default_config


def register(folder: Path) -> Path:
    """The database that a gatekeeper of that folder reads: that of the default settings there."""
    return Path(default_config(folder).store.path)


def never_file(gatekeeper: Path) -> Path:
    return gatekeeper.with_name("never-block")


def listed(gatekeeper: Path) -> str:
    space = gatekeeper.with_name("space").read_text()
    command = ("ip", "netns", "exec", space, "nft", "list", "table", "inet", "sentinel")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Server(http.server.BaseHTTPRequestHandler):
    seen: list[tuple[str, str, dict[str, str], bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.command, self.path, dict(self.headers), body))
        status = int(self.path.rpartition("/")[2])
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://169.254.169.254/")
        self.end_headers()
        if self.path.startswith("/echo/"):
            said = {**dict(self.headers), "path": self.path, **json.loads(body)}
            self.wfile.write(json.dumps(said).encode())
        else:
            self.wfile.write(b'{"ticket": 7}')

    do_GET = do_POST

    def log_message(self, *_: Any) -> None:
        """Quiet."""
