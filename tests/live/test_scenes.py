"""A running daemon watches real programs: each scene, seen live, is told as its golden capture is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import FAR, NEAR, Wire, can_make_wires, made_wire, wait_for
from tests.live.scenes import SCENES

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.timeout(240)]

Told = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    if not can_make_wires():
        pytest.skip("needs root and iproute2 to make network namespaces")
    with made_wire() as made:
        yield made


@pytest.fixture(scope="module")
def told(wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """`sentinel run` on the near end. Gives what it told of a kind that has these fields."""
    if shutil.which("ping") is None:
        pytest.skip("needs ping (iputils-ping)")
    folder = tmp_path_factory.mktemp("daemon")
    events = folder / "events"
    rules = Path(__file__).parents[2] / "rules"
    (folder / "config.yaml").write_text(
        f"capture: {{interfaces: [{wire.near}], blocks: 256, block_size: 128 KiB}}\n"
        f"rule: {{paths: [{rules}]}}\n"
        f"store: {{path: {folder}/s.sqlite}}\n"
        f"output: {{events: {events}, alerts: {folder}/alerts.log}}\n"
        "flow: {tcp_attempt_timeout: 2s, tcp_closed_timeout: 2s, udp_timeout: 5s}\n"
        "metrics: {enabled: false}\n"
    )

    def records(kind: str, /, **fields: object) -> list[dict[str, Any]]:
        file = folder / "alerts.log" if kind == "alerts" else events / f"{kind}.log"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        found = [json.loads(line) for line in lines]
        return [record for record in found if fields.items() <= record.items()]

    command = (sys.executable, "-m", "sentinel", "run", "--config", folder / "config.yaml")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: process.poll() is not None or (wire.stir() and records("arp")), 90, "the capture")
        assert process.poll() is None, "the daemon ended"
        yield records
    finally:
        process.terminate()
        assert process.wait(30) == 0


@pytest.fixture
def played(request: pytest.FixtureRequest, wire: Wire, told: Told, tmp_path: Path) -> None:
    scene = SCENES[request.param]
    if missing := scene.missing():
        pytest.skip(f"needs {', '.join(missing)}")
    props = tmp_path / "props"
    props.mkdir()
    for folder in (props, *list(props.parents)[:3]):
        folder.chmod(0o755)  # servers look at their files with other rights
    scene.play(wire, props)


def scene(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("played", [name], indirect=True)


@scene("ssh-log-in")
def test_a_log_in_and_a_refused_one(played: None, told: Told) -> None:
    wait_for(lambda: len(told("ssh")) >= 2, 30, "two ssh events")
    good, bad = told("ssh")[:2]
    assert (good["auth_success"], good["auth_attempts"], bad["auth_success"]) == (True, 1, False)
    assert good["client"].startswith("SSH-2.0-OpenSSH")
    assert (good["hassh"], good["hassh_server"]) == (bad["hassh"], bad["hassh_server"])
    assert good["host_key_fingerprint"] == bad["host_key_fingerprint"]


@scene("ssh-guessing")
def test_guessed_passwords_are_an_alert(played: None, told: Told) -> None:
    wait_for(lambda: told("notice", note="SSH::Password_Guessing", src=FAR, dst=NEAR), 60, "the notice")
    wait_for(lambda: told("alerts", src=FAR, dst=NEAR, kind="notice"), 30, "an alert")
    wait_for(lambda: len(told("ssh", auth_success=False, auth_attempts=3)) == 12, 30, "all twelve")


@scene("nmap-scan")
def test_a_scan_is_an_alert(played: None, told: Told) -> None:
    wait_for(lambda: told("notice", note="Scan::Port_Scan", src=FAR, dst=NEAR), 60, "the notice")
    wait_for(
        lambda: len(told("conn", conn_state="REJ")) >= 100,
        60,
        "the refused attempts",
        lambda: Counter(
            (conn["proto"], conn.get("conn_state"), conn.get("history")) for conn in told("conn")
        ),
    )
    assert len({conn["id.resp_p"] for conn in told("conn", conn_state="REJ")}) >= 100


@scene("dhcp-lease")
def test_a_lease(played: None, told: Told) -> None:
    wait_for(lambda: told("dhcp", host_name="desk-7"), 60, "a dhcp event")
    lease = told("dhcp", host_name="desk-7")[0]
    assert lease["msg_types"][-2:] == ["REQUEST", "ACK"]
    assert lease["assigned_addr"].startswith("198.18.77.1")
    assert (lease["server_addr"], lease["domain"], lease["lease_time"]) == (NEAR, "portal.example", 120.0)


@scene("tls-versions")
def test_both_versions_of_tls(played: None, told: Told) -> None:
    wait_for(lambda: len(told("ssl", server_name="portal.example")) >= 2, 30, "two ssl events")
    older, newer = told("ssl", server_name="portal.example", **{"id.resp_p": 9443})[:2]
    assert (older["version"], newer["version"]) == ("TLSv12", "TLSv13")
    assert older["established"] and newer["established"] and older["sni_matches_cert"]
    assert (older["ja4"][:3], newer["ja4"][:3]) == ("t12", "t13")
    (certificate,) = told("x509", fingerprint=older["cert_chain_fps"][0])
    assert certificate["san.dns"] == ["portal.example"]


@scene("tls-through-proxy")
def test_tls_inside_a_proxy_is_seen(played: None, told: Told) -> None:
    wait_for(lambda: told("ssl", **{"id.resp_p": 3128}), 30, "the ssl event")
    (connect,) = told("http", method="CONNECT")
    assert (connect["uri"], connect["status_code"]) == ("portal.example:9443", 200)
    (ssl,) = told("ssl", **{"id.resp_p": 3128})
    assert (ssl["server_name"], ssl["uid"]) == ("portal.example", connect["uid"])
    assert told("tunnel", tunnel_type="Tunnel::HTTP", uid=connect["uid"])


@scene("ftp-transfer")
def test_files_by_ftp(played: None, told: Told) -> None:
    wait_for(lambda: told("ftp", command="STOR") and told("ftp", command="PASS"), 60, "the commands")
    (down,) = told("ftp", command="RETR")
    assert (down["arg"], down["file_size"], down["mime_type"]) == (
        f"ftp://{NEAR}/notes.txt",
        320,
        "text/plain",
    )
    (up,) = told("ftp", command="STOR")
    assert (up["reply_code"], up["mime_type"], up["password"]) == (226, "text/x-shellscript", "<hidden>")
    (refused,) = told("ftp", command="PASS")
    assert (refused["user"], refused["reply_code"]) == ("desk", 530)


@scene("mail")
def test_mail_in_clear_and_behind_starttls(played: None, told: Told) -> None:
    wait_for(lambda: told("smtp", tls=False) and told("smtp", tls=True), 30, "both messages")
    (clear,) = told("smtp", tls=False)
    assert (clear["subject"], clear["filenames"]) == ("周报", ["report.docm"])
    assert (clear["mailfrom"], clear["rcptto"]) == ("lin@portal.example", ["desk@portal.example"])
    (hidden,) = told("smtp", tls=True)
    assert "subject" not in hidden
    wait_for(lambda: told("ssl", uid=hidden["uid"], established=True), 30, "TLS in the mail's connection")


@scene("dns-over-tcp")
def test_questions_over_tcp(played: None, told: Told) -> None:
    wait_for(lambda: len(told("dns", proto="tcp")) >= 2, 30, "two answers over TCP")
    found, refused = told("dns", proto="tcp")[:2]
    assert (found["query"], found["answers"]) == ("portal.example", ["198.18.77.80"])
    assert (refused["query"], refused["rcode_name"]) == ("nowhere.example", "REFUSED")
    assert found["uid"] == refused["uid"]
