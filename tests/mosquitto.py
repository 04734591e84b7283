"""A real mosquitto, started by the test that needs it."""

from __future__ import annotations

import asyncio
import datetime
import shutil
import socket
import subprocess
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiomqtt import Client, ProtocolVersion
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HERE = "127.0.0.1"
MOSQUITTO = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="needs mosquitto")


class Broker:
    """A mosquitto of our own in `folder`, which can be stopped and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines = ["allow_anonymous true"]
        with socket.socket() as free:
            free.bind((HERE, 0))
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        process = self._process = self._run()
        async with asyncio.timeout(20):
            while True:
                try:
                    with socket.create_connection((HERE, self.port), 1):
                        return
                except OSError:
                    assert process.poll() is None, (self.folder / "log").read_text()
                    await asyncio.sleep(0.02)

    def _run(self) -> subprocess.Popen[bytes]:
        assert MOSQUITTO is not None
        file = self.folder / "mosquitto.conf"
        file.write_text("\n".join([f"listener {self.port} {HERE}", *self.lines]) + "\n")
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen([MOSQUITTO, "-c", str(file)], stdout=log, stderr=log)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    async def tell(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        async with Client(HERE, self.port, protocol=ProtocolVersion.V5) as client:
            await client.publish(topic, payload, qos=1, retain=retain)


def hashed_passwords(folder: Path, lines: str) -> Path:
    """A password file as mosquitto wants it."""
    file = folder / "passwords"
    file.write_text(lines)
    file.chmod(0o600)
    subprocess.run(["mosquitto_passwd", "-U", str(file)], check=True)
    return file


def certificate(folder: Path) -> None:
    """A self-signed one for localhost, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address(HERE))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
