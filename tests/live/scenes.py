"""Scenes: real programs that talk across a wire, from its far end to servers on its near end.

The live tests watch them with a running daemon; `tests/golden/record.py` keeps their captures.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.live.conftest import NEAR, Wire, wait_for

__all__ = ["SCENES", "Scene"]

SSHD = """
ListenAddress {near}
Port 2222
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/known.pub
StrictModes no
UsePAM no
PermitRootLogin yes
MaxAuthTries 6
"""
MAIL = """\
From: Lin <lin@portal.example>
To: desk@portal.example
Subject: =?utf-8?b?5ZGo5oql?=
Message-ID: <1@portal.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="part"

--part
Content-Type: text/plain

Attached.
--part
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="report.docm"
Content-Transfer-Encoding: base64

UEsDBBQAAAAIAA==
--part--
"""


@dataclass(frozen=True)
class Scene:
    """Something that happens on a wire."""

    name: str
    programs: tuple[str, ...]
    """What it needs to be installed."""
    play: Callable[[Wire, Path], None]
    """Let it happen, with an empty folder for its files; returns when it is over."""

    def missing(self) -> list[str]:
        """Programs that this machine lacks."""
        return [program for program in self.programs if shutil.which(program) is None]


@contextlib.contextmanager
def serving(port: int, *command: object) -> Iterator[None]:
    """A server that listens on `port` of the near end while the block runs."""
    process = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: process.poll() is not None or _listens(port), 20, f"{command[0]} to listen")
        assert process.poll() is None, command
        yield
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    """By the kernel's table, so that no connection of our own is seen on any wire."""
    wanted = f":{port:04X}"
    tables = (Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6"))
    return any(
        fields[1].endswith(wanted) and fields[3] == "0A"
        for lines in tables
        for fields in (line.split() for line in lines)
    )


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for portal.example, and its key."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", key, "-out", certificate, "-subj", "/O=Portal/CN=portal.example", "-days", "3650",
         "-addext", "subjectAltName=DNS:portal.example"),
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def _sshd(folder: Path) -> contextlib.AbstractContextManager[None]:
    for name in ("host", "known", "stranger"):
        subprocess.run(
            ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name), check=True
        )
    (folder / "sshd.conf").write_text(SSHD.format(near=NEAR, folder=folder))
    Path("/run/sshd").mkdir(exist_ok=True)
    return serving(2222, shutil.which("sshd") or "", "-D", "-f", folder / "sshd.conf")


def _ssh(wire: Wire, *options: object, env: tuple[str, ...] = ()) -> int:
    """Exit status of a log-in that runs `true`."""
    plain = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
    command = ["env", *env, "ssh", "-F", "none", "-p", "2222"]
    for option in plain:
        command += ["-o", option]
    return wire.try_run(*command, *map(str, options), f"root@{NEAR}", "true")


def ssh_log_in(wire: Wire, folder: Path) -> None:
    """One log-in with a key that the server knows, one with a key that it does not."""
    with _sshd(folder):
        key = ("-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i")
        assert _ssh(wire, *key, folder / "known") == 0
        assert _ssh(wire, *key, folder / "stranger") == 255


def ssh_guessing(wire: Wire, folder: Path) -> None:
    """Twelve connections that try three passwords each, all wrong."""
    guess = folder / "guess"
    guess.write_text("#!/bin/sh\necho wrong-password\n")
    guess.chmod(0o700)
    asked = ("SSH_ASKPASS_REQUIRE=force", f"SSH_ASKPASS={guess}", "DISPLAY=none")
    with _sshd(folder):
        for _ in range(12):
            assert _ssh(wire, "-o", "PreferredAuthentications=password", env=asked) == 255


def nmap_scan(wire: Wire, folder: Path) -> None:
    """A SYN scan of 120 ports, one of which answers."""
    with serving(1080, sys.executable, "-m", "http.server", "1080", "--bind", NEAR, "--directory", folder):
        wire.run("nmap", "-n", "-Pn", "-sS", "-T4", "-p", "1000-1119", NEAR)


def dhcp_lease(wire: Wire, folder: Path) -> None:
    """A client gets an address and gives it back."""
    near = ("--interface", wire.near, "--bind-interfaces", "--except-interface=lo")
    leases = folder / "leases"
    command = (
        "dnsmasq", "-k", "--port=0", *near, "--dhcp-range=198.18.77.100,198.18.77.110,2m", "--user=root",
        "--domain=portal.example", "--dhcp-authoritative", "--pid-file=", f"--dhcp-leasefile={folder}/served",
        "--no-ping", "--conf-file=/dev/null",
    )  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: ":0043" in Path("/proc/net/udp").read_text(), 20, "dnsmasq to listen")
        ask = ("dhclient", "-1", "-v", "-sf", "/bin/true", "-lf", str(leases), "-pf", str(folder / "pid"))
        conf = folder / "dhclient.conf"
        conf.write_text('send host-name "desk-7";\n')
        wire.run(*ask, "-cf", str(conf), wire.far)
        wire.run(*ask, "-cf", str(conf), "-r", wire.far)
    finally:
        process.terminate()
        process.wait(20)


NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen {near}:9443 ssl; root {folder};
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
  }}
}}
"""
_NAMED = ("--resolve", f"portal.example:9443:{NEAR}", "-k", "-s", "-o", "/dev/null")


@contextlib.contextmanager
def _web(folder: Path) -> Iterator[None]:
    _certificate(folder)
    (folder / "page.html").write_text("<html><body>hello</body></html>")
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, near=NEAR))
    with serving(9443, "nginx", "-c", folder / "nginx.conf", "-p", folder):
        yield


def tls_versions(wire: Wire, folder: Path) -> None:
    """One fetch by TLS 1.2, one by TLS 1.3."""
    with _web(folder):
        for version in ("--tls-max 1.2", "--tlsv1.3"):
            wire.run("curl", *_NAMED, *version.split(), "https://portal.example:9443/page.html")


PROXY = """
import socket, sys, threading
def pump(source, sink):
    while data := source.recv(65536):
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)
with socket.create_server((sys.argv[1], 3128)) as listener:
    while True:
        client, _ = listener.accept()
        head = b""
        while not head.endswith(b"\\r\\n\\r\\n"):
            head += client.recv(1)
        server = socket.create_connection((sys.argv[1], 9443))
        client.sendall(b"HTTP/1.1 200 Connection established\\r\\n\\r\\n")
        threads = [threading.Thread(target=pump, args=ends, daemon=True)
                   for ends in ((client, server), (server, client))]
        for thread in threads: thread.start()
"""


def tls_through_proxy(wire: Wire, folder: Path) -> None:
    """TLS inside the CONNECT of an HTTP proxy."""
    with _web(folder), serving(3128, sys.executable, "-c", PROXY, NEAR):
        wire.run(
            "curl", "-k", "-s", "-o", "/dev/null", "--tls-max", "1.2", "-x", f"http://{NEAR}:3128",
            "https://portal.example:9443/page.html",
        )  # fmt: skip


def ftp_transfer(wire: Wire, folder: Path) -> None:
    """A refused log-in, then a file down and a file up."""
    share = folder / "share"
    share.mkdir()
    (share / "notes.txt").write_text("meeting at nine\n" * 20)
    (folder / "tool.sh").write_text("#!/bin/sh\nid\n")
    server = ("-m", "pyftpdlib", "-i", NEAR, "-p", "2121", "-w", "-d", share, "-u", "desk", "-P", "right")
    with serving(2121, sys.executable, *server):
        place = f"ftp://{NEAR}:2121/"
        assert wire.try_run("curl", "-s", "-u", "desk:wrong", place) == 67
        wire.run("curl", "-s", "-u", "desk:right", place + "notes.txt", "-o", "/dev/null")
        wire.run("curl", "-s", "-u", "desk:right", "-T", str(folder / "tool.sh"), place)


def mail(wire: Wire, folder: Path) -> None:
    """A message with an attachment in clear, and one behind STARTTLS."""
    certificate, key = _certificate(folder)
    letter = folder / "letter"
    letter.write_text(MAIL.replace("\n", "\r\n"))
    server = (
        "-m", "aiosmtpd", "-n", "-l", f"{NEAR}:2525", "-c", "aiosmtpd.handlers.Sink",
        "--tlscert", certificate, "--tlskey", key, "--no-requiretls",
    )  # fmt: skip
    send = (
        "curl", "-s", "-k", f"smtp://{NEAR}:2525/desk-7.portal.example", "--mail-from", "lin@portal.example",
        "--mail-rcpt", "desk@portal.example", "-T", str(letter),
    )  # fmt: skip
    with serving(2525, sys.executable, *server):
        wire.run(*send)
        wire.run(*send, "--ssl-reqd")


def dns_over_tcp(wire: Wire, folder: Path) -> None:
    """One question in a datagram, two in one TCP connection."""
    with serving(
        53, "dnsmasq", "-k", "--port=53", f"--listen-address={NEAR}", "--bind-interfaces", "--no-resolv",
        "--no-hosts", "--address=/portal.example/198.18.77.80", "--user=root", "--pid-file=",
        "--conf-file=/dev/null",
    ):  # fmt: skip
        wire.run("dig", f"@{NEAR}", "portal.example", "A")
        wire.run("dig", "+tcp", "+keepopen", f"@{NEAR}", "portal.example", "A", "nowhere.example", "AAAA")


SCENES = {
    scene.name: scene
    for scene in (
        Scene("ssh-log-in", ("ssh", "sshd", "ssh-keygen"), ssh_log_in),
        Scene("ssh-guessing", ("ssh", "sshd", "ssh-keygen"), ssh_guessing),
        Scene("nmap-scan", ("nmap",), nmap_scan),
        Scene("dhcp-lease", ("dhclient", "dnsmasq"), dhcp_lease),
        Scene("tls-versions", ("curl", "nginx", "openssl"), tls_versions),
        Scene("tls-through-proxy", ("curl", "nginx", "openssl"), tls_through_proxy),
        Scene("ftp-transfer", ("curl",), ftp_transfer),
        Scene("mail", ("curl", "openssl"), mail),
        Scene("dns-over-tcp", ("dig", "dnsmasq"), dns_over_tcp),
    )
}
