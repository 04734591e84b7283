"""Real programs talk across a wire that sentinel captures: its events say what they did."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import wait_for

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.timeout(240)]

NGINX = """
daemon off; master_process off; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 198.18.77.1:8081; root {dir}; }}
  server {{
    listen 198.18.77.1:8443 ssl; root {dir};
    ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem; ssl_protocols TLSv1.2;
  }}
}}
"""


@contextlib.contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def daemon(wire: Any, tmp_path: Path) -> Iterator[Path]:
    """`sentinel run` on the near end; gives the folder of its events."""
    events = tmp_path / "events"
    rules = Path(__file__).parents[2] / "rules"
    (tmp_path / "config.yaml").write_text(
        f"capture: {{interfaces: [{wire.near}], blocks: 256, block_size: 128 KiB}}\n"
        f"rule: {{paths: [{rules}]}}\n"
        f"store: {{path: {tmp_path}/s.sqlite}}\n"
        f"output: {{events: {events}, alerts: {tmp_path}/alerts.jsonl}}\n"
        "metrics: {enabled: false}\n"
    )
    with running(sys.executable, "-m", "sentinel", "run", "--config", str(tmp_path / "config.yaml")):
        # ARP answers once the ring is open
        wait_for(
            lambda: wire.stir() and (events / "arp.log").exists(),
            90,
            "the capture to begin",
        ) if shutil.which("ping") else pytest.skip("needs ping (iputils-ping)")
        yield events


def test_curl_and_nginx(wire: Any, daemon: Path, tmp_path: Path) -> None:
    for program in ("nginx", "curl", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    web = tmp_path / "web"
    web.mkdir()
    web.chmod(0o755)
    (web / "page.html").write_text("<html><body>hello</body></html>")
    (web / "nginx.conf").write_text(NGINX.format(dir=web))
    subprocess.run(
        ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", web / "key.pem",
         "-out", web / "cert.pem", "-subj", "/CN=portal.example", "-days", "2"),
        check=True, capture_output=True,
    )  # fmt: skip
    with running("nginx", "-c", str(web / "nginx.conf"), "-p", str(web)):
        fetch = (
            "curl",
            "-s",
            "-A",
            "sqlmap/1.8#stable (https://sqlmap.org)",
            "--retry",
            "20",
            "--retry-connrefused",
        )
        wire.run(*fetch, "http://198.18.77.1:8081/page.html")
        wire.run(
            *fetch,
            "-k",
            "--resolve",
            "portal.example:8443:198.18.77.1",
            "https://portal.example:8443/page.html",
        )
    wait_for(lambda: records(daemon / "ssl.log"), 30, "an ssl event")
    wait_for(lambda: records(tmp_path / "alerts.jsonl"), 30, "an alert")
    (http,) = [record for record in records(daemon / "http.log") if record.get("uri") == "/page.html"]
    assert (http["method"], http["status_code"], http["id.orig_h"]) == ("GET", 200, "198.18.77.2")
    assert http["resp_mime_types"] == ["text/html"]
    (ssl,) = records(daemon / "ssl.log")
    assert (ssl["version"], ssl["server_name"], ssl["established"]) == ("TLSv12", "portal.example", True)
    assert ssl["cipher"].startswith("TLS_ECDHE_RSA_WITH_")
    (x509,) = records(daemon / "x509.log")
    assert x509["certificate.subject"] == "CN=portal.example"
    assert any("sqlmap" in json.dumps(alert) for alert in records(tmp_path / "alerts.jsonl"))


def test_dig_and_dnsmasq(wire: Any, daemon: Path, tmp_path: Path) -> None:
    for program in ("dig", "dnsmasq"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    with running(
        "dnsmasq", "-k", "--port=53", "--listen-address=198.18.77.1", "--bind-interfaces", "--no-resolv",
        "--no-hosts", "--address=/portal.example/198.18.77.80", "--user=root", "--pid-file=",
    ):  # fmt: skip
        wire.run("dig", "+tries=10", "+time=1", "@198.18.77.1", "portal.example", "A")
        wire.run("dig", "+tcp", "@198.18.77.1", "portal.example", "A")
    wait_for(lambda: len(records(daemon / "dns.log")) >= 2, 30, "two dns events")
    answers = [record for record in records(daemon / "dns.log") if record.get("answers")]
    assert {record["proto"] for record in answers} == {"udp", "tcp"}
    assert all(record["answers"] == ["198.18.77.80"] for record in answers)
    assert all((record["query"], record["qtype_name"]) == ("portal.example", "A") for record in answers)
